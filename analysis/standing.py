"""The order in which the trials of one search stand, stopped and diverged ones among them, and how chance shuffles it.

A stopped trial's score is from fewer epochs than the others', so it says nothing beside a final score. That it was
stopped does: it had fallen behind those that went on.
"""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import of_one_configuration

BLOCK = 10
"""Consecutive trials within which chance may exchange results."""


def judged_trials(tables: SweepTables) -> pd.DataFrame:
    """Return the search trials that have a result, by their number, with the column ``standing``: 1 is the worst.

    Censored ranks: complete trials by their score; below them those that the scheduler stopped, by the epoch that they
    reached and within it by their score there; below all of them those that diverged. Equals share the mean of their
    ranks. What failed, runs still, was stopped by hand or took over from others of its population has no result.
    """
    trials = of_one_configuration(tables.stage_trials("search")).sort_values("trial", kind="stable")
    judged = trials[_has_result(trials)]
    scores = judged["score"].to_numpy(dtype=float) * Objective.of(tables.definition).sign
    reached = judged["epochs"].to_numpy(dtype=float)
    reached = np.where(judged["state"] == "complete", np.inf, np.where(judged["state"] == "diverged", -1.0, reached))
    scores = np.where(judged["state"] == "diverged", 0.0, scores)
    _, place = np.unique(np.column_stack([reached, scores]), axis=0, return_inverse=True)
    return judged.assign(standing=stats.rankdata(place.ravel()))


def blocks(n: int) -> np.ndarray:
    """Return the block of each of ``n`` consecutive trials, ``(n,)``: ``BLOCK`` trials or a few more in each."""
    return np.arange(n) * max(1, n // BLOCK) // max(1, n)


def shuffles(n: int, count: int) -> np.ndarray:
    """Return ``count`` orders of ``n`` consecutive trials, ``(count, n)``, shuffled within their blocks; fixed seed.

    An adaptive sampler narrows every parameter as the scores rise, also one that does nothing, and asynchronous halving
    is kinder to early trials. Results exchanged over a whole search would show both as effects; neighbours were drawn
    and judged nearly alike, quite so where trials are random and none is stopped. (Permutation within strata: Good
    2005, Permutation, Parametric and Bootstrap Tests of Hypotheses.)
    """
    keys = blocks(n) + np.random.default_rng(0).random((count, n))
    return np.asarray(np.argsort(keys, axis=1))


def _has_result(trials: pd.DataFrame) -> np.ndarray:
    """Tell which trials the search has judged; one that the scheduler stopped carries no error, by hand it does."""
    state, scored = trials["state"].to_numpy(), np.isfinite(trials["score"].to_numpy(dtype=float))
    by_scheduler = (state == "pruned") & trials["error"].isna().to_numpy()
    return np.asarray((scored & ((state == "complete") | by_scheduler)) | (state == "diverged"))
