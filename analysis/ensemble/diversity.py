"""How different members are: an ensemble gains from members that are good and err on different clips.

Pairs are compared by rank, clip against clip within a class, so that calibration does not count.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.ensemble.members import Members

FEWEST = 5
"""Clips below which a correlation is left out of the mean."""


def rank_correlations(members: Members, errors: bool = False) -> pd.DataFrame:
    """(members, members) mean over the classes of Spearman's correlation of the predictions.

    Args:
        members: at least two.
        errors: correlate within the clips that have the class, and within those that do not, and average both: two
            good members agree on the labels, and only what is left says whether they err alike. The pairwise
            correlation of errors is a standard measure of diversity (Kuncheva and Whitaker 2003); by ranks it is ours.
    """
    tables = [_spearman(part) for part in _comparable(members, errors)]
    mean = np.nanmean(tables, axis=0) if tables else np.full((len(members.names),) * 2, np.nan)
    return pd.DataFrame(mean, pd.Index(members.names), pd.Index(members.names))


def by_kind(correlations: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """(kinds, kinds) mean correlation of pairs of different members: of one kind on the diagonal, across beside it.

    Args:
        correlations: of `rank_correlations`.
        kinds: member -> its kind, such as its loss with its kind of target.
    """
    kind = np.array([kinds[name] for name in correlations.index], dtype=object)
    values = correlations.to_numpy(float, copy=True)
    np.fill_diagonal(values, np.nan)
    names = sorted(set(kind))
    cells = [[_mean(values[np.ix_(kind == row, kind == column)]) for column in names] for row in names]
    return pd.DataFrame(cells, pd.Index(names), pd.Index(names))


def _comparable(members: Members, errors: bool) -> Iterator[np.ndarray]:
    """(members, clips) predictions of one class on clips that are compared with each other."""
    for k in range(members.positive.shape[1]):
        positive, values = members.positive[:, k], members.probabilities[:, :, k]
        for part in (positive, ~positive) if errors else (np.ones_like(positive),):
            if part.sum() >= FEWEST:
                yield values[:, part]


def _spearman(values: np.ndarray) -> np.ndarray:
    """(members, members); NaN for a member that says the same of all clips."""
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((ranks**2).sum(axis=1))
    scaled = np.divide(ranks, norms[:, None], out=np.full_like(ranks, np.nan), where=norms[:, None] > 0)
    return np.asarray(scaled @ scaled.T)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
