"""Which recordings share landmarks at one offset in time: an inverted index, counted in blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trainers.data.duplicates.landmarks import Landmarks

STOP_WORD = 128
"""A pair that more landmarks have says nothing (a hum, a rhythm); leaving it out keeps the work linear."""
FEWEST = 3
"""Landmarks at one offset below which two recordings aren't compared."""
HITS_AT_ONCE = 8_000_000
"""Shared landmarks that are counted in one go: 64 MB, sorted twice."""
_TIME_BITS, _RECORDING_BITS = 22, 20
_LATEST = 1 << _TIME_BITS
"""Frames: 18 hours."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of recordings that may be copies; one row per pair, first < second."""

    first: np.ndarray
    second: np.ndarray
    votes: np.ndarray
    """landmarks that both have at the same offset, within a frame"""
    offset: np.ndarray
    """frames by which the shared sound is later in the second recording"""


def candidates(recordings: Sequence[Landmarks]) -> Candidates:
    """Pairs of recordings with at least `FEWEST` landmarks in common at one offset.

    Every landmark looks up only those of later recordings under its own key. The hits of a block of recordings are
    sorted, not kept, so that memory doesn't grow with their number.
    """
    index = _index(recordings)
    ends = _ends(index)
    found = [_count(hits) for hits in _hits(index, ends, len(recordings))]
    first, second, votes, offset = (np.concatenate(column) for column in zip(*found, strict=True))
    return Candidates(first, second, votes, offset)


def _index(recordings: Sequence[Landmarks]) -> np.ndarray:
    """(landmarks,) sorted uint64: key, recording and frame packed."""
    packed = [
        (one.keys.astype(np.uint64) << np.uint64(_TIME_BITS + _RECORDING_BITS))
        | np.uint64(number << _TIME_BITS)
        | one.frames
        for number, one in enumerate(recordings)
    ]
    index = np.concatenate([np.zeros(0, np.uint64), *packed])
    index.sort()
    return index


def _ends(index: np.ndarray) -> np.ndarray:
    """(landmarks,) where the landmarks with the same key end; for stop words, at themselves."""
    keys = index >> np.uint64(_TIME_BITS + _RECORDING_BITS)
    starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1)))
    sizes = np.diff(starts, append=len(index))
    ends = np.repeat(starts + sizes, sizes)
    return np.where(np.repeat(sizes, sizes) > STOP_WORD, np.arange(1, len(index) + 1), ends)


def _recordings(index: np.ndarray) -> np.ndarray:
    return ((index >> np.uint64(_TIME_BITS)) & np.uint64((1 << _RECORDING_BITS) - 1)).astype(np.int64)


def _hits(index: np.ndarray, ends: np.ndarray, recordings: int) -> Iterator[np.ndarray]:
    """Shared landmarks as sorted uint64 of (first recording, second, offset), a block of first recordings at a time."""
    owners = _recordings(index)
    later = ends - np.arange(1, len(index) + 1)
    block = np.cumsum(np.bincount(owners, later, recordings)) // HITS_AT_ONCE
    edges = np.flatnonzero(np.diff(block, prepend=-1, append=np.inf))
    for begin, end in pairwise(edges):
        left = np.flatnonzero((owners >= begin) & (owners < end) & (later > 0))
        yield _joined(index, owners, left, later[left])


def _joined(index: np.ndarray, owners: np.ndarray, left: np.ndarray, count: np.ndarray) -> np.ndarray:
    one = np.repeat(left, count)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    apart = owners[one] != owners[other]
    one, other = one[apart], other[apart]
    frames = np.uint64(_LATEST - 1)
    offset = (index[other] & frames) + np.uint64(_LATEST) - (index[one] & frames)
    pair = (owners[one].astype(np.uint64) << np.uint64(_RECORDING_BITS)) | owners[other].astype(np.uint64)
    hits: np.ndarray = (pair << np.uint64(_TIME_BITS + 1)) | offset
    hits.sort()
    return hits


def _count(hits: np.ndarray) -> tuple[np.ndarray, ...]:
    """first, second, votes and offset of the pairs with enough votes."""
    where, votes = np.unique(hits, return_counts=True)
    neighbours = np.flatnonzero(np.diff(where) == 1)
    together = votes.copy()
    together[neighbours] += votes[neighbours + 1]  # a copy that starts between two frames has peaks in either
    enough = together >= FEWEST
    where, together = where[enough], together[enough]
    order = np.lexsort((-together, where >> np.uint64(_TIME_BITS + 1)))
    where, together = where[order], together[order]
    pair = where >> np.uint64(_TIME_BITS + 1)
    best = np.flatnonzero(np.diff(pair, prepend=pair[:1] + np.uint64(1)))
    offset = (where[best] & np.uint64(2 * _LATEST - 1)).astype(np.int64) - _LATEST
    first, second = pair[best] >> np.uint64(_RECORDING_BITS), pair[best] & np.uint64((1 << _RECORDING_BITS) - 1)
    return first.astype(np.int64), second.astype(np.int64), together[best], offset
