"""SpecAugment: drawn per sample, within its bounds, filled with what the spec says of the sample itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.augmentation.spec import SpecAugmentSpec
from trainers.augmentation.spec_augment import spec_augment

MELS, FRAMES = 20, 40


def spectrograms(size: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(size, 1, MELS, FRAMES)), dtype=torch.float32)


def masked(spec: SpecAugmentSpec, size: int = 200, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Which bands (size, mels) and which frames (size, frames) are hidden whole."""
    before = spectrograms(size)
    after = spec_augment(before, spec, np.random.default_rng(seed))
    changed = (after == before.amin((-2, -1), keepdim=True))[:, 0].numpy()
    return changed.all(2), changed.all(1)


def runs(hidden: np.ndarray) -> list[int]:
    """Lengths of the stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hidden, [False]]).astype(int)))
    return [int(stop - start) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def test_probability_zero_is_the_identity():
    before = spectrograms(4)
    assert spec_augment(before, SpecAugmentSpec(p=0), np.random.default_rng(0)) is before


def test_samples_of_a_batch_get_masks_of_their_own():
    bands, frames = masked(SpecAugmentSpec(p=1.0))
    assert len({row.tobytes() for row in bands}) > 50
    assert len({row.tobytes() for row in frames}) > 100


def test_hidden_cells_are_the_samples_minimum_and_the_others_untouched():
    before = spectrograms(50)
    after = spec_augment(before, SpecAugmentSpec(p=1.0), np.random.default_rng(2))
    changed = after != before
    assert changed.any()
    assert torch.equal(after[changed], before.amin((-2, -1), keepdim=True).expand_as(before)[changed])


def test_a_share_p_of_the_samples_is_masked():
    before = spectrograms(2000)
    spec = SpecAugmentSpec(p=0.3, freq_masks=1, freq_width=5, time_masks=1, time_width=5)
    after = spec_augment(before, spec, np.random.default_rng(2))
    share = (after != before).flatten(1).any(1)
    # a mask of width 0 on both axes, 1 in 36, changes nothing
    assert abs(share.float().mean().item() - 0.3 * 35 / 36) < 0.04


@settings(max_examples=40, deadline=None)
@given(
    masks=st.integers(0, 4), width=st.integers(0, 30), axis=st.sampled_from(["freq", "time"]), seed=st.integers(0, 99)
)
def test_counts_and_widths_stay_within_their_bounds(masks, width, axis, seed):
    other = "time" if axis == "freq" else "freq"
    spec = SpecAugmentSpec(p=1.0, **{f"{axis}_masks": masks, f"{axis}_width": width, f"{other}_masks": 0})
    hidden = masked(spec, 20, seed)[0 if axis == "freq" else 1]
    for row in hidden:
        assert len(runs(row)) <= masks
        assert row.sum() <= masks * width


def test_every_width_and_every_place_occurs():
    bands, _ = masked(SpecAugmentSpec(p=1.0, freq_masks=1, freq_width=4, time_masks=0), 2000)
    assert {int(row.sum()) for row in bands} == {0, 1, 2, 3, 4}
    assert bands.any(0).all()


@pytest.mark.parametrize("fill", ["min", "mean", "zero"])
def test_hidden_cells_have_the_fill_of_their_own_sample(fill):
    before = spectrograms(50) + torch.arange(50)[:, None, None, None]
    after = spec_augment(before, SpecAugmentSpec(p=1.0, fill=fill), np.random.default_rng(2)).numpy()
    for row, filled in zip(before.numpy(), after, strict=True):
        value = {"min": row.min(), "mean": row.mean(dtype=np.float64), "zero": 0.0}[fill]
        np.testing.assert_allclose(filled[filled != row], value, rtol=1e-5)


@pytest.mark.parametrize(("count", "shares"), [("up_to", [1 / 3, 1 / 3, 1 / 3]), ("exact", [0, 0, 1])])
def test_up_to_draws_the_number_of_masks_and_exact_takes_all(count, shares):
    spec = SpecAugmentSpec(p=1.0, freq_masks=3, freq_width=100, time_masks=0, count=count, fill="zero")
    tall = torch.ones(600, 1, 20_000, 1)  # so tall that masks hardly ever meet
    hidden = (spec_augment(tall, spec, np.random.default_rng(0)) == 0)[:, 0, :, 0].numpy()
    number = np.array([len(runs(row)) for row in hidden])
    np.testing.assert_allclose([(number == n).mean() for n in (1, 2, 3)], shares, atol=0.07)


def test_the_same_seed_masks_the_same():
    before = spectrograms(8)
    one, other = (spec_augment(before, SpecAugmentSpec(p=0.5), np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(one, other)
