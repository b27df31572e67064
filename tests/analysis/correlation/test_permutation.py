"""p by permutation is what an enumeration of all orders gives."""

import itertools

import numpy as np
import pytest
from scipy import stats

from analysis.correlation.coefficients import COEFFICIENTS
from analysis.correlation.permutation import permutation_p

SCIPY = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


@pytest.mark.parametrize("name", COEFFICIENTS)
@pytest.mark.parametrize("tied", [False, True])
def test_small_samples_are_enumerated(name, tied):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 5))
    if tied:
        x, y = np.round(x), np.round(y, 1)
    null = [SCIPY[name](x, y[list(order)]).statistic for order in itertools.permutations(range(5))]
    observed = SCIPY[name](x, y).statistic
    p = permutation_p(name, x, y)
    assert p.method == "exact"
    assert p.greater == pytest.approx(np.mean(np.array(null) >= observed - 1e-9))
    assert p.less == pytest.approx(np.mean(np.array(null) <= observed + 1e-9))
    assert p.two_sided == pytest.approx(min(1, 2 * min(p.greater, p.less)))


def test_kendall_without_ties_is_exact_at_any_size():
    x, y = np.random.default_rng(0).normal(size=(2, 40))
    p = permutation_p("kendall", x, y)
    assert p.method == "exact"
    assert p.two_sided == pytest.approx(stats.kendalltau(x, y, method="exact").pvalue, abs=1e-12)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_sampled_orders_agree_with_theory_and_never_give_zero(name):
    x = np.arange(30.0)
    y = np.round(x + np.random.default_rng(1).normal(size=30) * 25)
    p = permutation_p(name, x, y)
    assert p.method == "sampled"
    assert p.two_sided == pytest.approx(SCIPY[name](x, y).pvalue, abs=0.02)
    certain = permutation_p(name, x, np.round(x / 2))
    assert certain.greater in (1 / 10_000, 1 / 2_000)
    assert permutation_p(name, x, y) == p


def test_many_ties_in_a_large_table_are_taken_as_normal():
    x = np.arange(200.0)
    y = np.random.default_rng(1).integers(5, size=200).astype(float)
    p = permutation_p("kendall", x, y)
    assert p.method == "asymptotic"
    assert p.two_sided == pytest.approx(stats.kendalltau(x, y).pvalue, abs=1e-12)


def test_a_constant_side_has_no_p():
    p = permutation_p("spearman", np.ones(6), np.arange(6.0))
    assert np.isnan(p.two_sided) and np.isnan(p.greater)
