"""Within and between: differences between groups can't pass for a relation within."""

import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.correlation.groups import within_between


def test_one_group_is_the_ordinary_rank_correlation():
    x, y = np.random.default_rng(0).normal(size=(2, 5))
    one = within_between("era", ["a"] * 5, x, y)
    assert one.within == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    null = np.array([stats.spearmanr(x, order).statistic for order in itertools.permutations(y)])
    assert one.p_greater == pytest.approx(np.mean(null >= one.within - 1e-9))


def test_what_groups_are_apart_by_changes_nothing_within():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 30))
    names = list("abc" * 10)
    level = np.array([10.0 * "abc".index(name) for name in names])
    near, apart = within_between("era", names, x, y), within_between("era", names, x + level, y + level)
    assert (near.within, near.p_greater) == (apart.within, apart.p_greater)
    assert apart.between == pytest.approx(1)
    assert stats.spearmanr(x + level, y + level).statistic > 0.8 > abs(apart.within)


def test_pairs_are_enumerated_within_groups():
    x, y = np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 5, 9])
    one = within_between("era", ["a", "a", "b", "b"], x, y)
    assert (one.within, one.p_greater) == (pytest.approx(1), 0.25)


def test_unstated_values_are_shared_with_nobody():
    x = np.arange(6.0)
    one = within_between("voice", ["unstated", "", "?", "N/A", "kept", "longest"], x, x)
    assert (one.groups, one.compared, one.not_stated, one.comparable) == (2, 0, 4, False)
    assert np.isnan(one.within)


def test_no_rows_are_no_groups():
    assert not within_between("era", [], np.array([]), np.array([])).comparable
