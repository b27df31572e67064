"""What the private score will be: against simulated competitions whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.errors import UserError
from analysis.leaderboard.shake_up import Split, binomial_sd, shake_up

PUBLIC_SD, SPREAD, RATIO, SUBMISSIONS, COMPETITIONS = 0.01, 0.01, 4.0, 20, 200


def simulated(correlation: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(competitions, submissions) public and private scores."""
    rng = np.random.default_rng(seed)
    truth = 0.8 + rng.normal(0, SPREAD, (COMPETITIONS, SUBMISSIONS))
    scores = []
    for sd in (PUBLIC_SD, PUBLIC_SD / math.sqrt(RATIO)):
        shared = rng.normal(0, math.sqrt(correlation) * sd, (COMPETITIONS, 1))
        scores.append(truth + shared + rng.normal(0, math.sqrt(1 - correlation) * sd, truth.shape))
    return scores[0], scores[1]


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_intervals_hold_the_private_score_and_orders_hold_as_often_as_said(correlation):
    split = Split(1, RATIO, PUBLIC_SD, correlation)
    names = [str(k) for k in range(SUBMISSIONS)]
    inside, said, held, fell = [], [], [], []
    for public, private in zip(*simulated(correlation, 1), strict=True):
        found = shake_up(names, public, split)
        rows = [int(one.name) for one in found.outlooks]
        inside += [one.low <= private[row] <= one.high for one, row in zip(found.outlooks, rows, strict=True)]
        said.append(found.holds[0][1])
        held.append(private[rows[0]] > private[rows[1]])
        fell.append(found.outlooks[0].private - private[rows[0]])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)
    assert np.mean(held) == pytest.approx(np.mean(said), abs=4 * 0.5 / math.sqrt(COMPETITIONS))
    assert abs(np.mean(fell)) < 4 * np.std(fell) / math.sqrt(COMPETITIONS)


def test_two_submissions_are_compared_by_the_noise_of_both_tests():
    found = shake_up(["a", "b"], [0.80, 0.82], Split(1000, 4000, 0.01))
    noise = math.sqrt(2 * (0.01**2 + 0.005**2))
    assert [one.name for one in found.outlooks] == ["b", "a"]
    assert found.holds[0][1] == pytest.approx(stats.norm.cdf(0.02 / noise))
    assert found.outlooks[0].best == pytest.approx(found.holds[0][1], abs=0.03)
    assert found.outlooks[0].high - found.outlooks[0].private == pytest.approx(1.959964 * math.hypot(0.01, 0.005))


def test_leads_within_the_noise_are_expected_to_shrink_as_morris_says():
    public = [0.79, 0.80, 0.81, 0.80, 0.795, 0.805]
    assert shake_up(list("abcdef"), public, Split(1, 1, 0.05)).shrinkage == pytest.approx(1 - 3 / 5)
    squares = sum((one - 0.8) ** 2 for one in public)
    found = shake_up(list("abcdef"), public, Split(1, 1, 0.001))
    assert found.shrinkage == pytest.approx(1 - 3 * 0.001**2 / squares)
    assert found.outlooks[0].private == pytest.approx(0.8 + 0.01 * found.shrinkage)


def test_a_loss_has_its_lowest_first():
    found = shake_up(["a", "b"], [0.5, 0.3], Split(1, 1, 0.05), lower=True)
    assert [(one.name, one.public, one.private) for one in found.outlooks] == [("b", 0.3, 0.3), ("a", 0.5, 0.5)]
    assert found.outlooks[0].low < 0.3 < found.outlooks[0].high
    assert found.holds[0][1] > 0.5


def test_the_binomial_sd_is_scipy_s():
    assert binomial_sd(0.7, 250) == pytest.approx(stats.binom(250, 0.7).std() / 250)


def test_what_cannot_be_is_refused():
    with pytest.raises(UserError, match="public_size must be positive, got 0"):
        Split(0, 1, 0.1)
    with pytest.raises(UserError, match="correlation must be from 0 to below 1, got 1"):
        Split(1, 1, 0.1, 1.0)
    with pytest.raises(UserError, match="every submission needs a public score"):
        shake_up(["a"], [math.nan], Split(1, 1, 0.1))
