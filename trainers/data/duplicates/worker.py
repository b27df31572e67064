"""What the processes of a search do: they see the recordings as numbers, and their samples through the store's maps."""

from collections.abc import Sequence

import numpy as np
import soxr

from trainers.data.duplicates.landmarks import RATE_HZ, Landmarks, landmarks
from trainers.data.duplicates.verify import agreement
from trainers.data.store import Store

FULL_SCALE = np.float32(1 / 32_768)
_opened: tuple[int, list[np.ndarray]] = (RATE_HZ, [])


def open_store(rate: int, contents: Sequence[str]) -> None:
    """Open the recordings once per process: `rate` in Hz, content hashes in the order of their numbers."""
    global _opened
    _opened = (rate, Store(rate).open(contents))


def landmarks_of(numbers: Sequence[int]) -> list[Landmarks]:
    """The landmarks of some recordings."""
    return [landmarks(_samples(number)) for number in numbers]


def agreements_of(pairs: Sequence[tuple[int, int, int]]) -> list[float]:
    """How alike some pairs are, of (first, second, offset in frames)."""
    return [agreement(_samples(first), _samples(second), offset) for first, second, offset in pairs]


def _samples(number: int) -> np.ndarray:
    """(samples,) float32 at `RATE_HZ`."""
    rate, recordings = _opened
    samples = recordings[number] * FULL_SCALE
    return samples if rate == RATE_HZ else soxr.resample(samples, rate, RATE_HZ, quality="MQ")
