"""Landmarks of a recording: triples of peaks of its spectrogram, which survive codecs, cuts, gains and noise.

After A. Wang, An industrial-strength audio search algorithm, ISMIR 2003, with a third peak (as J. Six and M. Leman,
Panako, ISMIR 2014, have it): pairs are so few different ones that among 28,000 recordings nearly all would be in
hundreds of them. A landmark says three frequencies and the times between them; where it lies is kept beside it. Of a
long recording only the landmarks with the smallest hashes are kept: two copies keep the same ones, whatever was cut
off (A. Broder, On the resemblance and containment of documents, 1997).
"""

from dataclasses import dataclass
from itertools import combinations

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
AROUND = 6
"""A peak is the largest value within so many frames and bins to either side."""
FAN = 7
"""The next peaks in time with which a peak begins landmarks: with any two of them."""
FARTHEST = 63
"""Frames and bins between the first and the other peaks of a landmark."""
COARSE = 4
"""Frames that count as one between peaks: half a frame of shift moves most peaks by a frame."""
QUIETEST = 1e-3
"""Magnitude below which nothing is a peak: above the rounding to 16 bits and dither."""
FAINTEST = 3e-5
"""Power of a peak as a share of the loudest within `FARTHEST` frames (-45 dB): below lies added noise."""
MOST = 1500
"""Landmarks kept of a recording; the index of 28,000 recordings is then at most 340 MB."""
BLOCK = 128
"""Frames transformed at once: they stay in the processor's cache."""
KEY_BITS = 22
_FRAME_BITS = 22
_MIXERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # of splitmix64 (Steele, Lea and Flood, 2014)


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of a recording."""

    keys: np.ndarray
    """(landmarks,) uint32 below 2^`KEY_BITS`: a hash of the frequencies of the peaks and the times between them"""
    frames: np.ndarray
    """(landmarks,) uint32, when the lowest peak is"""
    found: int
    """Landmarks there were before only `MOST` of them were kept."""
    duration_s: float


def landmarks(samples: np.ndarray) -> Landmarks:
    """The landmarks of (samples,) float32 at `RATE_HZ`, full scale 1."""
    hashes, begins = _triples(*peaks(samples))
    found = len(hashes)
    if found > MOST:
        kept = np.argpartition(hashes, MOST)[:MOST]
        hashes, begins = hashes[kept], begins[kept]
    keys = (hashes & np.uint64((1 << KEY_BITS) - 1)).astype(np.uint32)
    return Landmarks(keys, begins.astype(np.uint32), found, len(samples) / RATE_HZ)


def peaks(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames and bins of the peaks of the spectrogram of (samples,) float32, in the order of time."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    cuts = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    found = [_peaks(cuts, start, min(start + BLOCK, len(cuts))) for start in range(0, len(cuts), BLOCK)]
    frames, bins, powers = (np.concatenate(part) for part in zip(*found, strict=True))
    loudest = np.zeros(len(cuts), np.float32)
    np.maximum.at(loudest, frames, powers)
    loud = powers > FAINTEST * maximum_filter1d(loudest, 2 * FARTHEST + 1)[frames]
    return frames[loud], bins[loud]


def _peaks(cuts: np.ndarray, start: int, stop: int) -> tuple[np.ndarray, ...]:
    """Frames, bins and powers of the peaks from frame `start` to `stop`, looking at those around, too."""
    first = max(0, start - AROUND)
    powers = _powers(cuts[first : stop + AROUND])
    highest = _largest_around(_largest_around(powers, 0), 1)
    inner = slice(start - first, stop - first)
    frames, bins = np.nonzero((powers[inner] == highest[inner]) & (powers[inner] > QUIETEST**2))
    return frames + start, bins + LOWEST_BIN, powers[inner][frames, bins]


def _powers(cuts: np.ndarray) -> np.ndarray:
    """(frames, bins) float32 of Hann windows."""
    spectrum = scipy.fft.rfft(cuts * _HANN, axis=1)[:, LOWEST_BIN:]
    powers: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return powers


_HANN = np.hanning(WINDOW).astype(np.float32)


def _largest_around(values: np.ndarray, axis: int) -> np.ndarray:
    """The maximum of the 2 `AROUND` + 1 values around each, along an axis, from maxima of twice as many at a time.

    The same as `scipy.ndimage.maximum_filter1d`, in a quarter of its time.
    """
    whole, width = 2 * AROUND + 1, 1
    largest = np.moveaxis(np.pad(values, [(AROUND, AROUND) if side == axis else (0, 0) for side in (0, 1)]), axis, 0)
    while width < whole:
        step = min(width, whole - width)
        largest = np.maximum(largest[:-step], largest[step:])
        width += step
    return np.moveaxis(largest, 0, axis)


def _triples(frames: np.ndarray, bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes (uint64) of each peak with any two of its `FAN` next ones, and frames of their lowest peaks."""
    peaks = (bins << _FRAME_BITS) | frames
    following = _following(frames, bins)
    triples = np.concatenate(
        [_complete(peaks, following[one], following[other]) for one, other in combinations(range(FAN), 2)], axis=1
    )
    triples.sort(axis=0)  # by frequency: which of two peaks at an onset is first in time is chance
    bins, frames = triples >> _FRAME_BITS, triples & ((1 << _FRAME_BITS) - 1)
    rises, steps = np.diff(bins, axis=0), np.diff(frames, axis=0) // COARSE + FARTHEST
    packed = (bins[0] << 28) | (rises[0] << 21) | (rises[1] << 14) | (steps[0] << 7) | steps[1]
    return _mixed(packed), frames[0]


def _complete(peaks: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(3, landmarks) each peak with two following ones, given by index, where there are so many."""
    first = np.flatnonzero(other >= 0)
    return np.stack([peaks[first], peaks[one[first]], peaks[other[first]]])


def _following(frames: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """(FAN, peaks) indices of the next peaks that are near enough to each; -1 where there are no more."""
    following = np.full((FAN, len(frames)), -1)
    found = np.zeros(len(frames), np.int64)
    for ahead in range(1, 8 * FAN):
        step, rise = frames[ahead:] - frames[:-ahead], bins[ahead:] - bins[:-ahead]
        first = np.flatnonzero((step <= FARTHEST) & (np.abs(rise) <= FARTHEST) & (found[: len(step)] < FAN))
        following[found[first], first] = first + ahead
        found[first] += 1
    return following


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Uint64 hashes of which the smallest ones have keys of all kinds."""
    mixed = numbers.astype(np.uint64)
    for multiplier in _MIXERS:
        mixed = (mixed ^ (mixed >> np.uint64(29))) * multiplier
    return mixed ^ (mixed >> np.uint64(31))
