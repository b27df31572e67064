"""What can't be bettered in one objective without being worse in another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.objective import Objective


def pareto_front(values: ArrayLike, objectives: Sequence[Objective]) -> NDArray[np.bool_]:
    """Which rows no other row dominates: is at least as good in every objective, and better in one.

    Args:
        values: one row per trial, one column per objective, (n, m). A row with a NaN is never on the front.
        objectives: of the columns.

    Returns:
        (n,) bool. Equal rows are on the front together.
    """
    signs = np.array([objective.sign for objective in objectives], dtype=float)
    gains = np.asarray(values, dtype=float).reshape(-1, len(signs)) * signs
    whole = np.isfinite(gains).all(axis=1)
    front: NDArray[np.bool_] = whole.copy()
    for row in np.flatnonzero(whole):
        others = gains[whole]
        dominated = (others >= gains[row]).all(axis=1) & (others > gains[row]).any(axis=1)
        front[row] = not dominated.any()
    return front
