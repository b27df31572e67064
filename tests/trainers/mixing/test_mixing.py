"""Mixup against a float64 loop with the same draws, and the contract that every registered mixing keeps."""

from typing import Any, get_args

import numpy as np
import pytest
import torch

from trainers.mixing.mixup import MIXINGS, mixup
from trainers.mixing.spec import MixingSpec, MixupSpec

SPECS = {model.model_fields["name"].default: model for model in get_args(get_args(MixingSpec)[0])}


def batch(size: int = 12, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(size, 50)), dtype=torch.float32), torch.eye(4)[rng.integers(0, 4, size)]


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def reference(waveform: torch.Tensor, targets: torch.Tensor, spec: MixupSpec, mode: str, seed: int):
    """The same draws, applied one sample at a time in float64."""
    draws, n = rng(seed), len(waveform)
    shift = draws.integers(1, n, n)
    lam = [0.5] * n if spec.alpha is None else draws.beta(spec.alpha, spec.alpha, n)
    mixed = draws.random(n) < spec.p
    x, t = waveform.double().numpy(), targets.double().numpy()
    out_x, out_t = x.copy(), t.copy()
    for i in range(n):
        j = (i + shift[i]) % n
        if not mixed[i] or np.float32(lam[i]) == 1:  # Beta(0.3, 0.3) comes that near to 1: nothing is mixed in
            continue
        out_x[i] = lam[i] * x[i] + (1 - lam[i]) * x[j]
        out_t[i] = lam[i] * t[i] + (1 - lam[i]) * t[j] if mode == "soft" else np.maximum(t[i], t[j])
    return out_x, out_t


@pytest.mark.parametrize("mode", ["soft", "hard"])
@pytest.mark.parametrize("spec", [MixupSpec(), MixupSpec(alpha=0.3, p=1.0), MixupSpec(alpha=None, p=0.7)])
def test_mixup_is_a_loop_over_samples_in_float64(spec, mode):
    for seed in range(5):
        waveform, targets = batch(seed=seed)
        x, t = mixup(waveform, targets, spec, mode, rng(seed))
        expected_x, expected_t = reference(waveform, targets, spec, mode, seed)
        np.testing.assert_allclose(x, expected_x, atol=1e-6)
        np.testing.assert_allclose(t, expected_t, atol=1e-6)


def parts(size: int, spec: MixupSpec, seed: int = 3) -> np.ndarray:
    """(batch, batch): how much of each sample is in each mixture."""
    x, _ = mixup(torch.eye(size), torch.zeros(size, 2), spec, "soft", rng(seed))
    return x.numpy()


def test_every_sample_has_a_lambda_and_a_partner_of_its_own():
    weights = np.diag(parts(64, MixupSpec(p=1.0)))
    assert len(np.unique(weights)) == 64


@pytest.mark.parametrize("size", [2, 3, 64])
def test_no_sample_is_its_own_partner(size):
    for seed in range(20):
        mixture = parts(size, MixupSpec(alpha=None, p=1.0), seed)
        np.testing.assert_array_equal(np.diag(mixture), 0.5)
        np.testing.assert_array_equal((mixture == 0.5).sum(1), 2)


def test_partners_are_uniform_over_the_others():
    counts = sum((parts(4, MixupSpec(alpha=None, p=1.0), seed) > 0).astype(int) for seed in range(600))
    off = counts[~np.eye(4, dtype=bool)]
    assert off.min() > 150  # 200 expected
    assert off.max() < 250


def test_lambda_is_beta_distributed():
    weights = np.concatenate([np.diag(parts(100, MixupSpec(alpha=0.4, p=1.0), seed)) for seed in range(30)])
    assert weights.mean() == pytest.approx(0.5, abs=0.03)
    assert weights.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.01)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_p_of_the_samples_is_mixed(p):
    mixed = np.concatenate([np.diag(parts(100, MixupSpec(p=p), seed)) < 1 for seed in range(20)])
    assert mixed.mean() == pytest.approx(p, abs=0.05)


def test_without_alpha_lambda_is_one_half():
    assert set(np.diag(parts(50, MixupSpec(alpha=None, p=0.5)))) == {0.5, 1.0}


def test_partners_of_one_class_keep_its_whole_mass():
    targets = torch.tensor([[0.0, 1.0, 0.0]]).repeat(8, 1)
    _, mixed = mixup(torch.randn(8, 10), targets, MixupSpec(p=1.0), "soft", rng())
    torch.testing.assert_close(mixed, targets)


def test_soft_targets_keep_the_mass_of_one():
    waveform, targets = batch(40)
    _, mixed = mixup(waveform, targets, MixupSpec(p=1.0), "soft", rng())
    torch.testing.assert_close(mixed.sum(1), torch.ones(40))


def test_hard_targets_are_the_union_and_stay_whole():
    waveform, targets = batch(40)
    _, mixed = mixup(waveform, targets, MixupSpec(p=1.0), "hard", rng())
    assert set(mixed.unique().tolist()) == {0.0, 1.0}
    assert (mixed >= targets).all()
    assert (mixed.sum(1) <= 2).all()
    assert (mixed.sum(1) == 2).any()


# ---- the contract of every registered mixing


def test_every_mixing_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(MIXINGS) == set(SPECS)


@pytest.fixture(params=sorted(MIXINGS))
def mix(request) -> Any:
    spec = SPECS[request.param]()
    return lambda waveform, targets, mode, seed=7: MIXINGS[request.param](waveform, targets, spec, mode, rng(seed))


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_shapes_types_and_bounds_stay(mix, mode):
    waveform, targets = batch()
    x, t = mix(waveform, targets, mode)
    assert (x.shape, x.dtype, t.shape, t.dtype) == (waveform.shape, torch.float32, targets.shape, torch.float32)
    assert x.abs().max() <= waveform.abs().max() + 1e-6
    assert t.min() >= 0
    assert t.max() <= 1


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_a_batch_of_one_stays_as_it_is(mix, mode):
    waveform, targets = batch(1)
    x, t = mix(waveform, targets, mode)
    assert torch.equal(x, waveform)
    assert torch.equal(t, targets)


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_what_is_given_is_left_alone(mix, mode):
    waveform, targets = batch()
    before = waveform.clone(), targets.clone()
    mix(waveform, targets, mode)
    assert torch.equal(waveform, before[0])
    assert torch.equal(targets, before[1])


def test_the_same_seed_mixes_the_same_whatever_torchs_own_generator_does(mix):
    waveform, targets = batch()
    one = mix(waveform, targets, "soft")
    torch.rand(3)
    other = mix(waveform, targets, "soft")
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
