"""Submissions that differ in one setting only: what the change did to validation and to the leaderboard."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.groups import stated
from analysis.correlation.pairs import Pairs

FEWEST_VALUES = 4
"""A column with fewer rows than this may be all different and still be a setting."""


@dataclass(frozen=True)
class Member:
    """A submission of a contrast, with the scores of the table."""

    id: str
    value: str
    """of the setting that changed"""
    cv: float
    leaderboard: float


@dataclass(frozen=True)
class Contrast:
    """Submissions that are alike in every stated setting but one, best by validation first."""

    column: str
    members: tuple[Member, ...]
    same_way: int
    """pairs that validation and leaderboard order alike"""
    opposite: int
    """pairs that they order against each other"""

    @property
    def flipped(self) -> bool:
        """Whether more pairs go against each other than go together."""
        return self.opposite > self.same_way


def setting_columns(table: pd.DataFrame, roles: Sequence[str]) -> list[str]:
    """The columns that say how a submission was made: all but the roles and those whose every value is another.

    A column that never repeats a value is a result, a name or a note, and makes every submission unlike all others.
    """
    return [str(name) for name in table if name not in roles and not _never_repeats(table[name])]


def contrasts(pairs: Pairs, settings: Sequence[str]) -> list[Contrast]:
    """Every set of submissions that differ in one of the settings only, those that go most against each other first.

    Nobody knows what else changed where a submission does not state all settings, or where two are alike in all of them
    and still not the same: neither makes a contrast. With one setting alone nothing is held fixed, so there is none.
    """
    if len(settings) < 2:
        return []
    text = pairs.table[list(settings)].astype(str).apply(lambda column: column.str.strip())
    text = text.set_axis(pd.RangeIndex(len(text)))
    text = text[text.apply(lambda column: stated(column)).all(axis=1)]
    found = []
    for changed in settings:
        groups = text.groupby([name for name in settings if name != changed], sort=False)[changed]
        found += [_contrast(pairs, changed, group) for _, group in groups if group.nunique() == len(group) > 1]
    return sorted(found, key=lambda one: (one.same_way - one.opposite, -len(one.members)))


def _contrast(pairs: Pairs, column: str, values: "pd.Series[str]") -> Contrast:
    x, y, ids = pairs.x, pairs.y, pairs.ids
    raw = pairs.table[[pairs.cv, pairs.board]].to_numpy(dtype=float)
    places = sorted(values.index, key=lambda place: -x[place])
    members = tuple(Member(ids[i], str(values[i]), float(raw[i, 0]), float(raw[i, 1])) for i in places)
    both = itertools.combinations(places, 2)
    signs = [int(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])) for i, j in both]
    return Contrast(column, members, signs.count(1), signs.count(-1))


def _never_repeats(column: "pd.Series[str]") -> bool:
    text = column.astype(str).str.strip()
    kept = text[stated(text)]
    return len(kept) >= FEWEST_VALUES and kept.nunique() == len(kept)
