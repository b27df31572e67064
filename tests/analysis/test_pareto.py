"""The front against a comparison of every pair, written out."""

import math

import numpy as np
import pytest

from analysis.objective import Objective
from analysis.pareto import pareto_front

BEST, COST = Objective("val/macro_auc", "max"), Objective("val/loss", "min")


def dominates(left, right):
    """For (max, min, ...) alternating."""
    signs = [1 if column % 2 == 0 else -1 for column in range(len(left))]
    gains = [sign * (a - b) for sign, a, b in zip(signs, left, right, strict=True)]
    return all(gain >= 0 for gain in gains) and any(gain > 0 for gain in gains)


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_a_row_is_on_the_front_where_no_other_dominates_it(objectives):
    rng = np.random.default_rng(objectives)
    for _ in range(30):
        rows = rng.integers(0, 6, (rng.integers(1, 25), objectives)).astype(float)  # many ties
        expected = [not any(dominates(other, row) for other in rows) for row in rows]
        assert pareto_front(rows, [BEST, COST, BEST][:objectives]).tolist() == expected


def test_a_row_without_a_value_is_on_no_front_and_hides_none():
    rows = [(0.9, math.nan), (0.5, 1.0), (math.inf, 0.1)]
    assert pareto_front(rows, [BEST, COST]).tolist() == [False, True, False]
    assert pareto_front([], [BEST, COST]).tolist() == []
