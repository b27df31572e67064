"""Cutting segments of fixed length out of clips of any length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainers.data.dataset import ClipSet
from trainers.data.spec import SegmentsSpec


@dataclass(frozen=True)
class Windows:
    """Evaluation windows of a set of clips, in clip order."""

    clip: np.ndarray
    """(windows,) index of each window's clip"""
    start: np.ndarray
    """(windows,) first sample within the clip"""


def cut(samples: np.ndarray, start: int, length: int, padding: str) -> np.ndarray:
    """`length` samples from `start` on; a clip that ends earlier is padded with zeros or with itself."""
    piece = samples[start : start + length]
    if len(piece) == length:
        return piece
    if padding == "repeat" and len(piece):
        return np.resize(piece, length)
    return np.pad(piece, (0, length - len(piece)))


def gather(clips: ClipSet, index: np.ndarray, start: np.ndarray, length: int, padding: str) -> np.ndarray:
    """Segments of several clips as one (batch, length) int16 array."""
    batch = np.empty((len(index), length), np.int16)
    for row, (clip, first) in enumerate(zip(index, start, strict=True)):
        batch[row] = cut(clips.samples[clip], int(first), length, padding)
    return batch


def train_starts(lengths: np.ndarray, length: int, crop: str, rng: np.random.Generator) -> np.ndarray:
    """First samples of training segments: (clips,) int64, 0 where a clip is no longer than a segment."""
    slack = np.maximum(lengths - length, 0)
    if crop == "random":
        starts: np.ndarray = rng.random(len(lengths)) * (slack + 1)
        return starts.astype(np.int64)
    return slack // 2 if crop == "center" else np.zeros(len(lengths), np.int64)


def eval_windows(lengths: Sequence[int], length: int, spec: SegmentsSpec) -> Windows:
    """The windows that evaluation sees of each clip; at least one, however short the clip."""
    clips, starts = [], []
    for clip, n in enumerate(lengths):
        for start in _window_starts(n, length, spec.eval_windows):
            clips.append(clip)
            starts.append(start)
    return Windows(np.array(clips, np.int64), np.array(starts, np.int64))


def _window_starts(n: int, length: int, which: str) -> list[int]:
    slack = max(n - length, 0)
    if which == "center":
        return [slack // 2]
    if which == "head":
        return [0]
    starts = list(range(0, slack + 1, length))
    if starts[-1] < slack:  # the rest of the clip, right-aligned
        starts.append(slack)
    return starts
