"""Random erasing: rectangles of the area and shape asked for, at every place, filled with noise within its bounds."""

import numpy as np
import pytest
import torch

from trainers.augmentation.random_erasing import random_erasing
from trainers.augmentation.spec import RandomErasingSpec

MELS, FRAMES = 60, 90


def erased(rows: int = 400, **options: object) -> torch.Tensor:
    """(rows, mels, frames): the noise where something was erased, NaN elsewhere."""
    blank = torch.full((rows, 1, MELS, FRAMES), torch.nan)
    return random_erasing(blank, RandomErasingSpec(p=1.0, **options), np.random.default_rng(0))[:, 0]


def rectangles(after: torch.Tensor) -> np.ndarray:
    """(rows, 4): top, left, height, width; fails where it isn't one full rectangle."""
    found = []
    for hidden in (~torch.isnan(after)).numpy():
        bands, frames = np.flatnonzero(hidden.any(1)), np.flatnonzero(hidden.any(0))
        height, width = np.ptp(bands) + 1, np.ptp(frames) + 1
        assert hidden.sum() == height * width
        found.append((bands[0], frames[0], height, width))
    return np.array(found)


def test_each_is_one_rectangle_with_area_and_aspect_within_their_bounds():
    _, _, height, width = rectangles(erased()).T
    area, aspect = height * width / (MELS * FRAMES), height / width
    assert area.max() <= 0.4
    assert 0.015 < area.min() < 0.04  # whole cells: a little less than the share drawn
    assert area.mean() == pytest.approx(0.2, abs=0.03)
    assert 0.2 < aspect.min() < 0.4
    assert 2.9 < aspect.max() < 4


def test_the_aspect_is_height_by_width():
    _, _, height, width = rectangles(erased(min_area=0.1, max_area=0.1, min_aspect=0.25, max_aspect=0.25)).T
    assert (height == int(np.sqrt(540 * 0.25))).all()
    assert (width == int(np.sqrt(540 / 0.25))).all()


def test_what_does_not_fit_is_drawn_again_and_not_cut():
    _, _, height, width = rectangles(erased(min_area=0.4, max_area=0.4)).T  # the longest would have 84 of 60 bands
    assert (height * width).min() > 0.37 * MELS * FRAMES


def test_every_band_and_every_frame_occurs():
    hidden = (~torch.isnan(erased(2000, min_area=0.02, max_area=0.05))).numpy()
    assert hidden.any((0, 1)).all()
    assert hidden.any((0, 2)).all()


@pytest.mark.parametrize("bounds", [{}, {"low": 0.0, "high": 1.0}])
def test_cells_are_uniform_noise_between_low_and_high(bounds):
    spec, after = RandomErasingSpec(**bounds), erased(**bounds)
    values = after[~torch.isnan(after)].numpy()
    counts, _ = np.histogram(values, 10, (spec.low, spec.high))
    assert counts.sum() == len(values)
    np.testing.assert_allclose(counts / len(values), 0.1, atol=0.002)


def test_a_constant_fill_has_one_value_per_rectangle():
    after = erased(fill="constant")
    values = [row[~torch.isnan(row)].unique() for row in after]
    assert {len(value) for value in values} == {1}
    assert len(torch.cat(values).unique()) > 350


def test_a_rectangle_that_can_not_fit_is_cut_to_the_spectrogram():
    after = erased(3, min_area=1.0, max_area=1.0, min_aspect=3.0, max_aspect=3.0)
    assert (rectangles(after)[:, 2] == MELS).all()
