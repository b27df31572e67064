"""The way of a song to the file: distance, echoes, the microphone, and the level of the recording."""

from dataclasses import dataclass

import numpy as np

from trainers.data.sources.chorus.noise import frequencies, shaped_noise, slow
from trainers.data.sources.chorus.streams import Audio, to_audio

Random = np.random.Generator

DECAY_BANDS = ((0.0, 1600.0, 1.0), (1600.0, 3600.0, 0.7), (3600.0, 24000.0, 0.42))  # Hz, Hz, share of the decay time


@dataclass(frozen=True)
class Microphone:
    """Band limits (Hz), tilt (dB per octave from 1 kHz) and resonances (centre Hz, height dB) of a microphone."""

    low_hz: float
    high_hz: float
    tilt_db: float
    bumps: tuple[tuple[float, float], ...]


def fast_length(n: int) -> int:
    """Return the smallest of {4, 5, 6} * 2^k that is at least ``n``: a length with a fast Fourier transform."""
    power = 1 << max(0, (n - 1).bit_length() - 3)
    return next(m * power for m in (4, 5, 6, 8) if m * power >= n)


def apply_gain(audio: Audio, gain_db: np.ndarray) -> Audio:
    """Filter with a gain (dB) per rfft bin of ``fast_length`` samples. Shape (samples,)."""
    n = fast_length(len(audio))
    spectrum = np.fft.rfft(audio, n) * (10 ** (gain_db / 20)).astype(np.float32)
    return to_audio(np.fft.irfft(spectrum, n)[: len(audio)])


def through_microphone(audio: Audio, rate: int, microphone: Microphone, strength: float = 1.0) -> Audio:
    """Colour a recording. Shape (samples,)."""
    f = np.maximum(frequencies(fast_length(len(audio)), rate), 20.0)
    gain = -10 * np.log10(1 + (microphone.low_hz / f) ** 4) - 10 * np.log10(1 + (f / microphone.high_hz) ** 8)
    gain = gain + microphone.tilt_db * np.log2(f / 1000)
    for centre, height in microphone.bumps:
        gain = gain + height * np.exp(-0.5 * (np.log2(f / centre) / 0.3) ** 2)
    return apply_gain(audio, strength * gain)


def _scattering(n: int, rate: int, decay_s: float, rng: Random) -> np.ndarray:
    """Return a tail of unit energy that fades faster at high frequencies and never evenly. Shape (n,)."""
    t, f = np.arange(n) / rate, frequencies(n, rate)
    tail = np.zeros(n)
    for low, high, share in DECAY_BANDS:
        fade = decay_s * share * rng.lognormal(0, 0.2)
        lumps = 0.7 * slow(n, rate, 0.03, rng) + 0.5 * slow(n, rate, 0.12, rng)
        band = shaped_noise(n, ((f >= low) & (f < high)).astype(float), rng)
        tail += band * np.exp(-6.9 * t / fade + lumps) * np.sqrt(min(high, 8000.0) - low)
    tail *= 1 - np.exp(-t / rng.uniform(0.004, 0.03))  # scattered sound arrives later than the direct one
    return np.asarray(tail / np.sqrt(np.sum(tail**2)))


def impulse_response(distance: float, rate: int, rng: Random, reverb: float = 1.0) -> Audio:
    """Return the echoes of a place: direct sound, a few distinct reflections, a tail. ``distance`` in [0, 1]."""
    decay = rng.uniform(0.3, 1.4)
    n = round(0.8 * decay * rate)
    energy = (0.01 + 0.05 * distance) ** 2 * decay * 16000 / 13.8
    response = reverb * np.sqrt(energy) * _scattering(n, rate, decay, rng)
    response[0] = 1.0
    for _ in range(int(rng.integers(2, 7))):
        at = int(rate * rng.uniform(0.004, 0.09))
        if at < n:
            response[at] += reverb * rng.normal(0, 0.08 + 0.25 * distance)
    return to_audio(response)


def travel(audio: Audio, distance: float, rate: int, rng: Random, reverb: float = 1.0) -> Audio:
    """Let a song travel: air takes the treble, trees and ground add echoes, wind makes it waver. Longer by the tail."""
    response = impulse_response(distance, rate, rng, reverb)
    length = len(audio) + len(response) - 1
    n = fast_length(length)
    air_db = -18.0 * distance * (frequencies(n, rate) / 8000) ** 1.3
    spectrum = np.fft.rfft(audio, n) * np.fft.rfft(response, n) * 10 ** (air_db / 20)
    heard = np.fft.irfft(spectrum, n)[:length]
    waver_db = 3.0 * distance * slow(length, rate, 0.15, rng)
    return to_audio(heard * 10 ** (waver_db / 20))


def loudness(audio: Audio, threshold: float = 0.1) -> float:
    """Return the rms of the parts of a song that sound (above ``threshold`` of its peak)."""
    sounding = audio[np.abs(audio) > threshold * max(float(np.abs(audio).max(initial=0.0)), 1e-9)]
    return float(np.sqrt(np.mean(sounding**2))) if len(sounding) else 1e-9


def add_at(track: Audio, audio: Audio, at: int) -> None:
    """Add ``audio`` to ``track`` from sample ``at`` on, in place; what lies beyond the end is dropped."""
    piece = audio[: max(0, len(track) - at)]
    track[at : at + len(piece)] += piece


def to_peak(audio: Audio, peak_db: float) -> Audio:
    """Scale so that the largest sample is at ``peak_db`` below full scale."""
    return to_audio(audio * 10 ** (peak_db / 20) / max(float(np.abs(audio).max(initial=0.0)), 1e-9))
