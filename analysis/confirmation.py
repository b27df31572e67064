"""The confirm stage: each finalist run again on several folds, repeats and split schemes.

Under each split scheme the finalists are ranked as a race decides between them (`tuneful/sweep/race.py`). Who has
the best mean over the folds and repeats that all of them have run leads; the ones that a paired t test finds behind it
are out; the others are compared again over what they share, until nobody else is out. Those tie with the leader. Later
repeats of a race hold its survivors alone, so they say nothing of anybody who was thrown out before. The level is that
of the race: shared out among all pairs (Bonferroni), and all looks.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.entrants import Searched, entrants
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.uncertainty import Interval, paired_difference, t_interval, welch_difference

PAIRED_BY = ["fold", "repeat"]
FEWEST_PAIRS = 3
"""Shared runs below which a paired test says nothing, and the intervals of the means are looked at instead."""
ALPHA = 0.05
"""of all comparisons with the leader together, where no race says another"""
NOT_BEGUN, NO_SCORE = "not begun", "without a score"
UNFINISHED = frozenset({"running", "interrupted", NOT_BEGUN})
_COLUMNS = ["candidate", "split", "fold", "repeat", "run", "state", "score"]


@dataclass(frozen=True)
class Finalist:
    """One candidate under one split scheme: its mean over the confirm runs, and how far it is behind the leader."""

    candidate: int
    split: str
    score: Interval
    missing: Mapping[str, int]
    """why -> runs that gave no score: how the trial ended or stands, `not begun`, or `without a score`"""
    behind: Interval | None
    """finalist - leader over the folds and repeats of both, at the level shared out among all finalists; its bounds are
    unknown with fewer than `FEWEST_PAIRS` of them; None for the leader"""
    tied: bool
    """whether nobody leaves it behind: neither the leader nor who led before the leader was found"""

    @property
    def planned(self) -> int:
        """Runs there are to be."""
        return self.score.n + sum(self.missing.values())

    @property
    def is_unfinished(self) -> bool:
        """Whether runs are still to come."""
        return not UNFINISHED.isdisjoint(self.missing)


def confirm_runs(tables: SweepTables) -> pd.DataFrame:
    """Return one row per run of the confirm stage: ``candidate, split, fold, repeat, run, state, score``.

    A confirm trial is one run. The score is NaN unless the trial is complete: one that was interrupted or failed would
    be compared by fewer epochs. ``fold, repeat, run`` are missing where no epoch is on record. Runs on folds and under
    schemes that the definition no longer asks for are left out, as a race leaves them out.
    """
    objective, confirm = Objective.of(tables.definition), _confirm_of(tables)
    trials = tables.stage_trials("confirm").dropna(subset="candidate").astype({"candidate": int})
    epochs = tables.stage_epochs("confirm")
    scores = {trial: objective.run_score(run) for trial, run in epochs.groupby("trial")}
    place = epochs.drop_duplicates("trial")[["trial", *PAIRED_BY, "run"]].astype(dict.fromkeys(PAIRED_BY, object))
    runs = trials.merge(place, on="trial", how="left")
    score = runs["trial"].map(scores).astype(float)
    runs = runs.assign(score=score.where(runs["state"] == "complete"))[_COLUMNS]
    for column, wanted in (("fold", confirm.get("folds")), ("split", confirm.get("splits"))):
        runs = runs[runs[column].isin(wanted) | runs[column].isna()] if wanted else runs
    return runs.reset_index(drop=True)


def finalists(tables: SweepTables) -> dict[str, list[Finalist]]:
    """Return per split scheme the finalists, best first, those without a score last."""
    runs, splits = confirm_runs(tables), _confirm_of(tables).get("splits") or ()
    if runs.empty:
        return {}
    level = _level_of(tables.definition, len({*_entrants(tables, runs), *runs["candidate"]}))
    splits = dict.fromkeys([*splits, *runs["split"]])
    return {split: _Scheme(split, runs, tables.definition, level).ranked() for split in splits}


def planned_runs(tables: SweepTables, by_split: Mapping[str, list[Finalist]]) -> int:
    """Return how many runs the confirm stage is to have, of finalists that it has come to and of the others.

    `by_split` as of `finalists`.
    """
    begun = {finalist.candidate for ranked in by_split.values() for finalist in ranked}
    not_begun = {*_entrants(tables, confirm_runs(tables))} - begun
    own = sum(finalist.planned for ranked in by_split.values() for finalist in ranked)
    return own + len(not_begun) * len(by_split) * _runs_each(_confirm_of(tables))


def scheme_cells(runs: pd.DataFrame) -> pd.Series:
    """Return the finalists' mean of each ``split, fold, repeat``, of runs as of `confirm_runs`."""
    return runs.groupby(["split", *PAIRED_BY])["score"].mean().dropna()


def scheme_gap(cells: pd.Series, high: str, low: str) -> Interval:
    """How much higher the finalists score under the split scheme `high` than under `low`.

    `cells` as of `scheme_cells`: finalists share folds and seeds, so each fold and repeat counts once. A fold of one
    scheme holds other clips than that of the other, so they are not matched.
    """
    schemes = cells.index.get_level_values("split")
    return welch_difference(cells[schemes == high], cells[schemes == low])


def family_level(definition: Mapping[str, Any]) -> float:
    """The level of all comparisons with the leader together: a race's `alpha`, or else 5 %."""
    race = (definition.get("confirm") or {}).get("race") or {}
    return float(race.get("alpha", ALPHA))


def shared_level(alpha: float, further_repeats: int, finalists: int) -> float:
    """The level of one paired test when all of them together are to have the level `alpha` (Bonferroni).

    Shared out among all pairs: who leads is found on the same scores, so any pair can be the one compared. Among the
    comparisons with the leader alone it would be 6 % of sweeps with three equal finalists, 12 % with ten. And among all
    looks: a race looks before each of its `further_repeats` (0 without a race), the report once more after the last.
    """
    looks, pairs = further_repeats + 1, finalists * (finalists - 1) // 2
    return alpha / (looks * max(1, pairs))


def still_in(
    group: Sequence[int], leader_of: Callable[[Sequence[int]], int], is_behind: Callable[[int, int], bool]
) -> list[int]:
    """The leader of a group, then those that are not behind it.

    They are compared again once somebody is out: the others may share more runs.

    Args:
        group: numbers of finalists.
        leader_of: who has the best mean over what all of a group have run.
        is_behind: whether the first of two finalists is behind the second.
    """
    if not group:
        return []
    leader = leader_of(group)
    out = [other for other in group if other != leader and is_behind(other, leader)]
    if not out and any(other != leader and is_behind(leader, other) for other in group):  # by runs that not all share
        out = [leader]
    if out:
        return still_in([finalist for finalist in group if finalist not in out], leader_of, is_behind)
    return [leader, *(other for other in group if other != leader)]


def _level_of(definition: Mapping[str, Any], finalists: int) -> float:
    confirm = definition.get("confirm") or {}
    race = confirm.get("race")
    further_repeats = race["max_repeats"] - confirm["repeats"] if race else 0
    return shared_level(family_level(definition), further_repeats, finalists)


def _entrants(tables: SweepTables, runs: pd.DataFrame) -> list[int]:
    """Who is confirmed, whether or not it has begun; ``runs`` as of `confirm_runs`."""
    search, objectives = tables.stage_trials("search"), Objective.all_of(tables.definition)
    complete = search[(search["state"] == "complete") & np.isfinite(search["score"].astype(float))]
    values = ["score", *(f"objective.{objective.metric}" for objective in objectives[1:])]
    trials = [
        Searched(row["trial"], str(row.get("runs", row["trial"])), tuple(row.get(name, math.nan) for name in values))
        for row in complete.to_dict("records")
    ]
    return entrants(trials, objectives, int(_confirm_of(tables).get("top") or 0), set(runs["candidate"]))


def _confirm_of(tables: SweepTables) -> Mapping[str, Any]:
    return tables.definition.get("confirm") or {}


def _runs_each(confirm: Mapping[str, Any]) -> int:
    """Runs of a finalist under a split scheme, before any race."""
    return len(confirm.get("folds") or ()) * int(confirm.get("repeats") or 0)


class _Scheme:
    """The finalists under one split scheme."""

    def __init__(self, split: str, runs: pd.DataFrame, definition: Mapping[str, Any], level: float) -> None:
        """Take ``runs`` of all schemes: who has been run under another is a finalist here too.

        `level` is that of one paired test.
        """
        confirm = definition.get("confirm") or {}
        self._split, self._sign = split, Objective.of(definition).sign
        self._planned = _runs_each(confirm)
        self._candidates = sorted(set(runs["candidate"]))
        self._runs = runs[runs["split"] == split]
        self._level = level
        self._means = {c: t_interval(self._runs.loc[self._runs["candidate"] == c, "score"]) for c in self._candidates}
        table = self._runs.pivot_table(index=PAIRED_BY, columns="candidate", values="score", aggfunc="mean")
        self._cells = table.reindex(columns=self._candidates)

    def ranked(self) -> list[Finalist]:
        """Every finalist, the leader first."""
        scored = [candidate for candidate in self._candidates if self._means[candidate].n]
        tied = self._still_in(scored)[1:]
        order = self._in_order(scored) + [one for one in self._candidates if one not in scored]
        return [self._finalist(candidate, order[0], candidate in tied) for candidate in order]

    def _in_order(self, group: list[int]) -> list[int]:
        """Best first: the leader, the ones that tie with it, the ones that are behind."""
        if not group:
            return []
        leader, *tied = self._still_in(group)
        behind = [candidate for candidate in group if candidate != leader and candidate not in tied]
        return [leader, *self._in_order(tied), *self._in_order(behind)]

    def _still_in(self, group: list[int]) -> list[int]:
        return still_in(group, self._leader, self._is_behind)

    def _leader(self, group: Sequence[int]) -> int:
        """The best over what all have run: one that lacks a hard fold isn't better. Or by all runs if there is none."""
        own = self._cells[list(group)]
        shared = own.dropna()
        means = (own if shared.empty else shared).mean()
        return max(group, key=lambda candidate: self._sign * means[candidate])

    def _finalist(self, candidate: int, leader: int, tied: bool) -> Finalist:
        behind = None if candidate == leader else self._behind(candidate, leader)
        return Finalist(candidate, self._split, self._means[candidate], self._missing(candidate), behind, tied)

    def _behind(self, candidate: int, leader: int) -> Interval:
        found = paired_difference(self._cells[candidate], self._cells[leader], 1 - self._level)
        if found.n >= FEWEST_PAIRS:
            return found
        return Interval(found.mean, math.nan, math.nan, found.n, math.nan)

    def _is_behind(self, candidate: int, other: int) -> bool:
        """By the paired test; by the intervals of the means where too few runs are shared."""
        behind, own, others = self._behind(candidate, other), self._means[candidate], self._means[other]
        if behind.n < FEWEST_PAIRS:
            return self._sign * (own.mean - others.mean) < 0 and not own.overlaps(others)
        return behind.excludes(0.0) and self._sign * behind.mean < 0

    def _missing(self, candidate: int) -> dict[str, int]:
        """Runs without a score, those that ended or stand somehow before those that have not begun."""
        own = self._runs[self._runs["candidate"] == candidate]
        lost = own.loc[~np.isfinite(own["score"]), "state"].replace("complete", NO_SCORE)
        found = {str(why): int(n) for why, n in lost.value_counts(sort=False).items()}
        to_come = self._planned - len(own)
        return found | ({NOT_BEGUN: to_come} if to_come > 0 else {})
