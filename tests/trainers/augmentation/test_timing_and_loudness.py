"""Shifts, reversal and gain against numpy, row by row."""

import numpy as np
import pytest
import torch

from trainers.augmentation.loudness import gain
from trainers.augmentation.spec import GainSpec, ReverseSpec, TimeShiftSpec
from trainers.augmentation.timing import reverse, time_shift


@pytest.mark.parametrize("shape", [(200, 101), (200, 1, 3, 101)])
def test_a_shift_rolls_each_row_by_a_fraction_within_its_bounds(shape):
    before = torch.arange(np.prod(shape), dtype=torch.float32).reshape(shape)
    after = time_shift(before, TimeShiftSpec(p=1.0, min_fraction=0.25, max_fraction=0.75), np.random.default_rng(0))
    steps = []
    for row, rolled in zip(before.numpy(), after.numpy(), strict=True):
        steps.append(int(np.flatnonzero(rolled.reshape(-1, 101)[0] == row.flat[0])[0]))
        assert np.array_equal(rolled, np.roll(row, steps[-1], -1))
    assert min(steps) in range(25, 30)
    assert max(steps) in range(70, 76)


@pytest.mark.parametrize("shape", [(6, 101), (6, 2, 3, 40)])
def test_reversal_runs_the_last_axis_backwards(shape):
    before = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    after = reverse(before, ReverseSpec(p=1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(after, before.numpy()[..., ::-1])


def test_gains_are_uniform_in_decibels_between_their_bounds_and_nothing_is_clipped():
    before = torch.full((3000, 2), 0.9)
    factors = gain(before, GainSpec(p=1.0, min_db=-15, max_db=15), np.random.default_rng(0))[:, 0] / 0.9
    db = 20 * factors.log10()
    assert -15 <= db.min() < -14.9
    assert 14.9 < db.max() <= 15 + 1e-4
    assert db.mean().item() == pytest.approx(0, abs=0.5)
    assert db.std().item() == pytest.approx(30 / 12**0.5, rel=0.05)
