"""Regret is what a pick loses, in the leaderboard's own units."""

import numpy as np
import pytest

from analysis.correlation.intervals import resamples
from analysis.correlation.regret import decision_regret, top_agreement


def test_ties_count_with_their_mean():
    one = decision_regret(np.array([3.0, 3.0, 1.0]), np.array([0.5, 0.7, 0.9]), count=100)
    assert (one.picked, one.best, one.tied_picks) == (pytest.approx(0.6), 0.9, 2)
    assert one.value == pytest.approx(0.3)
    assert one.at_random == pytest.approx(0.2)


def test_a_turned_score_is_told_as_the_leaderboard_has_it():
    one = decision_regret(np.array([1.0, 2.0]), -np.array([0.3, 0.4]), sign=-1, count=100)
    assert (one.picked, one.best, one.value) == (0.4, 0.3, pytest.approx(0.1))


def test_the_interval_is_that_of_redrawn_submissions():
    x, y = np.round(np.random.default_rng(0).normal(size=(2, 9)), 1)
    lost = []
    for weights in resamples(9, 2000, np.random.default_rng(7)):
        for row in weights.astype(int):
            a, b = np.repeat(x, row), np.repeat(y, row)
            lost.append(b.max() - b[a == a.max()].mean())
    one = decision_regret(x, y, seed=7, count=2000)
    assert (one.low, one.high) == pytest.approx(tuple(np.quantile(lost, [0.025, 0.975])), abs=1e-12)


def test_top_agreement_counts_shared_places():
    x, y = np.array([5.0, 4, 3, 2, 1]), np.array([5.0, 1, 4, 3, 2])
    assert top_agreement(x, y, 1).shared == 1
    assert top_agreement(x, y, 2).shared == 1
    assert top_agreement(x, y, 2).by_chance == pytest.approx(4 / 5)
    everywhere = top_agreement(np.ones(4), np.arange(4.0), 2)
    assert everywhere.shared == pytest.approx(everywhere.by_chance)
