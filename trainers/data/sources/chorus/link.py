"""What a cheap recorder's radio link does to a soundscape: telephone companding, and gaps."""

import numpy as np
import soxr

from trainers.data.sources.chorus.streams import Audio, to_audio

TELEPHONE_HZ = 8000
MU = 255.0
"""of ITU-T G.711"""
GAIN_TIME_S = 0.5
TARGET_RMS = 0.1
MOST_GAIN = 100.0
GAP_S = (0.04, 0.4)


def through_telephone(audio: Audio, rate: int, strength: float) -> Audio:
    """Blend with what an automatic gain control, 8 kHz and 8 bits of mu-law leave of a recording. Shape (samples,)."""
    narrow = soxr.resample(audio, rate, TELEPHONE_HZ, quality="HQ")
    levelled = np.clip(narrow * _gain(narrow), -1, 1)
    pressed = np.sign(levelled) * np.log1p(MU * np.abs(levelled)) / np.log1p(MU)
    steps = np.round(pressed * 127) / 127
    restored = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU
    wide = soxr.resample(to_audio(restored), TELEPHONE_HZ, rate, quality="HQ")
    wide = np.pad(wide, (0, max(0, len(audio) - len(wide))))[: len(audio)]
    return to_audio((1 - strength) * audio + strength * wide)


def with_gaps(audio: Audio, rate: int, share: float, rng: np.random.Generator) -> Audio:
    """Lose `share` of a recording in gaps of 40 to 400 ms of silence, as a link loses packets. Shape (samples,)."""
    lost, audio = 0, audio.copy()
    while lost < share * len(audio):
        length = round(rate * rng.uniform(*GAP_S))
        first = int(rng.integers(max(1, len(audio) - length)))
        audio[first : first + length] = 0
        lost += length
    return audio


def _gain(audio: Audio) -> np.ndarray:
    """(samples,) what brings the level, as it was over the last half second, to `TARGET_RMS`."""
    block = TELEPHONE_HZ // 100
    power = np.array([float(np.mean(piece**2)) for piece in np.array_split(audio, max(1, len(audio) // block))])
    keep = float(np.exp(-block / (GAIN_TIME_S * TELEPHONE_HZ)))
    smooth = np.empty_like(power)
    state = power[0]
    for number, value in enumerate(power):
        state = keep * state + (1 - keep) * value
        smooth[number] = state
    gains = np.minimum(TARGET_RMS / np.sqrt(smooth + 1e-12), MOST_GAIN)
    return np.interp(np.linspace(0, 1, len(audio)), np.linspace(0, 1, len(gains)), gains)
