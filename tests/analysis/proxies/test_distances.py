"""Distances between embeddings against closed forms and double loops."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from analysis.proxies.distances import adversarial_validation, frechet_distance, mmd

RNG = np.random.default_rng(1)


def test_frechet_distance_of_independent_features_is_a_sum_over_them():
    x, y = RNG.normal(0, 1, (300, 3)), RNG.normal(1, 2, (300, 3))
    x, y = (np.linalg.qr(rows - rows.mean(0))[0] * 17 for rows in (x, y))  # covariances become multiples of identity
    y = 2 * y + 1
    var_x, var_y = x.var(0, ddof=1), y.var(0, ddof=1)
    expected = 3 + np.sum(var_x + var_y - 2 * np.sqrt(var_x * var_y))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-5)


def test_mmd_is_the_unbiased_estimate_summed_pair_by_pair():
    x, y = RNG.normal(0, 1, (12, 4)), RNG.normal(0.5, 1, (9, 4))
    scale = np.median(cdist(x, y, "sqeuclidean"))

    def kernel(a, b):
        return np.exp(-np.sum((a - b) ** 2) / scale)

    within_x = np.mean([kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    within_y = np.mean([kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    across = np.mean([kernel(a, b) for a in x for b in y])
    assert mmd(x, y) == pytest.approx(within_x + within_y - 2 * across, rel=1e-9)


def test_what_can_not_be_told_apart_is_at_a_half_and_weighs_the_same():
    rows = RNG.normal(0, 1, (400, 3))
    found = adversarial_validation(rows[:200], rows[200:], np.arange(400))
    assert 0.35 < found.auc < 0.65
    assert found.weights.mean() == pytest.approx(1)
    assert found.weights.std() < 0.6


def test_source_rows_that_look_like_the_target_weigh_more():
    source = np.concatenate([RNG.normal(0, 1, (150, 3)), RNG.normal(2, 1, (50, 3))])
    found = adversarial_validation(source, RNG.normal(2, 1, (200, 3)), np.arange(400))
    assert found.auc > 0.8
    assert found.weights[150:].mean() > 3 * found.weights[:150].mean()


def test_rows_of_one_recording_are_on_one_side_of_a_fold():
    """Two recordings that differ by a trait of their own: out of fold, that tells nothing of source and target."""
    groups = np.repeat(np.arange(20), 10)
    traits = RNG.normal(0, 1, (20, 8))[groups]
    found = adversarial_validation(traits[:100], traits[100:], groups)
    assert found.auc < 0.8
    leaky = adversarial_validation(traits[:100], traits[100:], np.arange(200))
    assert leaky.auc > found.auc + 0.15
