"""Up to which frequency a recording holds anything, and how quiet its quietest band is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import rfft
from scipy.signal.windows import kaiser

FRAME_S = 0.046
"""Length of a frame, rounded to a power of two: 2048 samples at 44.1 kHz."""
WINDOW_BETA = 20.0
"""Kaiser: sidelobes 150 dB down, so that a loud tone doesn't fill the bands that are empty."""
N_BANDS = 128
"""Equally wide, up to half the sampling rate."""
ROUNDING_DB = 10 * np.log10((2.0**-15) ** 2 / 12)
"""Power of the rounding noise of 16 bits, -101.1 dB re full scale, spread evenly over all frequencies."""
MARGIN_DB = 6.0
WALL_DB = 12.0
"""How much an octave is louder than everything above it where a filter ended the recording."""
QUIETEST = 0.05


@dataclass(frozen=True)
class Spectrum:
    """Densities over (bands,), in dB re full scale per Hz."""

    edges_hz: np.ndarray
    """(bands + 1,)"""
    mean_db: np.ndarray
    """of the mean power: whatever was ever recorded counts"""
    median_db: np.ndarray
    """of the median frame that isn't silent: what is there all the time"""

    @property
    def bandwidth_hz(self) -> float:
        """The frequency above which the recording is empty, by the lower of two edges; NaN of less than half a frame.

        Above the first, the mean power is nowhere more than 6 dB above the rounding noise of 16 bits: nothing that the
        store could keep. The second is a wall (a resampler's or a codec's filter in a recording that was amplified
        or given noise afterwards): nine tenths of the octave below are at least 12 dB louder than everything above.
        Noise that falls off slowly, and loud animals in a band of their own, are no wall.
        """
        if np.isnan(self.mean_db).any():
            return float("nan")
        return float(self.edges_hz[min(self._last_filled(), self._wall())])

    @property
    def floor_db(self) -> float:
        """Density in the quietest twentieth of the bands (dB re full scale per Hz); NaN where all is silent."""
        return float(np.quantile(self.median_db, QUIETEST, method="lower"))

    def _last_filled(self) -> int:
        empty_db = ROUNDING_DB - 10 * np.log10(self.edges_hz[-1]) + MARGIN_DB
        filled = np.flatnonzero(self.mean_db > empty_db)
        return int(filled[-1]) + 1 if len(filled) else 0

    def _wall(self) -> int:
        for edge in range(8, N_BANDS - 4):
            below = self.median_db[edge // 2 : edge - edge // 20]
            first_empty = edge + 1 + edge // 20
            above = self.median_db[first_empty:]
            if len(above) > 2 and np.quantile(below, 0.1, method="lower") - above.max() >= WALL_DB:
                return first_empty
        return N_BANDS


def spectrum(stretches: Sequence[np.ndarray], rate: int) -> Spectrum:
    """The long-term spectrum of stretches of a recording.

    Args:
        stretches: (samples,) float each, in [-1, 1].
        rate: Hz.

    Returns:
        A spectrum whose densities of stationary noise add up to its power (Welch's method without overlap); NaN where
        no stretch is half as long as a frame.
    """
    n = max(4 * N_BANDS, 2 ** round(np.log2(FRAME_S * rate)))
    frames = np.concatenate([_frames(stretch, n) for stretch in stretches] or [np.zeros((0, n))])
    edges = np.linspace(0, rate / 2, N_BANDS + 1)
    power = _band_power(frames, rate, n)
    audible = power[power.max(axis=1, initial=0.0) > _density(ROUNDING_DB, rate)]
    return Spectrum(edges, _decibels(power, np.mean), _decibels(audible, np.median))


def _frames(stretch: np.ndarray, n: int) -> np.ndarray:
    """(frames, n); a stretch that is shorter than a frame, but holds half of one, is filled up with zeros."""
    if n // 2 <= len(stretch) < n:
        return np.pad(stretch, (0, n - len(stretch)))[None]
    return stretch[: len(stretch) // n * n].reshape(-1, n)


def _band_power(frames: np.ndarray, rate: int, n: int) -> np.ndarray:
    """(frames, bands): mean density (full scale squared per Hz) of each band."""
    window = kaiser(n, WINDOW_BETA, sym=False)
    bins = np.abs(rfft((frames - frames.mean(axis=1, keepdims=True)) * window, axis=1)) ** 2
    density = 2 * bins / (rate * (window**2).sum())
    width = (n // 2) // N_BANDS
    return np.asarray(density[:, 1 : 1 + width * N_BANDS].reshape(len(frames), N_BANDS, width).mean(axis=2))


def _density(decibels: float, rate: int) -> float:
    return float(10 ** (decibels / 10) / (rate / 2))


def _decibels(power: np.ndarray, over_frames: Callable[..., np.ndarray]) -> np.ndarray:
    if not len(power):
        return np.full(N_BANDS, np.nan)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(over_frames(power, axis=0)))
