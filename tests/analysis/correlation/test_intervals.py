"""Bootstrap intervals are scipy's, deterministic, and say when the resamples define none."""

import numpy as np
import pytest
from scipy import stats

from analysis.correlation.board_error import board_versions, rounding_step
from analysis.correlation.intervals import bootstrap_intervals, resamples


def pairs(n=20):
    x, e = np.random.default_rng(4).normal(size=(2, n))
    return x, x + e


def test_resamples_are_multinomial():
    drawn = np.concatenate(list(resamples(10, 4000, np.random.default_rng(0))))
    assert drawn.shape == (4000, 10) and (drawn.sum(axis=1) == 10).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(drawn.var(axis=0), 0.9, atol=0.1)


def ranked(x, y, axis):
    return stats.pearsonr(*(stats.rankdata(values, axis=axis) for values in (x, y)), axis=axis).statistic


@pytest.mark.parametrize(("name", "measure"), [("pearson", stats.pearsonr), ("spearman", ranked)])
def test_equals_scipys_bca_but_for_the_draw(name, measure):
    x, y = pairs()
    theirs = stats.bootstrap((x, y), measure_of(measure), paired=True, n_resamples=10_000, method="BCa", rng=0)
    ours = bootstrap_intervals(x, y[None])[name]
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.025)


def measure_of(measure):
    return lambda x, y, axis: getattr(found := measure(x, y, axis=axis), "statistic", found)


def test_the_same_seed_gives_the_same_interval():
    x, y = pairs()
    assert bootstrap_intervals(x, y[None], 1, 500) == bootstrap_intervals(x, y[None], 1, 500)
    assert bootstrap_intervals(x, y[None], 1, 500) != bootstrap_intervals(x, y[None], 2, 500)


def test_degenerate_resamples_are_counted_and_too_many_leave_no_interval():
    few = bootstrap_intervals(np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 1, 1, 2, 3])[None])["spearman"]
    expected = 10_000 * ((3 / 5) ** 5 + 2 * (1 / 5) ** 5)
    assert few.degenerate == pytest.approx(expected, rel=0.15) and np.isfinite(few.low)
    none = bootstrap_intervals(np.array([1.0, 2, 3, 4, 5, 6, 7]), np.array([1.0] * 7)[None])["spearman"]
    assert np.isnan(none.low) and none.degenerate == 10_000
    rare = bootstrap_intervals(np.array([1.0, 2, 3]), np.array([1.0, 2, 2])[None], count=1000)["kendall"]
    assert rare.degenerate > 300


def test_what_a_finite_test_hides_widens_the_interval():
    x, y = pairs(40)
    noisy = board_versions(y, 1.0, seed=0)
    plain, wide = (bootstrap_intervals(x, versions)["spearman"] for versions in (y[None], noisy))
    assert wide.low < plain.low - 0.05 and wide.high < plain.high
    assert len(board_versions(y, 0.0, seed=0)) == 1


def test_rounding_is_recognised_and_undone_within_half_a_unit():
    y = np.array([0.732, 0.75, 0.779])
    assert rounding_step(y) == pytest.approx(0.001)
    assert rounding_step(np.array([0.1234567, 0.2])) == 0
    hidden = board_versions(y, 0.0, seed=0) - y
    assert hidden[0].tolist() == [0, 0, 0]
    assert 0.0004 < np.abs(hidden).max() <= 0.0005
