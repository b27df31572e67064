"""The regret of the k best by validation, against every order of ties and every subset written out."""

import itertools

import numpy as np
import pytest

from analysis.correlation.regret import decision_regret
from analysis.correlation.regret_curve import regret_curve


def by_every_order(x, y, k):
    """Mean regret over all orders that are sorted by x: ties are broken in every way."""
    orders = [o for o in itertools.permutations(range(len(x))) if all(x[a] >= x[b] for a, b in itertools.pairwise(o))]
    return np.mean([max(y) - max(y[i] for i in order[:k]) for order in orders])


def by_every_subset(y, k):
    return np.mean([max(y) - max(chosen) for chosen in itertools.combinations(y, k)])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_mean_over_every_way_to_break_ties_and_over_every_random_choice(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 3, 7).astype(float), rng.integers(0, 5, 7).astype(float)
    for one in regret_curve(x, y):
        assert one.regret == pytest.approx(by_every_order(x, y, one.k), abs=1e-9)
        assert one.at_random == pytest.approx(by_every_subset(y, one.k), abs=1e-9)


def test_it_starts_at_the_regret_of_a_single_pick_and_ends_at_0():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=30), rng.normal(size=30)
    curve = regret_curve(x, y)
    assert [one.k for one in curve] == list(range(1, 31))
    assert curve[0].regret == pytest.approx(decision_regret(x, y, count=10).value)
    assert curve[0].at_random == pytest.approx(y.max() - y.mean())
    assert curve[-1].regret == pytest.approx(0, abs=1e-9) == curve[-1].at_random


def test_hundreds_of_submissions_are_no_trouble():
    y = np.arange(400.0)
    assert regret_curve(-y, y)[199].at_random == pytest.approx(399 - (400 * 200 / 201 + 200 / 201 - 1), rel=1e-6)
