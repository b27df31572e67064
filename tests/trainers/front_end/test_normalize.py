"""Normalisations equal numpy's, and silence is no division by zero."""

from typing import get_args

import numpy as np
import pytest
import torch

from trainers.errors import DataError
from trainers.front_end.mel import MelFrontEnd
from trainers.front_end.normalize import NORMALIZATIONS, DatasetStatistics
from trainers.front_end.spec import MelSpec

EPS = 1e-3
DATASET = MelSpec(n_fft=256, hop_length=100, n_mels=20, normalization="dataset")


def spectrograms(batch: int = 5, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(batch, 1, 7, 13)) * rng.uniform(0.1, 9, (batch, 1, 7, 1)) - 40
    return torch.tensor(values, dtype=torch.float32)


def by_numpy(x: np.ndarray, how: str) -> np.ndarray:
    """Of one (mels, frames)."""
    if how == "per_band":
        return (x - x.mean(1, keepdims=True)) / (x.std(1, ddof=1, keepdims=True) + EPS)
    if how in ("standard", "standard_minmax"):
        x = (x - x.mean()) / (x.std(ddof=1) + EPS)
    if how in ("minmax", "standard_minmax"):
        x = (x - x.min()) / (x.max() - x.min() + EPS)
    return x


def test_every_name_of_the_spec_is_there():
    assert {*NORMALIZATIONS, "dataset"} == set(get_args(MelSpec.model_fields["normalization"].annotation))


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_every_one_keeps_the_shape_is_deterministic_finite_on_silence_and_documented(how):
    for shape in ((1, 1, 1, 2), (3, 1, 5, 7)):
        silence = torch.full(shape, -100.0)
        for x in (silence, silence + torch.rand(shape)):
            one = NORMALIZATIONS[how](x, 1e-6)
            assert one.shape == x.shape
            assert one.dtype == torch.float32
            assert torch.isfinite(one).all()
            assert torch.equal(one, NORMALIZATIONS[how](x, 1e-6))
    assert NORMALIZATIONS[how].__doc__


@pytest.mark.parametrize("how", sorted(set(NORMALIZATIONS) - {"batch_minmax"}))
def test_they_are_numpys_on_each_sample(how):
    batch = spectrograms()
    for ours, x in zip(NORMALIZATIONS[how](batch.double(), EPS), batch, strict=True):
        np.testing.assert_allclose(ours[0], by_numpy(x[0].double().numpy(), how), atol=1e-9)


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_gradients_flow(how):
    x = spectrograms().requires_grad_()
    (NORMALIZATIONS[how](x, EPS) ** 2 * torch.arange(13)).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


def test_batch_minmax_is_of_the_whole_batch():
    batch = spectrograms()
    ours, x = NORMALIZATIONS["batch_minmax"](batch, EPS), batch.numpy()
    np.testing.assert_allclose(ours, (x - x.min()) / (x.max() - x.min() + EPS), atol=1e-6)
    assert not torch.allclose(NORMALIZATIONS["batch_minmax"](batch[:1], EPS), ours[:1])


def waveforms(batch: int, seed: int) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(batch, 2000)) * 0.1, dtype=torch.float32)


def fitted() -> tuple[MelFrontEnd, torch.Tensor]:
    front_end = MelFrontEnd(DATASET, 8000)
    batches = [waveforms(4, 0), 10 * waveforms(3, 1), waveforms(1, 2)]  # uneven, and of different loudness
    front_end.fit_statistics(iter(batches))
    return front_end, torch.cat(batches)


def test_dataset_statistics_are_those_of_all_spectrograms_at_once():
    front_end, everything = fitted()
    plain = MelFrontEnd(DATASET.model_copy(update={"normalization": "none"}), 8000)(everything).double().numpy()
    assert front_end.statistics.mean.item() == pytest.approx(plain.mean(), rel=1e-6)
    assert front_end.statistics.std.item() == pytest.approx(plain.std(), rel=1e-6)
    np.testing.assert_allclose(front_end(everything), (plain - plain.mean()) / (plain.std() + 1e-6), atol=1e-4)


def test_the_statistics_survive_a_large_offset():
    """Sums of squares would cancel: variance 1 about a mean of a million."""
    values = 1e6 + torch.from_numpy(np.random.default_rng(0).normal(size=(40, 1, 50, 50)))
    statistics = DatasetStatistics()
    statistics.fit(values.split(7))
    assert statistics.std.item() == pytest.approx(values.std(correction=0).item(), rel=1e-6)


def test_the_statistics_travel_with_the_weights():
    front_end, everything = fitted()
    other = MelFrontEnd(DATASET, 8000)
    other.load_state_dict(front_end.state_dict())
    assert torch.equal(other(everything), front_end(everything))


def test_before_they_are_fitted_everything_is_nan():
    assert torch.isnan(MelFrontEnd(DATASET, 8000)(waveforms(2, 0))).all()


def test_no_training_clips_are_an_error():
    with pytest.raises(DataError, match=r"front_end.normalization=dataset needs training clips"):
        MelFrontEnd(DATASET, 8000).fit_statistics([])


def test_the_other_normalisations_have_no_state_and_read_no_waveforms():
    front_end = MelFrontEnd(DATASET.model_copy(update={"normalization": "standard"}), 8000)
    unread = iter([waveforms(1, 0)])
    front_end.fit_statistics(unread)
    assert len(list(unread)) == 1
    assert not [name for name in front_end.state_dict() if name.startswith("statistics")]
