"""The noise floor: what is given is read as it is meant, and a spread within it ranks nothing."""

import numpy as np
import pytest

from analysis.correlation.noise import Noise, expected_range, noise_floor, noise_of_groups, parse_noise
from analysis.errors import UserError


@pytest.mark.parametrize(("n", "d2"), [(2, 1.128), (5, 2.326), (10, 3.078), (25, 3.931)])
def test_the_expected_range_is_that_of_control_charts(n, d2):
    assert expected_range(n) == pytest.approx(d2, abs=5e-4)


@pytest.mark.parametrize(
    ("text", "sd"),
    [
        ("sd=0.004", 0.004),
        ("0.004 SD", 0.004),
        ("0.0105", 0.0105 / 2.32593),
        ("0.0105 range", 0.0105 / 2.32593),
        ("range=.0105 of 10", 0.0105 / 3.07751),
        ("0.945-0.955", 0.01 / 2.32593),
        ("0.955 to 0.945 of 2", 0.01 / 1.12838),
        ("1e-3", 1e-3 / 2.32593),
    ],
)
def test_noise_is_read_as_sd_or_range(text, sd):
    assert parse_noise(text).sd == pytest.approx(sd, rel=1e-4)


@pytest.mark.parametrize("text", ["", "abc", "-0.1", "0", "sd=0", "nan", "inf", "0.1 of 1", "0.95-0.95", "0,01"])
def test_anything_else_is_refused_with_the_forms(text):
    with pytest.raises(UserError, match=r"--cv-noise must be .* Try: --cv-noise sd=0\.004"):
        parse_noise(text)


def test_the_ceiling_is_the_correlation_that_noise_leaves():
    rng = np.random.default_rng(0)
    true = rng.normal(size=20_000)
    seen = true + rng.normal(size=20_000) * 0.5
    floor = noise_floor(seen, Noise(0.5, "known"))
    assert floor.ceiling == pytest.approx(np.corrcoef(true, seen)[0, 1], abs=0.01)
    assert not floor.within_noise


def test_a_spread_no_wider_than_noise_is_within_it():
    values = np.array([0.0, 1.0, 2.0, 3.0])
    assert noise_floor(values, Noise(2.0, "known")).within_noise
    assert not noise_floor(values, Noise(0.5, "known")).within_noise
    assert noise_floor(values, Noise(0.5, "known", range=3.0)).within_noise


def test_repeats_show_their_pooled_sd():
    groups = [np.array([1.0, 3.0]), np.array([5.0]), np.array([0.0, 1.0, 2.0])]
    noise = noise_of_groups(groups, "repeats")
    assert noise is not None and noise.sd == pytest.approx(np.sqrt((2 + 2) / 3))
    assert noise_of_groups([np.array([1.0])], "repeats") is None
