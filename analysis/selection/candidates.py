"""Everything that a submission could have been chosen by: scores, aggregates, rules, composites, subsets of classes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.correlation.candidates import FEWEST
from analysis.leaderboard.evidence import Evidence
from analysis.selection.class_subsets import class_subset_scores
from analysis.selection.composites import composites
from analysis.selection.evidence_pool import EvidencePool, evidence_pool
from analysis.selection.rules import RULES, Rule


@dataclass(frozen=True)
class Candidates:
    """What was tried."""

    table: pd.DataFrame
    """(submissions, candidates), higher is better, NaN where a submission has none"""
    same_as: Mapping[str, tuple[str, ...]]
    """candidate -> others that order the submissions exactly as it does (rank correlation 1) and were merged into it"""
    left_out: tuple[str, ...]
    """constant, or known of fewer than three submissions"""


def candidates(
    evidence: Evidence,
    rules: Mapping[str, Rule] = RULES,
    pool: EvidencePool | None = None,
    more: pd.DataFrame | None = None,
) -> Candidates:
    """Every candidate of one competition's submissions.

    Every recorded metric as submitted, at its best epoch and as the mean of the last three; every rule that has
    numbers; composites; macro ROC-AUC over classes with enough positives.

    Args:
        evidence: the submissions.
        rules: those to be asked.
        pool: the submissions with their predictions; None: read them.
        more: further columns, such as a score on labelled target windows.
    """
    pool = pool or evidence_pool(evidence)
    asked = {name: rule.score(pool) for name, rule in rules.items() if name not in pool.scores}
    parts = [pool.scores, pd.DataFrame(asked, index=pool.scores.index), class_subset_scores(pool)]
    table = pd.concat([part.astype(float) for part in [*parts, *([] if more is None else [more])]], axis=1)
    return merged(pd.concat([table, composites(table, pool)], axis=1))


def merged(table: pd.DataFrame) -> Candidates:
    """Columns that order the submissions alike become one, named as the first of them.

    Only a rank correlation of +1 merges: a reversed column is another choice, since it picks the other end.
    """
    groups: dict[bytes, list[str]] = {}
    left_out = []
    for name in table:
        values = table[name].to_numpy(float)
        known = values[np.isfinite(values)]
        if len(known) < FEWEST or np.ptp(known) == 0:
            left_out.append(str(name))
            continue
        groups.setdefault(_order(values).tobytes(), []).append(str(name))
    names = [first for first, *_ in groups.values()]
    same_as = {first: tuple(others) for first, *others in groups.values() if others}
    return Candidates(table[names].where(np.isfinite(table[names])), same_as, tuple(left_out))


def _order(values: np.ndarray) -> np.ndarray:
    """Midranks, 0 where there is no value."""
    known = np.isfinite(values)
    ranks = np.zeros(len(values))
    ranks[known] = rankdata(values[known])
    return ranks
