"""The confirm stage: each finalist run again on several folds, repeats and split schemes.

A finalist ties with the leader where a paired t test over the folds and repeats that both have run can't tell it from
the leader. It is the test by which a race throws finalists out (`tuneful/sweep/race.py`), at the same level: shared out
among all pairs (Bonferroni), and all looks of a race.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
    splits = dict.fromkeys([*splits, *runs["split"]])
    return {split: _Scheme(split, runs, tables.definition).ranked() for split in splits}


def planned_runs(tables: SweepTables, by_split: Mapping[str, list[Finalist]]) -> int:
    """Return how many runs the confirm stage is to have, of finalists that it has come to and of the others.

    `by_split` as of `finalists`. Of search trials with the same runs one is confirmed.
    """
    search, confirm = tables.stage_trials("search"), _confirm_of(tables)
    complete = search[(search["state"] == "complete") & np.isfinite(search["score"].astype(float))]
    distinct = complete["runs"].astype(str).nunique() if "runs" in complete else len(complete)
    begun = max((len(ranked) for ranked in by_split.values()), default=0)
    not_begun = max(0, min(int(confirm.get("top") or 0), distinct) - begun)
    own = sum(finalist.planned for ranked in by_split.values() for finalist in ranked)
    return own + not_begun * len(by_split) * _runs_each(confirm)


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


def shared_level(alpha: float, looks: int, finalists: int) -> float:
    """The level of one paired test when all of them together are to have the level `alpha` (Bonferroni).

    Shared out among all pairs and looks: who leads is found on the same scores, so any pair can be the one compared.
    Among the comparisons with the leader alone it would be 6 % of sweeps with three equal finalists, 12 % with ten.
    """
    pairs = finalists * (finalists - 1) // 2
    return alpha / (max(1, looks) * max(1, pairs))


def _level_of(definition: Mapping[str, Any], finalists: int) -> float:
    confirm = definition.get("confirm") or {}
    race = confirm.get("race")
    looks = race["max_repeats"] - confirm["repeats"] if race else 1
    return shared_level(family_level(definition), looks, finalists)


def _confirm_of(tables: SweepTables) -> Mapping[str, Any]:
    return tables.definition.get("confirm") or {}


def _runs_each(confirm: Mapping[str, Any]) -> int:
    """Runs of a finalist under a split scheme, before any race."""
    return len(confirm.get("folds") or ()) * int(confirm.get("repeats") or 0)


class _Scheme:
    """The finalists under one split scheme."""

    def __init__(self, split: str, runs: pd.DataFrame, definition: Mapping[str, Any]) -> None:
        """Take ``runs`` of all schemes: who has been run under another is a finalist here too."""
        confirm = definition.get("confirm") or {}
        self._split, self._sign = split, Objective.of(definition).sign
        self._planned = _runs_each(confirm)
        self._candidates = sorted(set(runs["candidate"]))
        self._runs = runs[runs["split"] == split]
        self._level = _level_of(definition, len(self._candidates))
        self._means = {c: t_interval(self._runs.loc[self._runs["candidate"] == c, "score"]) for c in self._candidates}
        table = self._runs.pivot_table(index=PAIRED_BY, columns="candidate", values="score", aggfunc="mean")
        self._cells = table.reindex(columns=self._candidates)

    def ranked(self) -> list[Finalist]:
        """Every finalist, the leader first."""
        lead = self._cells.sub(self._cells.mean(axis="columns"), axis="index").mean()

        def place(candidate: int) -> tuple[float, float]:
            """By its lead over all that ran the same folds and repeats: one that lacks a hard fold isn't better."""
            mean = self._means[candidate].mean
            return (-self._sign * lead[candidate], -self._sign * mean) if math.isfinite(mean) else (math.inf, math.inf)

        order = sorted(self._candidates, key=place)
        return [self._finalist(candidate, order[0]) for candidate in order]

    def _finalist(self, candidate: int, leader: int) -> Finalist:
        score = self._means[candidate]
        behind = None if candidate == leader else self._behind(candidate, leader)
        tied = behind is not None and score.n > 0 and self._ties(behind, score, self._means[leader])
        return Finalist(candidate, self._split, score, self._missing(candidate), behind, tied)

    def _behind(self, candidate: int, leader: int) -> Interval:
        found = paired_difference(self._cells[candidate], self._cells[leader], 1 - self._level)
        if found.n >= FEWEST_PAIRS:
            return found
        return Interval(found.mean, math.nan, math.nan, found.n, math.nan)

    def _ties(self, behind: Interval, score: Interval, leader: Interval) -> bool:
        if behind.n < FEWEST_PAIRS:
            return score.overlaps(leader)
        return self._sign * (behind.high if self._sign > 0 else behind.low) >= 0

    def _missing(self, candidate: int) -> dict[str, int]:
        """Runs without a score, those that ended or stand somehow before those that have not begun."""
        own = self._runs[self._runs["candidate"] == candidate]
        lost = own.loc[~np.isfinite(own["score"]), "state"].replace("complete", NO_SCORE)
        found = {str(why): int(n) for why, n in lost.value_counts(sort=False).items()}
        to_come = self._planned - len(own)
        return found | ({NOT_BEGUN: to_come} if to_come > 0 else {})
