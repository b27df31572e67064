"""Scores of different kinds put together: by the mean of ranks, and by a mean weighted with numbers of classes."""

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import pandas as pd

from analysis.selection.pool import Pool

FAMILIES = {
    "focal": ("val/macro_auc", "val/map"),
    "scenes": ("rerender/macro_auc", "rerender_equalized/macro_auc", "robustness/macro_auc@snr=0"),
    "target": ("augmented/rank_agreement", "unlabelled/neighbour_agreement", "consensus"),
}
"""Clips as recorded, scenes made of them, and the unlabelled target: what one family misses another may see."""
SUBSETS = {"focal": "val", "scenes": "rerender"}
"""The stored subset whose labels say over how many classes the first score of a family is a mean."""


def composites(table: pd.DataFrame, pool: Pool) -> pd.DataFrame:
    """All composites that the columns of `table` allow: (runs, composites), higher is better.

    Args:
        table: (runs, candidates), higher is better.
        pool: the same runs, for their stored labels.
    """
    found = {**dict(_rank_means(table)), **dict(_weighted(table, pool))}
    return pd.DataFrame(found, index=table.index)


def _rank_means(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Pairs from two families, by the mean of the runs' ranks: no unit has to be the other's."""
    ranks = table.rank()
    for first, second in combinations(FAMILIES.values(), 2):
        for one, other in product(first, second):
            if one in table and other in table:
                yield f"ranks of {one} + {other}", (ranks[one] + ranks[other]) / 2


def _weighted(table: pd.DataFrame, pool: Pool) -> Iterator[tuple[str, pd.Series]]:
    """One mean over the classes of both sets, as if they were one list of classes.

    So the BirdCLEF+ 2025 authors (arXiv 2507.08236) joined a soundscape and a focal AUC over different classes.
    """
    focal, scenes = (FAMILIES[family][0] for family in SUBSETS)
    classes = [_classes(pool, subset) for subset in SUBSETS.values()]
    if focal in table and scenes in table and all(classes):
        mean = (classes[0] * table[focal] + classes[1] * table[scenes]) / sum(classes)
        yield f"classes of {focal} + {scenes}", mean


def _classes(pool: Pool, subset: str) -> int:
    """Classes that have positives and negatives in a stored subset; 0 where its labels are not stored."""
    labels = next((own.targets for own in pool.windows(subset).values() if own.targets is not None), None)
    return 0 if labels is None else int(np.count_nonzero(labels.any(axis=0) & ~labels.all(axis=0)))
