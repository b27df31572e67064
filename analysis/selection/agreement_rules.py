"""Rules by agreement with the other runs of a pool on the unlabelled target."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.proxies.agreement import rank_agreement, top1_agreement
from analysis.selection.pool import Pool

TARGET = "target"
EDGE = 1e-3
"""Rates are kept this far from 0 and 1 before the probit."""


def consensus(pool: Pool) -> pd.Series:
    """Rank agreement of each run with the mean ranks of all others, on the target.

    The others stand in for the labels, as an ensemble does for a teacher (Hinton et al. 2015); that runs which agree
    with others out of domain tend to be right there is agreement-on-the-line's premise (Baek et al. 2022).
    """
    ranks = pool.ranks(TARGET)
    total = sum(ranks.values())
    found = {run: rank_agreement(own, total - own) for run, own in ranks.items()}
    return pd.Series(found, dtype=float).reindex(pool.runs) if len(ranks) > 2 else _unknown(pool)


def agreement_on_the_line(pool: Pool) -> pd.Series:
    """Accuracy on the target, estimated from how pairs of runs agree there and on validation.

    ALine-D of Baek et al. 2022: probit agreement on the target is fitted by a line in probit agreement on validation;
    the same line turns validation accuracies into those on the target, solved for all runs at once by least squares.
    Accuracy is that of the most probable class.
    """
    val, target = pool.windows("val"), pool.windows(TARGET)
    runs = [run for run in pool.runs if run in val and run in target]
    if len(runs) < 3:
        return _unknown(pool)
    pairs = [(i, j) for i in range(len(runs)) for j in range(i)]
    at_home, away = (
        _probit([top1_agreement(own[runs[i]].probabilities, own[runs[j]].probabilities) for i, j in pairs])
        for own in (val, target)
    )
    slope, intercept = np.polyfit(at_home, away, 1)
    accuracy = _probit([_top1_accuracy(val[run].probabilities, val[run].targets) for run in runs])
    equations = np.zeros((len(pairs) + 1, len(runs)))
    for row, (i, j) in enumerate(pairs):
        equations[row, [i, j]] = 0.5
    equations[-1] = 1 / len(runs)
    ends = np.array([[accuracy[i], accuracy[j]] for i, j in pairs]).mean(1)
    values = np.append(away + slope * (ends - at_home), slope * accuracy.mean() + intercept)
    solved = np.linalg.lstsq(equations, values, rcond=None)[0]
    return pd.Series(dict(zip(runs, solved, strict=True))).reindex(pool.runs)


def _probit(rates: list[float]) -> np.ndarray:
    return np.asarray(norm.ppf(np.clip(rates, EDGE, 1 - EDGE)))


def _top1_accuracy(probabilities: np.ndarray, targets: np.ndarray | None) -> float:
    assert targets is not None
    known = targets.any(1)
    return float((targets[known][np.arange(known.sum()), probabilities[known].argmax(1)] > 0).mean())


def _unknown(pool: Pool) -> pd.Series:
    return pd.Series(np.nan, index=list(pool.runs))
