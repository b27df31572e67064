"""Cutting segments of fixed length out of clips of any length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainers.data.spec import SegmentsSpec


@dataclass(frozen=True)
class Windows:
    """Windows of a set of clips, in clip order."""

    clip: np.ndarray
    """(windows,) index of each window's clip"""
    start: np.ndarray
    """(windows,) first sample within the clip"""

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.clip)


def cut(samples: np.ndarray, start: int, length: int, spec: SegmentsSpec) -> np.ndarray:
    """`length` samples from `start` on; what ends earlier is filled up as `padding` and `padding_side` say."""
    piece = samples[start : start + length]
    missing = length - len(piece)
    if missing <= 0:
        return piece
    before = {"right": 0, "left": missing, "both": missing // 2}[spec.padding_side]
    if spec.padding == "zero" or not len(piece):
        return np.pad(piece, (before, missing - before))
    source = _reflected(piece) if spec.padding == "reflect" else piece
    return source[(np.arange(length) - before) % len(source)]


def gather(
    samples: Sequence[np.ndarray], index: np.ndarray, start: np.ndarray, length: int, spec: SegmentsSpec
) -> np.ndarray:
    """Segments of several clips as one (batch, length) int16 array."""
    batch = np.empty((len(index), length), np.int16)
    for row, (clip, first) in enumerate(zip(index, start, strict=True)):
        batch[row] = cut(samples[clip], int(first), length, spec)
    return batch


def train_starts(lengths: np.ndarray, length: int, crop: str, rng: np.random.Generator) -> np.ndarray:
    """First samples of training segments: (clips,) int64, 0 where a clip is no longer than a segment."""
    slack = np.maximum(lengths - length, 0)
    if crop == "random":
        starts: np.ndarray = rng.random(len(lengths)) * (slack + 1)
        return starts.astype(np.int64)
    return slack // 2 if crop == "center" else np.zeros(len(lengths), np.int64)


def windows(lengths: Sequence[int], length: int, which: str, spec: SegmentsSpec) -> Windows:
    """The windows of each clip; at least one, however short the clip.

    Args:
        lengths: samples of each clip.
        length: samples of a window.
        which: as `segments.eval_windows`.
        spec: stride, what becomes of the rest, number of crops.
    """
    starts = [_window_starts(n, length, which, spec) for n in lengths]
    clips = np.repeat(np.arange(len(starts)), [len(own) for own in starts])
    return Windows(clips, np.array([start for own in starts for start in own], np.int64))


def _reflected(piece: np.ndarray) -> np.ndarray:
    """The piece and its mirror image: one period of its reflection at both ends."""
    return np.concatenate([piece, piece[-2:0:-1]])


def _window_starts(n: int, length: int, which: str, spec: SegmentsSpec) -> list[int]:
    slack = max(n - length, 0)
    if which == "center":
        return [slack // 2]
    if which == "head" or slack == 0:
        return [0]
    if which == "crops":
        return (
            [round(place) for place in np.linspace(0, slack, spec.eval_crops)] if spec.eval_crops > 1 else [slack // 2]
        )
    starts = list(range(0, slack + 1, max(1, round(spec.stride * length))))
    if slack - starts[-1] > spec.min_rest * length:  # the rest of the clip, right-aligned
        starts.append(slack)
    return starts
