"""Partners for mixup from among all training clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from trainers.errors import SpecError
from trainers.sampling.membership import Members, membership


@dataclass(frozen=True, eq=False)
class PartnerPool:
    """The training clips that partners come from."""

    targets: np.ndarray
    """(clips, classes)"""
    site: np.ndarray
    """(clips,) integer codes, -1: unknown"""
    hour: np.ndarray
    """(clips,) hour of day, 0 .. 23, -1: unknown"""

    @cached_property
    def member(self) -> np.ndarray:
        """(clips, classes) bool: the classes of each clip."""
        return membership(self.targets)

    @cached_property
    def by_class(self) -> Members:
        """The clips of every class."""
        return Members.of(self.member)

    @cached_property
    def foreign_classes(self) -> Members:
        """For every clip the classes that occur and that it isn't of; all that occur for a clip of all of them."""
        occurring = self.by_class.count > 0
        foreign = occurring & ~self.member
        foreign[~foreign.any(axis=1)] = occurring
        return Members.of(foreign.T)

    @cached_property
    def everyone(self) -> "Circles":
        """All clips together."""
        return Circles.of(np.zeros(len(self.targets), np.int64))

    @cached_property
    def by_site(self) -> "Circles":
        """Clips of one site together."""
        return Circles.of(self.site)

    @cached_property
    def by_hour(self) -> "Circles":
        """Clips of one hour of day together."""
        return Circles.of(self.hour)


@dataclass(frozen=True, eq=False)
class Circles:
    """Clips in disjoint groups, each laid out as a circle: a random step along it leads to another of the group."""

    clips: np.ndarray
    """(clips,) clip numbers, one group's after the other's"""
    first: np.ndarray
    """(clips,) where in `clips` a clip's group begins"""
    place: np.ndarray
    """(clips,) a clip's place in its group, from 0"""
    size: np.ndarray
    """(clips,) the size of a clip's group"""

    @classmethod
    def of(cls, codes: np.ndarray) -> "Circles":
        """Groups of equal codes; clips with the code -1 are alone."""
        alone = np.max(codes, initial=0) + 1 + np.arange(len(codes))
        _, group, count = np.unique(np.where(codes < 0, alone, codes), return_inverse=True, return_counts=True)
        clips = np.argsort(group, kind="stable")
        place = np.empty_like(clips)
        first = (np.cumsum(count) - count)[group]
        place[clips] = np.arange(len(clips)) - first[clips]
        return cls(clips, first, place, count[group])

    def another(self, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """For each clip another of its group, uniformly; itself where it is alone. (n,) -> (n,)."""
        step = rng.integers(1, np.maximum(self.size[index], 2))
        other: np.ndarray = self.clips[self.first[index] + (self.place[index] + step) % self.size[index]]
        return other


def draw_partners(kind: str, pool: PartnerPool, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a partner for each clip of a batch.

    Args:
        kind: a name of `PARTNERS`.
        pool: the training clips.
        index: (n,) the batch, as numbers of the pool's clips.
        rng: the only source of randomness.

    Returns:
        (n,) numbers of the pool's clips.

    Raises:
        SpecError: nothing could ever be mixed, since no two clips share a known site (or hour).
    """
    return PARTNERS[kind](pool, index, rng)


def uniform(pool: PartnerPool, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Any other training clip (as in BirdCLEF 2025, where a clip can be its own partner)."""
    return pool.everyone.another(index, rng)


def balanced(pool: PartnerPool, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Any clip of a class that is drawn uniformly among those that the clip isn't of itself.

    A clip of every class gets one of any class; where no clip has a class at all, partners are uniform.
    """
    if not pool.by_class.count.any():
        return uniform(pool, index, rng)
    return pool.by_class.pick(pool.foreign_classes.pick(index, rng), rng)


def same_site(pool: PartnerPool, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another clip of the same site (a wish of Mix2's authors); itself where the site is unknown or has no other."""
    return _companions(pool.by_site, "site", "site").another(index, rng)


def same_hour(pool: PartnerPool, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another clip of the same hour of day (a wish of Mix2's authors); itself where unknown or the only one."""
    return _companions(pool.by_hour, "hour", "recorded_at").another(index, rng)


def _companions(circles: Circles, what: str, column: str) -> Circles:
    """`circles`, unless every clip is alone: mixing would then silently do nothing."""
    if not (circles.size > 1).any():
        raise SpecError(
            f"mixing.partner=same_{what} needs training clips that share a known {what}, got none. "
            f"Try: fill the catalogue's column {column}, or mixing.partner=uniform"
        )
    return circles


PARTNERS: dict[str, Callable[[PartnerPool, np.ndarray, np.random.Generator], np.ndarray]] = {
    "uniform": uniform,
    "balanced": balanced,
    "same_site": same_site,
    "same_hour": same_hour,
}
"""Kinds of partners by name: (pool, the batch's clips, rng) -> a partner for each."""


def hours(recorded_at: Sequence[str | None]) -> np.ndarray:
    """The hour of day of each recording, in the time zone it is written in.

    Args:
        recorded_at: ISO 8601 timestamps.

    Returns:
        (recordings,) int64, 0 .. 23; -1 where there is none, where it isn't ISO 8601, or where it is a day alone.
    """
    return np.array([_hour(moment) for moment in recorded_at], np.int64)


def _hour(moment: object) -> int:
    if not isinstance(moment, str) or len(moment) <= len("2025-01-31"):  # a day alone would read as midnight
        return -1
    try:
        return datetime.fromisoformat(moment).hour
    except ValueError:
        return -1
