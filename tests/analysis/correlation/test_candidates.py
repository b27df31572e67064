"""The best of many candidates is judged by the distribution of the best."""

import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.correlation.candidates import max_permutation
from analysis.correlation.permutation import permutation_p


def test_small_tables_are_enumerated():
    rng = np.random.default_rng(0)
    candidates, leaderboard = rng.normal(size=(5, 3)), rng.normal(size=5)
    orders = [leaderboard[list(order)] for order in itertools.permutations(range(5))]
    null = np.array([[stats.spearmanr(column, y).statistic for column in candidates.T] for y in orders])
    for k, p in enumerate(max_permutation(candidates, leaderboard)):
        observed = stats.spearmanr(candidates[:, k], leaderboard).statistic
        assert p.greater == pytest.approx(np.mean(null.max(axis=1) >= observed - 1e-9))
        assert p.less == pytest.approx(np.mean(null.min(axis=1) <= observed + 1e-9))


@pytest.mark.parametrize("n", [7, 20])
@pytest.mark.parametrize("statistic", ["spearman", "pearson"])
def test_one_candidate_is_an_ordinary_test_and_a_copy_costs_nothing(n, statistic):
    x, y = np.random.default_rng(n).normal(size=(2, n))
    alone = permutation_p(statistic, x, y)
    assert max_permutation(x[:, None], y, statistic) == [alone]
    assert max_permutation(np.column_stack([x, x]), y, statistic) == [alone, alone]


def test_more_candidates_make_the_same_relation_less_certain():
    rng = np.random.default_rng(7)
    candidates = rng.normal(size=(20, 26))
    y = candidates[:, 0] + rng.normal(size=20) * 1.8
    alone, among = (max_permutation(candidates[:, :k], y)[0].greater for k in (1, 26))
    assert alone < 0.01 < 0.05 < among


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(8)
    candidates, y, order = rng.normal(size=(15, 3)), rng.normal(size=15), rng.permutation(15)
    assert max_permutation(candidates, y) == max_permutation(candidates[order], y[order])


def test_missing_values_leave_out_rows_and_constants_leave_out_candidates():
    rng = np.random.default_rng(2)
    y = rng.normal(size=30)
    x = y.copy()
    x[:10] = np.nan
    found = max_permutation(np.column_stack([x, np.ones(30), rng.normal(size=30)]), y)
    assert found[0].greater < 0.001
    assert np.isnan(found[1].greater)
    assert found[2].greater > 0.05
