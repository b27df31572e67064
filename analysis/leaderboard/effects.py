"""What each setting did to validation and to the leaderboard, side by side, and what can't be told apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.correlation.analyse import Options
from analysis.correlation.columns import Columns
from analysis.correlation.contrasts import Contrast, contrasts, setting_columns
from analysis.correlation.noise import Noise
from analysis.correlation.pairs import Pairs
from analysis.errors import UserError
from analysis.leaderboard.configurations import Configurations, configurations, levels
from analysis.leaderboard.confounded import Confounded, Step, confounded
from analysis.leaderboard.differences import Difference, Yardstick, difference
from analysis.leaderboard.trends import Trend, check_numbers, trends


@dataclass(frozen=True)
class Effect:
    """One change of one setting, in every pair of configurations that differ in nothing else."""

    step: Step
    pairs: tuple[tuple[str, str], ...]
    """names of the submissions, before and after the change"""
    leaderboard: Difference
    cv: dict[str, Difference]
    """validation score -> what the change did to it in the same pairs"""

    def opposite(self, cv: str) -> int:
        """Pairs in which a validation score and the leaderboard go against each other."""
        return sum(a * b < 0 for a, b in zip(self.cv[cv].gains, self.leaderboard.gains, strict=True))

    def flipped(self, cv: str) -> bool:
        """Whether more pairs go against each other than go together."""
        same = sum(a * b > 0 for a, b in zip(self.cv[cv].gains, self.leaderboard.gains, strict=True))
        return self.opposite(cv) > same


@dataclass(frozen=True)
class Effects:
    """What was found in one table."""

    leaderboard: str
    cv: tuple[str, ...]
    submissions: int
    """with a leaderboard score"""
    configurations: int
    settings: tuple[str, ...]
    left_out: tuple[str, ...]
    """columns that are no settings, as every value is another"""
    noise: dict[str, Noise]
    """score -> sd of one configuration; missing where nothing says"""
    effects: tuple[Effect, ...]
    """by the size of the mean gain on the leaderboard"""
    confounded: tuple[Confounded, ...]
    trends: tuple[Trend, ...] = ()
    """of settings that are numbers, nothing else held; the steepest first"""


def effects(
    table: pd.DataFrame,
    columns: Columns,
    settings: Sequence[str] = (),
    options: Options | None = None,
    follow: Sequence[str] = (),
) -> Effects:
    """Compare configurations that differ in one setting only, and name what was only changed together.

    Submissions alike in all settings are repeats: their mean counts, and their spread is the noise where none is given.
    The intervals of all changes hold together (Bonferroni over the changes looked at).

    Args:
        table: one row per submission, its name as index; scores are floats (NaN: none), everything else text.
        columns: which column is the leaderboard (`public`) and which are validation scores; these may be none.
        settings: columns that say how a submission was made; all others that repeat a value if none are named.
        options: directions and noise by column.
        follow: more columns whose trends are wanted, such as a learning rate of which no value repeats: nothing that
            varies like this can be held fixed, so they are no settings of the comparisons.

    Raises:
        UserError: fewer than two settings, an unknown one, one to follow that is no number, or fewer than two
            configurations with a leaderboard score.
    """
    asked = options or Options()
    scored = table.dropna(subset=[columns.public])
    check_numbers(scored, follow)
    named = _settings(scored, columns, settings)
    tried = configurations(scored, named, columns.scores)
    if len(tried.table) < 2:
        raise UserError(
            f"{len(tried.table)} configurations have {columns.public!r}, at least 2 are needed. Try: another column"
        )
    noise = {**tried.noise, **{name: one for name, one in asked.noise.items() if name in columns.scores}}
    roles = {*columns.all, *follow} - set(named)
    return Effects(
        leaderboard=columns.public,
        cv=columns.cv,
        submissions=len(scored),
        configurations=len(tried.table),
        settings=named,
        left_out=() if settings else tuple(str(name) for name in table if name not in {*named, *roles}),
        noise=noise,
        effects=_effects(tried, columns, asked),
        confounded=tuple(confounded(tried, columns.public)),
        trends=_trends(scored, tried, columns, follow, asked),
    )


def _trends(
    scored: pd.DataFrame, tried: Configurations, columns: Columns, follow: Sequence[str], asked: Options
) -> tuple[Trend, ...]:
    """Over configurations, means of repeats; over submissions where repeats may differ in what is followed."""
    more = [name for name in follow if name not in tried.settings]
    table = scored if more else tried.table
    return trends(table, [*tried.settings, *more], (columns.public, *columns.cv), asked.lower_is_better)


def _settings(table: pd.DataFrame, columns: Columns, named: Sequence[str]) -> tuple[str, ...]:
    roles = [name for name in columns.all if name not in columns.by]
    unknown = [name for name in named if name not in table or name in roles]
    known = [str(name) for name in table if name not in roles]
    if unknown:
        raise UserError(f"no setting is called {unknown[0]!r}. Try: one of {', '.join(map(repr, known))}")
    found = tuple(named) or tuple(setting_columns(table, roles))
    if len(found) < 2:
        raise UserError(
            f"{len(found)} settings, at least 2 are needed: with one alone nothing is known to be held fixed. "
            "Try: a table with a column per setting"
        )
    return found


def _effects(tried: Configurations, columns: Columns, asked: Options) -> tuple[Effect, ...]:
    board = columns.public
    sets = contrasts(Pairs.of(tried.table, board, board, asked.lower_is_better), tried.settings)
    pairs: dict[Step, list[tuple[str, str]]] = {}
    for contrast in sets:
        for step, pair in _steps(contrast, levels(tried.table[contrast.column])):
            pairs.setdefault(step, []).append(pair)
    yardsticks = {name: _yardstick(name, tried, asked, len(pairs)) for name in columns.scores}

    def gain(name: str, of: list[tuple[str, str]]) -> Difference:
        return _difference(tried, name, of, yardsticks[name], -1 if name in asked.lower_is_better else 1)

    found = [
        Effect(step, tuple(of), gain(board, of), {name: gain(name, of) for name in columns.cv})
        for step, of in pairs.items()
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.leaderboard.mean)))


def _steps(contrast: Contrast, ordered: list[str]) -> list[tuple[Step, tuple[str, str]]]:
    """Every two members of a contrast as a step from the usual value to the other."""
    members = sorted(contrast.members, key=lambda member: ordered.index(member.value))
    return [
        (Step(contrast.column, one.value, other.value), (one.id, other.id))
        for k, one in enumerate(members)
        for other in members[k + 1 :]
    ]


def _yardstick(name: str, tried: Configurations, asked: Options, tests: int) -> Yardstick:
    if name in asked.noise:
        return Yardstick(asked.noise[name].sd, math.inf, max(1, tests))
    if name in tried.noise:
        return Yardstick(tried.noise[name].sd, tried.freedom[name], max(1, tests))
    return Yardstick(tests=max(1, tests))


def _difference(
    tried: Configurations, name: str, pairs: list[tuple[str, str]], yardstick: Yardstick, sign: int
) -> Difference:
    scores, counts = tried.table[name], tried.counts[name]
    gains = [sign * float(scores[after] - scores[before]) for before, after in pairs]
    weights = [_share(counts[before]) + _share(counts[after]) for before, after in pairs]
    return difference(gains, weights, yardstick)


def _share(count: int) -> float:
    return 1 / count if count else math.inf
