"""Random filtering: the response between its gains is straight in decibels, and it is only a filter."""

import numpy as np
import pytest
import torch

from trainers.augmentation.filtering import filtering
from trainers.augmentation.spec import FilteringSpec


def filtered(before: torch.Tensor, spec: FilteringSpec, seed: int = 0) -> torch.Tensor:
    return filtering(before, spec, np.random.default_rng(seed))


def drawn_db(spec: FilteringSpec, rows: int, seed: int = 0) -> np.ndarray:
    """The gains, by the documented order of draws: who is chosen, then n_gains for each."""
    rng = np.random.default_rng(seed)
    rng.random(rows)
    return rng.uniform(spec.min_db, 0, (rows, spec.n_gains))


def test_the_response_is_numpys_interpolation_of_the_gains_in_decibels():
    spec, samples = FilteringSpec(p=1.0, n_gains=4, min_db=-20), 8192
    click = torch.zeros(5, samples, dtype=torch.float64)
    click[:, samples // 2] = 1
    response_db = 20 * np.log10(np.abs(np.fft.rfft(filtered(click, spec).numpy())))
    frequency = np.linspace(0, 1, samples // 2 + 1)
    centres = (np.arange(4) + 0.5) / 4
    for ours, gains in zip(response_db, drawn_db(spec, 5), strict=True):
        np.testing.assert_allclose(ours, np.interp(frequency, centres, gains), atol=0.3)


@pytest.mark.parametrize("samples", [100, 512, 1500, 4096, 5001])
def test_gains_of_zero_decibels_give_the_sample_back_up_to_both_ends(samples):
    before = torch.tensor(np.random.default_rng(0).normal(size=(2, samples)), dtype=torch.float32)
    torch.testing.assert_close(filtered(before, FilteringSpec(p=1.0, min_db=0)), before, atol=1e-5, rtol=0)


def test_it_never_amplifies():
    """Without the extra window at the end, edges of windows would be divided by nearly nothing."""
    before = torch.ones(50, 1535)
    assert filtered(before, FilteringSpec(p=1.0, min_db=-60)).abs().max() < 1.5
