"""Settings that were never changed alone, so that nobody can tell which of them did it."""

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.leaderboard.configurations import Configurations, levels

MOST_LEVELS = 8
"""A setting with more values than this is taken as a range: any change of it is one step."""
ANY = "another"


@dataclass(frozen=True)
class Step:
    """A change of one setting."""

    setting: str
    before: str
    after: str


@dataclass(frozen=True)
class Confounded:
    """A change that no two configurations make alone."""

    settings: tuple[str, ...]
    """what changed together in every pair"""
    not_held: tuple[str, ...]
    """what else changed or isn't stated in every pair"""
    steps: tuple[Step, ...]
    """the changes that this is said of"""
    pairs: int
    """in which a step was made; the largest number where there are several"""
    closest: tuple[str, str]
    """names of the pair with the fewest other changes, before and after"""


def confounded(tried: Configurations, board: str) -> list[Confounded]:
    """Every change that was only made along with others, those with most settings together first.

    Args:
        tried: configurations.
        board: leaderboard column; configurations without a score there are left out.
    """
    scored = tried.table[board].notna().to_numpy()
    pairs = _Pairs.of(tried.table[scored], tried.settings, tried.stated[scored])
    found: dict[tuple[object, ...], Confounded] = {}
    for step, which in _steps(pairs):
        one = _never_alone(step, which, pairs)
        if one:
            key = one.settings if len(one.settings) > 1 else (one.settings, one.steps)
            found[key] = _merged(found[key], one) if key in found else one
    return sorted(found.values(), key=lambda one: (-len(one.settings), -len(one.not_held)))


@dataclass(frozen=True)
class _Pairs:
    """All pairs of configurations against all settings."""

    text: pd.DataFrame
    """settings of the configurations"""
    rows: np.ndarray
    """(pairs, 2)"""
    changed: np.ndarray
    """(pairs, settings): known and different"""
    open: np.ndarray
    """(pairs, settings): different, or not stated on one of the two sides"""

    @classmethod
    def of(cls, table: pd.DataFrame, settings: tuple[str, ...], known: np.ndarray) -> "_Pairs":
        text = table[list(settings)]
        codes = np.column_stack([pd.factorize(text[name])[0] for name in settings])
        left, right = np.triu_indices(len(text), k=1)
        differs, both = codes[left] != codes[right], known[left] & known[right]
        return cls(text, np.column_stack([left, right]), differs & both, differs | ~both)

    def names(self, which: np.ndarray) -> tuple[str, ...]:
        """Settings, of a mask or places."""
        return tuple(str(name) for name in self.text.columns[which])


def _steps(pairs: _Pairs) -> Iterator[tuple[Step, np.ndarray]]:
    """Every change of a setting that two configurations show, with the places of their pairs."""
    for k, setting in enumerate(pairs.names(np.arange(pairs.text.shape[1]))):
        values = pairs.text[setting].to_numpy(dtype=str)
        ordered = levels(pairs.text[setting])
        if len(ordered) > MOST_LEVELS:
            yield Step(setting, ANY, ANY), np.flatnonzero(pairs.changed[:, k])
            continue
        sides = values[pairs.rows]
        for before, after in itertools.combinations(ordered, 2):
            there = ((sides == before).any(axis=1)) & ((sides == after).any(axis=1))
            yield Step(setting, before, after), np.flatnonzero(there)


def _never_alone(step: Step, which: np.ndarray, pairs: _Pairs) -> Confounded | None:
    """The settings that go with a step; None where a pair makes it alone, or none makes it."""
    also = pairs.open[which]
    if not len(which) or (also.sum(axis=1) == 1).any():
        return None
    together = pairs.changed[which].all(axis=0)
    closest = pairs.rows[which[np.argmin(also.sum(axis=1))]]
    if pairs.text[step.setting].iloc[closest[0]] == step.after:
        closest = closest[::-1]
    names = tuple(str(name) for name in pairs.text.index[closest])
    not_held = pairs.names(also.all(axis=0) & ~together)
    return Confounded(pairs.names(together), not_held, (step,), len(which), (names[0], names[1]))


def _merged(one: Confounded, other: Confounded) -> Confounded:
    larger, smaller = (one, other) if one.pairs >= other.pairs else (other, one)
    shared = tuple(name for name in larger.not_held if name in smaller.not_held)
    return dataclasses.replace(larger, not_held=shared, steps=one.steps + other.steps)
