"""Whether a searched parameter and the result go together, as far as the trials of one sweep can tell."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import SearchParameter, search_parameters
from analysis.standing import blocks, judged_trials, shuffles

MIN_TRIALS = 6
"""Fewer trials with a result than this are not tested."""
LEVEL = 0.05
"""How often, at most, a sweep of random trials that all run to their end shows anything where nothing matters.

A search that adapts, or stops trials early, may exceed it (`benchmarks/effect_errors.py`).
"""
PERMUTATIONS = 4999


@dataclass(frozen=True)
class Association:
    """The test of one parameter; ``p`` is NaN where it was not tested, and ``reason`` then says why."""

    parameter: str
    explained: float
    """the share of the variance of the ranks, within blocks, that goes with the parameter"""
    p: float
    """corrected for the number of parameters tested (Holm)"""
    n: int
    stopped: int
    """of the ``n``, how many the scheduler stopped"""
    shape: str = ""
    """of a range: where its results are best; "" for choices"""
    reason: str = ""

    @property
    def is_tested(self) -> bool:
        """Tell whether there were trials enough, and values apart, to test it."""
        return not np.isnan(self.p)

    @property
    def shown(self) -> bool:
        """Tell whether the association holds beside all others that were tested."""
        return self.p < LEVEL


def associations(tables: SweepTables) -> list[Association]:
    """Test every searched parameter against the standing of the trials, in the order of the definition.

    A permutation test of ranks (`judged_trials`) within blocks of consecutive trials (`shuffles`). The statistic is the
    share of their variance between the choices (Kruskal-Wallis's), or for a range along a parabola over the rank of the
    value, which sees an optimum within the range as well as a trend. Corrected over the parameters by Holm (1979).
    """
    judged = judged_trials(tables)
    return _corrected([_association(judged, parameter) for parameter in search_parameters(tables)])


def _association(judged: pd.DataFrame, parameter: SearchParameter) -> Association:
    own = parameter.active(judged)
    if reason := _why_not(own):
        return _untested(parameter, own, reason)
    values = _values(parameter, own)
    if parameter.is_choice:
        own, values = _tried_twice(own, values)
    if len(own) < MIN_TRIALS or (values == values[0]).all():
        return _untested(parameter, own, _ALIKE[parameter.is_choice])
    design = _choice_design(values) if parameter.is_choice else _range_design(values)
    ranks = stats.rankdata(own["standing"])
    explained, p = _permutation_test(ranks, design)
    shape = "" if parameter.is_choice else _shape(ranks, design)
    return Association(parameter.path, explained, p, len(own), _stopped(own), shape)


_ALIKE = {True: "fewer than two choices with two trials that have a result", False: "all values are equal"}


def _why_not(own: pd.DataFrame) -> str:
    n = len(own)
    if n < MIN_TRIALS:
        return f"it takes {MIN_TRIALS} trials with a result, there {'is' if n == 1 else 'are'} {n or 'none'}"
    return "all results are equal" if np.ptp(own["standing"]) == 0 else ""


def _untested(parameter: SearchParameter, own: pd.DataFrame, reason: str) -> Association:
    return Association(parameter.path, float("nan"), float("nan"), len(own), _stopped(own), reason=reason)


def _stopped(own: pd.DataFrame) -> int:
    return int((own["state"] == "pruned").sum())


def _values(parameter: SearchParameter, own: pd.DataFrame) -> np.ndarray:
    """Return the value of each trial, a text for choices, ``(trials,)``."""
    return np.asarray(parameter.labels(own)) if parameter.is_choice else own[parameter.column].to_numpy(dtype=float)


def _tried_twice(own: pd.DataFrame, labels: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the trials whose choice was tried more than once: one alone says nothing of its choice."""
    tried, counts = np.unique(labels, return_counts=True)
    kept = np.isin(labels, tried[counts >= 2])
    return own[kept], labels[kept]


def _choice_design(labels: np.ndarray) -> np.ndarray:
    """Return a column per choice, ``(trials, choices)``."""
    return np.asarray(labels[:, None] == np.unique(labels), dtype=float)


def _range_design(values: np.ndarray) -> np.ndarray:
    """Return the place of each value among those tried, from -1 to 1, and its square, ``(trials, 2)``."""
    place = 2 * (stats.rankdata(values) - 0.5) / len(values) - 1
    return np.column_stack([place, place**2])


def _permutation_test(ranks: np.ndarray, design: np.ndarray) -> tuple[float, float]:
    """Return the share of the variance of ``ranks`` that ``design`` explains within blocks, and how rare that is."""
    block = blocks(len(ranks))
    residuals, basis = _within(ranks[:, None], block)[:, 0], _orthonormal(_within(design, block))
    orders = np.vstack([np.arange(len(ranks)), shuffles(len(ranks), PERMUTATIONS)])
    explained = ((residuals[orders] @ basis) ** 2).sum(axis=1) / max((residuals**2).sum(), 1e-12)
    return float(explained[0]), float((explained >= explained[0] - 1e-9).mean())


def _within(columns: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return ``columns`` ``(trials, n)`` less the mean of their block."""
    return np.asarray(columns - (pd.DataFrame(columns).groupby(block).transform("mean")).to_numpy())


def _orthonormal(design: np.ndarray) -> np.ndarray:
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    return np.asarray(left[:, sizes > 1e-9])


def _shape(ranks: np.ndarray, design: np.ndarray) -> str:
    """Return in words where the results are best; in between where the parabola turns in the inner 60 % of trials.

    Two values have a trend alone: a value and its square say the same there, and any parabola passes through both.
    """
    block = blocks(len(ranks))
    residuals, columns = _within(ranks[:, None], block)[:, 0], _within(design, block)
    is_bent = _orthonormal(columns).shape[1] == 2
    slope, bend = np.linalg.lstsq(columns, residuals, rcond=None)[0] if is_bent else (columns[:, 0] @ residuals, 0.0)
    turn = -slope / (2 * bend) if bend else np.inf
    if abs(turn) < 0.6:
        return "best in between" if bend < 0 else "worst in between"
    return "the higher, the better" if slope > 0 else "the lower, the better"


def _corrected(found: list[Association]) -> list[Association]:
    """Return the same with Holm's step-down correction of their p values."""
    tested = sorted((place for place, each in enumerate(found) if each.is_tested), key=lambda place: found[place].p)
    corrected, p = list(found), 0.0
    for done, place in enumerate(tested):
        p = max(p, min(1.0, found[place].p * (len(tested) - done)))
        corrected[place] = replace(found[place], p=p)
    return corrected
