"""What of a clip is speech, and what is left without it; in seconds, no audio."""

from collections.abc import Sequence

Stretches = list[tuple[float, float]]
"""(start, end) in seconds, in order, without overlap"""


def inside(stretches: Sequence[tuple[float, float]], start: float, end: float) -> Stretches:
    """The parts of stretches that lie between `start` and `end`."""
    cut = ((max(a, start), min(b, end)) for a, b in stretches)
    return [(a, b) for a, b in cut if a < b]


def outside(stretches: Sequence[tuple[float, float]], start: float, end: float) -> Stretches:
    """What is left between `start` and `end` without the stretches."""
    speech = inside(stretches, start, end)
    begins = [start, *(b for _, b in speech)]
    ends = [*(a for a, _ in speech), end]
    return [(a, b) for a, b in zip(begins, ends, strict=True) if a < b]


def total(stretches: Sequence[tuple[float, float]]) -> float:
    """Seconds in all."""
    return sum(b - a for a, b in stretches)
