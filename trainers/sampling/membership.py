"""Which clips count as a class's when classes are counted and drawn."""

from dataclasses import dataclass

import numpy as np


def membership(targets: np.ndarray) -> np.ndarray:
    """The classes of each clip: those with at least half of its largest target.

    So secondary labels count where they weigh about as much as the clip's own, and not where they only get a small
    share (BirdCLEF 2025 counts primary labels); several labels of equal weight all count. Label smoothing comes
    after sampling and has no part in this.

    Args:
        targets: (clips, classes), >= 0

    Returns:
        (clips, classes) bool; all False for a clip with nothing active.
    """
    largest = targets.max(axis=1, keepdims=True, initial=0.0)
    return np.asarray((targets > 0) & (targets >= 0.5 * largest))


@dataclass(frozen=True, eq=False)
class Members:
    """The members of overlapping groups (the clips of every class), one group's after the other's."""

    members: np.ndarray
    """their numbers; a member of several groups is there for each"""
    first: np.ndarray
    """(groups,) where in `members` a group begins"""
    count: np.ndarray
    """(groups,) how many members it has"""

    @classmethod
    def of(cls, member: np.ndarray) -> "Members":
        """The members by a (members, groups) bool array."""
        count = member.sum(axis=0)
        return cls(np.nonzero(member.T)[1], np.cumsum(count) - count, count)

    def pick(self, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random member of each of `groups`, which must have some: (n,) -> (n,)."""
        picked: np.ndarray = self.members[self.first[groups] + rng.integers(0, self.count[groups])]
        return picked
