"""What sounds without being asked for: coloured noise, wind, rain and insects."""

import numpy as np

from trainers.data.sources.chorus.streams import Audio, to_audio

Random = np.random.Generator


def unit_rms(audio: np.ndarray) -> Audio:
    """Scale to an rms of one. Shape (n,)."""
    return to_audio(audio / max(float(np.sqrt(np.mean(audio**2))), 1e-12))


def shaped_noise(n: int, gain: np.ndarray, rng: Random) -> Audio:
    """Return noise of unit rms with the given gain per rfft bin. Shape (n,)."""
    bins = n // 2 + 1
    spectrum = np.empty(bins, np.complex64)
    spectrum.real = rng.standard_normal(bins, np.float32)
    spectrum.imag = rng.standard_normal(bins, np.float32)
    return unit_rms(np.fft.irfft(spectrum * gain.astype(np.float32), n))


def frequencies(n: int, rate: int) -> np.ndarray:
    """Return the frequencies (Hz) of the rfft bins of ``n`` samples."""
    return np.fft.rfftfreq(n, 1 / rate)


def coloured(n: int, rate: int, slope: float, rng: Random) -> Audio:
    """Return noise whose power falls as f^-slope above 60 Hz, of unit rms. Shape (n,)."""
    return shaped_noise(n, np.maximum(frequencies(n, rate), 60.0) ** (-slope / 2), rng)


def level_above(audio: Audio, rate: int, cut_hz: float = 700.0) -> float:
    """Return the rms of what lies above ``cut_hz``, where songs are."""
    spectrum = np.fft.rfft(audio)
    spectrum[frequencies(len(audio), rate) < cut_hz] = 0
    return float(np.sqrt(2 * np.sum(np.abs(spectrum.astype(np.complex128)) ** 2)) / len(audio))


def slow(n: int, rate: int, step_s: float, rng: Random) -> Audio:
    """Return unit noise that changes over about ``step_s`` seconds. Shape (n,)."""
    step = max(1, round(step_s * rate))
    knots = rng.standard_normal(n // step + 2)
    return to_audio(np.interp(np.arange(n), np.arange(len(knots)) * step, knots))


def wind(n: int, rate: int, rng: Random) -> Audio:
    """Return gusts: low noise that swells and falls over seconds. Shape (n,)."""
    gusts = np.exp(1.1 * slow(n, rate, 2.0, rng) + 0.4 * slow(n, rate, 0.3, rng))
    return to_audio(coloured(n, rate, 2.6, rng) * gusts)


def rain(n: int, rate: int, rng: Random) -> Audio:
    """Return rain of unit rms: a hiss and drops, which are vertical lines in a spectrogram. Shape (n,)."""
    audio = to_audio(0.35 * coloured(n, rate, 0.4, rng))
    drops = int(rng.uniform(2, 9) * n / rate)
    length = round(0.012 * rate)
    decay = np.exp(-np.arange(length) / (0.0022 * rate))
    for at in rng.integers(0, max(1, n - length), drops):
        loud = rng.lognormal(0.8, 0.8)
        audio[at : at + length] += to_audio(loud * decay * rng.standard_normal(length))
    return unit_rms(audio)


def insect(n: int, rate: int, band: tuple[float, float, float, float], rng: Random) -> Audio:
    """Return a narrow, pulsing band of unit rms. Shape (n,).

    ``band``: centre (Hz), width (Hz), pulses (Hz), phrases (Hz; 0 = it never stops).
    """
    centre, width, pulse, phrase = band
    gain = np.exp(-0.5 * ((frequencies(n, rate) - centre) / (width / 2)) ** 2)
    t = np.arange(n) / rate
    audio = shaped_noise(n, gain, rng) * (0.55 + 0.45 * np.sin(2 * np.pi * pulse * t))
    if phrase:
        turn = np.sin(2 * np.pi * phrase * t + 0.6 * slow(n, rate, 1.0, rng))
        audio = audio * np.clip(4 * turn + 1, 0, 1)
    audio = audio * np.exp(0.25 * slow(n, rate, 1.5, rng))
    return unit_rms(audio)
