"""What a clip counts in the loss by its rating."""

import numpy as np
import pytest

from trainers.targets.encode import sample_weights
from trainers.targets.spec import TargetsSpec

BY_RATING = TargetsSpec(sample_weight="rating", rating_floor=0.25)


def relative(ratings: list[float | None], spec: TargetsSpec = BY_RATING) -> list[float]:
    """Weights relative to the largest."""
    weights = sample_weights(ratings, spec)
    return pytest.approx((weights / weights.max()).tolist())


def test_a_clip_counts_its_rating_over_the_highest():
    assert relative([5.0, 2.5, 4.0]) == [1, 0.5, 0.8]
    assert relative([4.0, 2.0]) == [1, 0.5]


def test_no_clip_counts_less_than_the_floor():
    assert relative([5.0, 0.5]) == [1, 0.25]


@pytest.mark.parametrize("unrated", [None, float("nan"), 0.0])
def test_a_clip_that_nobody_rated_counts_as_much_as_the_best(unrated):
    assert relative([5.0, unrated, 2.5]) == [1, 1, 0.5]


def test_the_mean_is_one_so_that_the_loss_keeps_its_scale():
    rng = np.random.default_rng(0)
    weights = sample_weights(list(rng.uniform(0, 5, 100)), BY_RATING)
    assert weights.mean() == pytest.approx(1)
    assert weights.dtype == np.float32


@pytest.mark.parametrize("ratings", [[None, None], [0.0, 0.0], [], [3.0, 3.0]])
def test_where_ratings_say_nothing_all_count_the_same(ratings):
    np.testing.assert_array_equal(sample_weights(ratings, BY_RATING), np.ones(len(ratings)))


def test_ratings_do_not_count_unless_asked_for():
    np.testing.assert_array_equal(sample_weights([5.0, 1.0, None], TargetsSpec()), np.ones(3))
