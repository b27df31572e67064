"""Weighted coefficients are scipy's of the rows repeated as often as they weigh."""

import numpy as np
import pytest
from scipy import stats

from analysis.correlation.coefficients import COEFFICIENTS, coefficient

SCIPY = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


def tied_pairs(seed, n=25):
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=n), 1) * 1e-3 + 0.95
    return x, np.round(x * 50 + rng.normal(size=n), 1)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_equals_scipy_with_ties(name):
    for seed in range(10):
        x, y = tied_pairs(seed)
        assert coefficient(name, x, y) == pytest.approx(SCIPY[name](x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_weights_are_repeated_rows(name):
    x, y = tied_pairs(3)
    weights = np.random.default_rng(0).multinomial(25, np.full(25, 1 / 25), size=20)
    expected = [SCIPY[name](np.repeat(x, row), np.repeat(y, row)).statistic for row in weights]
    np.testing.assert_allclose(COEFFICIENTS[name](weights.astype(float), x, y), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_a_resample_with_one_value_has_no_coefficient(name):
    x, y = np.array([0.1, 0.1, 0.7]), np.array([0.3, 0.2, 0.1])
    values = COEFFICIENTS[name](np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 3.0]]), x, y)
    assert np.isnan(values).tolist() == [True, False, True]
