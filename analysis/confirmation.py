"""The confirm stage: each finalist run again on several folds, repeats and split schemes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.uncertainty import Interval, paired_difference, t_interval, welch_difference

PAIRED_BY = ["fold", "repeat"]


@dataclass(frozen=True)
class Finalist:
    """One candidate under one split scheme: its mean over the confirm runs, and how it differs from the leader there.

    ``behind`` is the paired difference finalist - leader over the same folds and repeats, None for the leader.
    """

    candidate: int
    split: str
    score: Interval
    n_failed: int
    behind: Interval | None
    tied: bool


def confirm_runs(tables: SweepTables) -> pd.DataFrame:
    """Return one row per run of the confirm stage: ``candidate, split, fold, repeat, run, score`` (NaN: diverged)."""
    objective = Objective.of(tables.definition)
    known = tables.trials.drop_duplicates("trial").set_index("trial")["candidate"]
    epochs = tables.stage_epochs("confirm")
    epochs = epochs.assign(candidate=epochs["candidate"].fillna(epochs["trial"].map(known))).dropna(subset="candidate")
    columns = ["candidate", "split", "fold", "repeat", "run", "score"]
    if epochs.empty:
        return pd.DataFrame(columns=columns)
    rows = [(*key, objective.run_score(run)) for key, run in epochs.groupby(columns[:-1], dropna=False, sort=True)]
    return pd.DataFrame(rows, columns=columns).astype({"candidate": int})


def finalists(tables: SweepTables) -> dict[str, list[Finalist]]:
    """Return per split scheme the finalists, best first; one is tied when its interval meets the leader's."""
    runs, objective = confirm_runs(tables), Objective.of(tables.definition)
    return {str(split): _rank(str(split), group, objective) for split, group in runs.groupby("split", sort=False)}


def scheme_gap(runs: pd.DataFrame, high: str, low: str) -> Interval:
    """How much higher the finalists score under the split scheme `high` than under `low`.

    `runs` as of `confirm_runs`. A fold of one scheme holds other clips than that of the other, so they are not matched;
    finalists share folds and seeds, so each (fold, repeat) counts once, with their mean.
    """
    cells = runs.groupby(["split", "fold", "repeat"])["score"].mean().dropna()
    schemes = cells.index.get_level_values("split")
    return welch_difference(cells[schemes == high], cells[schemes == low])


def _rank(split: str, runs: pd.DataFrame, objective: Objective) -> list[Finalist]:
    scores = {c: t_interval(runs.loc[runs["candidate"] == c, "score"]) for c in runs["candidate"].unique().tolist()}
    order = sorted(scores, key=lambda c: -objective.sign * scores[c].mean if scores[c].n else np.inf)
    leader = order[0]
    return [
        Finalist(
            candidate,
            split,
            scores[candidate],
            int(runs.loc[runs["candidate"] == candidate, "score"].isna().sum()),
            None if candidate == leader else _behind(runs, candidate, leader),
            candidate != leader and scores[candidate].n > 0 and scores[candidate].overlaps(scores[leader]),
        )
        for candidate in order
    ]


def _behind(runs: pd.DataFrame, candidate: int, leader: int) -> Interval:
    table = runs.pivot_table(index=PAIRED_BY, columns="candidate", values="score", aggfunc="mean")
    if candidate not in table or leader not in table:
        return t_interval([])
    return paired_difference(table[candidate], table[leader])
