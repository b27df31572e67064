"""Smoothing over the windows of a recording, against loops; and aggregation over those of a clip."""

import numpy as np
import pytest

from trainers.training.smoothing import SMOOTHINGS, per_clip, smooth_recordings

P = np.random.default_rng(0).random((9, 3))


def window_of(values: np.ndarray, now: int, width: int) -> np.ndarray:
    """`width` windows around one; the ends stand for what lies beyond."""
    places = np.clip(np.arange(now - width // 2, now + width // 2 + 1), 0, len(values) - 1)
    return values[places]


def parabola(values: np.ndarray) -> np.ndarray:
    half = len(values) // 2
    fitted = np.polynomial.polynomial.polyfit(np.arange(-half, half + 1), values, 2)
    return fitted[0]


def test_neighbours_count_a_tenth_and_the_only_one_at_an_end_a_fifth():
    smooth = SMOOTHINGS["neighbor_average"](P, 3)
    for now in range(1, 8):
        np.testing.assert_allclose(smooth[now], 0.1 * P[now - 1] + 0.8 * P[now] + 0.1 * P[now + 1], atol=1e-12)
    np.testing.assert_allclose(smooth[0], 0.8 * P[0] + 0.2 * P[1], atol=1e-12)
    np.testing.assert_allclose(smooth[-1], 0.8 * P[-1] + 0.2 * P[-2], atol=1e-12)


@pytest.mark.parametrize("width", [3, 5, 7])
def test_moving_triangular_and_median_are_loops_over_windows(width):
    half = width // 2
    triangle = (half + 1 - np.abs(np.arange(-half, half + 1)))[:, None]
    loops = {
        "moving": lambda values: values.mean(0),
        "triangular": lambda values: (triangle * values).sum(0) / triangle.sum(),
        "median": lambda values: np.median(values, 0),
    }
    for name, loop in loops.items():
        expected = [loop(window_of(P, now, width)) for now in range(len(P))]
        np.testing.assert_allclose(SMOOTHINGS[name](P, width), expected, atol=1e-12)


def test_savitzky_golay_is_the_middle_of_a_fitted_parabola():
    smooth = SMOOTHINGS["savitzky_golay"](P, 5)
    for now in range(2, 7):
        expected = np.clip(parabola(P[now - 2 : now + 3]), 0, 1)
        np.testing.assert_allclose(smooth[now], expected, atol=1e-10)


def test_exponential_smoothing_is_its_recursion():
    expected = [P[0]]
    for now in P[1:]:
        expected.append(0.3 * now + 0.7 * expected[-1])
    np.testing.assert_allclose(SMOOTHINGS["exponential"](P, 3), expected, atol=1e-12)


@pytest.mark.parametrize("name", SMOOTHINGS)
@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_every_smoothing_keeps_shape_range_constants_and_its_input(name, n):
    values = P[:n].copy()
    smooth = SMOOTHINGS[name](values, 5)
    assert smooth.shape == values.shape
    assert ((smooth >= 0) & (smooth <= 1)).all()
    np.testing.assert_array_equal(values, P[:n])
    np.testing.assert_allclose(SMOOTHINGS[name](np.full((n, 2), 0.3), 5), 0.3, atol=1e-12)
    assert SMOOTHINGS[name].__doc__


@pytest.mark.parametrize("name", SMOOTHINGS)
def test_recordings_are_smoothed_each_by_itself_in_order_of_time(name):
    recording, start = np.array([1, 0, 1, 0, 1, 1, 0, 1, 1]), np.array([3, 9, 1, 2, 0, 2, 5, 4, 5.0])
    smooth = smooth_recordings(P, recording, start, name, 3)
    for number in (0, 1):
        rows = np.flatnonzero(recording == number)
        rows = rows[np.argsort(start[rows])]
        np.testing.assert_array_equal(smooth[rows], SMOOTHINGS[name](P[rows], 3))


def test_none_changes_nothing():
    assert smooth_recordings(P, np.zeros(9), np.arange(9), "none", 3) is P


@pytest.mark.parametrize(("how", "join"), [("mean", np.mean), ("max", np.max)])
def test_clips_are_the_mean_or_the_maximum_of_their_windows(how, join):
    clip_of = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3])
    expected = [join(P[clip_of == clip], axis=0) for clip in range(4)]
    np.testing.assert_allclose(per_clip(P, clip_of, how), expected, atol=1e-12)


def test_the_geometric_mean_has_its_root_so_that_long_clips_score_no_lower():
    """FSDKaggle 2018's kernel multiplied the windows without a root."""
    clip_of = np.array([0] * 7 + [1, 1])
    values = np.full((9, 2), 0.4)
    np.testing.assert_allclose(per_clip(values, clip_of, "geometric"), 0.4, atol=1e-12)
    expected = [np.prod(P[clip_of == clip], 0) ** (1 / n) for clip, n in ((0, 7), (1, 2))]
    np.testing.assert_allclose(per_clip(P, clip_of, "geometric"), expected, atol=1e-12)
    assert (per_clip(np.array([[0.0], [0.5]], np.float32), np.array([0, 0]), "geometric") < 1e-15).all()
