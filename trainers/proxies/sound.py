"""What a scene does to a clip on its way to the recorder: air, echoes, level. Waveforms are (samples,) float32."""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

LOUD_SHARE = 0.2
"""A clip's level is that of its loudest frames: calls are short."""
FRAME_S = 0.02
PRE_EMPHASIS = 0.97
BANDS_PER_OCTAVE = 3
MOST_GAIN_DB = 20.0


def level(audio: np.ndarray, rate: int, share: float) -> float:
    """RMS of the loudest `share` of 20-ms frames after pre-emphasis, which keeps wind from counting as sound."""
    sharp = np.diff(audio, prepend=audio[:1]) + (1 - PRE_EMPHASIS) * audio
    size = max(1, round(FRAME_S * rate))
    whole = len(sharp) // size * size
    power = (sharp[:whole].reshape(-1, size) ** 2).mean(1) if whole else np.array([(sharp**2).mean()])
    loudest = np.sort(power)[-max(1, round(share * len(power))) :]
    return float(np.sqrt(loudest.mean()))


def heard_from(audio: np.ndarray, rate: int, distance: float, rng: np.random.Generator) -> np.ndarray:
    """A sound from `distance` in [0, 1]: air takes the treble, a decaying tail follows.

    18 dB at 8 kHz and full distance, falling as f^1.3 (about that of 150 m at 20 °C and 50 % humidity, ISO 9613-1);
    the tail is exponentially decaying noise (Moorer 1979) of .3 to 1.2 s.
    """
    decay = rng.uniform(0.3, 1.2)
    tail = rng.standard_normal(round(0.6 * decay * rate), np.float32)
    tail *= np.exp(-6.9 / (decay * rate) * np.arange(len(tail), dtype=np.float32))
    tail *= (0.1 + 0.5 * distance) / max(float(np.sqrt((tail**2).sum())), 1e-9)
    tail[0] = 1.0
    n = next_fast_len(len(audio) + len(tail) - 1, real=True)
    air_db = -18.0 * distance * (rfftfreq(n, 1 / rate) / 8000) ** 1.3
    heard = irfft(rfft(audio, n) * rfft(tail, n) * (10 ** (air_db / 20)).astype(np.float32), n)
    return np.asarray(heard[: len(audio)], np.float32)


def equalizer(source: list[np.ndarray], target: list[np.ndarray], rate: int) -> np.ndarray:
    """Gain in dB per third of an octave that turns the mean spectrum of `source` into that of `target`.

    Kept within 20 dB of its mean: what a microphone took away can't be given back.
    """
    gain = _band_levels(target, rate) - _band_levels(source, rate)
    return np.asarray(np.clip(gain - gain.mean(), -MOST_GAIN_DB, MOST_GAIN_DB))


def equalized(audio: np.ndarray, gain_db: np.ndarray, rate: int) -> np.ndarray:
    """A sound with the gain of `equalizer`."""
    n = next_fast_len(len(audio), real=True)
    gain = np.interp(np.log2(np.maximum(rfftfreq(n, 1 / rate), 1.0)), np.log2(_centres(rate)), gain_db)
    return np.asarray(irfft(rfft(audio, n) * (10 ** (gain / 20)).astype(np.float32), n)[: len(audio)], np.float32)


def _centres(rate: int) -> np.ndarray:
    """Hz, from 100 Hz to half the sample rate."""
    return np.asarray(100.0 * 2 ** np.arange(0, np.log2(rate / 2 / 100), 1 / BANDS_PER_OCTAVE))


def _band_levels(sounds: list[np.ndarray], rate: int) -> np.ndarray:
    """dB per third of an octave, mean over sounds."""
    edges = np.append(_centres(rate), rate / 2) * 2 ** (-0.5 / BANDS_PER_OCTAVE)
    levels = []
    for sound in sounds:
        power = np.abs(rfft(sound)) ** 2 / len(sound) ** 2
        band = np.digitize(rfftfreq(len(sound), 1 / rate), edges) - 1
        sums = np.bincount(np.clip(band, 0, len(edges) - 2), power, minlength=len(edges) - 1)
        levels.append(10 * np.log10(sums + 1e-12))
    return np.asarray(np.mean(levels, axis=0))
