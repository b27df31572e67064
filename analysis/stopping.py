"""Whether stopping trials early was right: what a score after few epochs says about the score at the end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.correlation.coefficients import coefficient
from analysis.correlation.intervals import bootstrap_intervals
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables

FEWEST = 4
"""Complete trials below which a rank correlation says nothing."""
RESAMPLES = 2_000


@dataclass(frozen=True)
class EpochAgreement:
    """How far the order of the complete trials after one epoch is that at their end."""

    epoch: int
    n: int
    spearman: float
    low: float
    high: float
    """of the 95 % interval (BCa over trials)"""
    best_was: int
    """the place, from 1, that the best trial in the end had after this epoch"""


def epoch_agreements(tables: SweepTables) -> list[EpochAgreement]:
    """Return the agreement for every epoch before the last, from the search trials that ran to their end.

    Only trials that went on past every rung are complete: they are alike in being good early on, which makes the
    correlation smaller than it would be over all trials. Empty with fewer than ``FEWEST`` of them.
    """
    scores = _scores_by_epoch(tables)
    if len(scores) < FEWEST or scores.shape[1] < 2:
        return []
    final = np.array([row[np.isfinite(row)][-1] for row in scores.to_numpy()])
    sign = Objective.of(tables.definition).sign
    epochs = [int(str(epoch)) for epoch in scores.columns[:-1]]
    return [found for epoch in epochs if (found := _agreement(epoch, scores[epoch], final, sign))]


def stopped_after(tables: SweepTables) -> dict[int, int]:
    """Return epoch -> how many search trials the scheduler stopped after it.

    A trial that somebody stopped carries the reason, one that the scheduler stopped carries none; one that a rule of
    its own ended (`early_stop`, `training.early_stopping_patience`) is complete.
    """
    trials = tables.stage_trials("search")
    counts = np.array(trials.loc[(trials["state"] == "pruned") & trials["error"].isna(), "epochs"], dtype=int)
    return {epoch: int((counts == epoch).sum()) for epoch in sorted(set(counts.tolist()))}


def rungs(definition: Mapping[str, Any], last: int) -> list[int]:
    """Return the epochs before the last at which the sweep's scheduler compares trials."""
    scheduler = definition.get("scheduler") or {}
    epoch, factor = scheduler.get("grace_period"), scheduler.get("reduction_factor")
    found = []
    while epoch and factor and factor > 1 and epoch < last:
        found.append(int(epoch))
        epoch *= factor
    return found


def _scores_by_epoch(tables: SweepTables) -> pd.DataFrame:
    """Return the objective of complete search trials: a row each, a column per epoch, the mean of the runs so far."""
    objective, trials = Objective.of(tables.definition), tables.stage_trials("search")
    complete = trials.loc[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float)), "trial"]
    epochs = tables.stage_epochs("search")
    if objective.metric not in epochs:
        return pd.DataFrame()
    own = epochs[epochs["trial"].isin(complete)].sort_values("epoch")
    scored = own.assign(
        value=own.groupby(["trial", "run"])[objective.metric].transform(
            lambda history: [objective.score(list(history.iloc[: k + 1])) for k in range(len(history))]
        )
    )
    return scored.pivot_table(index="trial", columns="epoch", values="value", aggfunc="mean")


def _agreement(epoch: int, early: pd.Series, final: np.ndarray, sign: int) -> EpochAgreement | None:
    values = early.to_numpy(dtype=float)
    known = np.isfinite(values) & np.isfinite(final)
    x, y = values[known], final[known]
    if len(x) < FEWEST or math.isnan(value := coefficient("spearman", x, y)):
        return None
    interval = bootstrap_intervals(x, y[None], count=RESAMPLES)["spearman"]
    best = x[np.argmax(sign * y)]
    return EpochAgreement(epoch, len(x), value, interval.low, interval.high, int((sign * x > sign * best).sum()) + 1)
