"""Planned sizes are those of the published formula."""

import numpy as np
import pytest

from analysis.correlation.power import detectable, submissions_needed


def test_half_a_correlation_takes_31():
    # 3 + 1.06 ((1.95996 + 0.84162) / 0.54931)^2 = 30.57
    assert submissions_needed(0.5) == submissions_needed(-0.5) == 31


def test_size_and_detectable_relation_are_inverse():
    for n in (8, 13, 40, 200):
        assert submissions_needed(detectable(n) + 1e-9) == n


@pytest.mark.parametrize("rho", [0.0, np.nan, 1e-4])
def test_no_number_of_submissions_shows_nothing(rho):
    assert submissions_needed(rho) is None
