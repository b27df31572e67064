"""Landmarks of a recording: pairs of peaks of its spectrogram, which survive codecs, cuts, gains and noise.

After A. Wang, An industrial-strength audio search algorithm, ISMIR 2003. A pair says two frequencies and the time
between them; where it lies is kept beside it. Of a long recording only the pairs with the smallest hashes are kept:
two copies keep the same ones, whatever was cut off (A. Broder, On the resemblance and containment of documents, 1997).
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy.ndimage import maximum_filter1d

RATE_HZ = 16_000
"""Samples are looked at with this rate: what codecs leave of a recording lies below 8 kHz."""
WINDOW = 1024
HOP = 256
"""Samples between frames, 16 ms: a copy that starts between two frames still has its peaks within one frame."""
LOWEST_BIN = 6
"""94 Hz: below is hum, wind and what high-pass filters take away."""
AROUND = (6, 6)
"""A peak is the largest value within so many frames and bins to either side."""
FAN = 5
"""Pairs that a peak begins: with the next peaks in time."""
FARTHEST = 63
"""Frames and bins between the peaks of a pair."""
QUIETEST = 1e-3
"""Magnitude below which nothing is a peak: above the rounding to 16 bits and dither."""
MOST = 1500
"""Pairs kept of a recording; the index of 28,000 recordings is then at most 340 MB."""
BLOCK = 4096
"""Frames transformed at once: a recording of hours needs no more memory."""
_MULTIPLIER = np.uint32(2_654_435_761)  # Knuth's multiplicative hash


@dataclass(frozen=True)
class Landmarks:
    """The pairs of a recording."""

    keys: np.ndarray
    """(pairs,) uint32 below 2^22: frequency of the first peak, steps to the second in frequency and time"""
    frames: np.ndarray
    """(pairs,) uint32, when the first peak is"""
    found: int
    """Pairs there were before only `MOST` of them were kept."""
    duration_s: float


def landmarks(samples: np.ndarray) -> Landmarks:
    """The pairs of peaks of (samples,) float32 at `RATE_HZ`, full scale 1."""
    frames, bins = peaks(samples)
    keys, begins = _pairs(frames, bins)
    order = np.argsort(keys * _MULTIPLIER, kind="stable")[:MOST]
    return Landmarks(keys[order], begins[order], len(keys), len(samples) / RATE_HZ)


def peaks(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames and bins of the peaks of the spectrogram of (samples,) float32, in the order of time."""
    magnitudes = _magnitudes(samples)
    highest = maximum_filter1d(magnitudes, 2 * AROUND[1] + 1, axis=1, mode="constant")
    highest = maximum_filter1d(highest, 2 * AROUND[0] + 1, axis=0, mode="constant")
    frames, bins = np.nonzero((magnitudes == highest) & (magnitudes > QUIETEST))
    return frames, bins + LOWEST_BIN


def _magnitudes(samples: np.ndarray) -> np.ndarray:
    """(frames, bins) float32 of Hann windows."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    cuts = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    blocks = [cuts[start : start + BLOCK] * window for start in range(0, len(cuts), BLOCK)]
    return np.concatenate([np.abs(scipy.fft.rfft(block, axis=1)[:, LOWEST_BIN:]) for block in blocks])


def _pairs(frames: np.ndarray, bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys and first frames of each peak's pairs with the `FAN` next ones that are near enough."""
    keys, begins, begun = [], [], np.zeros(len(frames), int)
    for ahead in range(1, 8 * FAN):
        step, rise = frames[ahead:] - frames[:-ahead], bins[ahead:] - bins[:-ahead]
        near = (step <= FARTHEST) & (np.abs(rise) <= FARTHEST) & (begun[: len(step)] < FAN)
        first = np.flatnonzero(near)
        begun[first] += 1
        keys.append((bins[first] << 13) | ((rise[first] + FARTHEST) << 6) | step[first])
        begins.append(frames[first])
    return np.concatenate(keys).astype(np.uint32), np.concatenate(begins).astype(np.uint32)
