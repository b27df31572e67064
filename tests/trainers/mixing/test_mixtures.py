"""The contract of every registered mixing: a convex combination of a batch's rows, drawn from one generator."""

import re
from typing import Any, get_args

import numpy as np
import pytest
import torch

from trainers.mixing.draw import MIXINGS, draw_mixture
from trainers.mixing.mixture import Convex, Mixture, Unmixed
from trainers.mixing.spec import ManifoldMixupSpec, Mix2Spec, MixingSpec, MixupSpec, MultiMixSpec

BY_NAME = {model.model_fields["name"].default: model for model in get_args(get_args(MixingSpec)[0])}
SPECS: dict[str, Any] = {
    **{name: model() for name, model in BY_NAME.items()},
    "mixup_of_spectrograms": MixupSpec(on="spectrogram", alpha=0.3, p=1.0),
    "mixup_half": MixupSpec(alpha=None, p=0.7),
    "mixup_one_lambda": MixupSpec(draw="batch"),
    "mixup_from_pool": MixupSpec(partner="same_site", p=0.8),
    "manifold_stages": ManifoldMixupSpec(layers=("stage0", "stage3"), p=0.5),
    "manifold_released": ManifoldMixupSpec(variant="as_released"),
    "multimix_many": MultiMixSpec(n_mixes=23, alpha_min=0.1, alpha_max=2.0),
    "mix2_only_mixup": Mix2Spec(p_mixup=1.0, p_manifold=0.0, p_multimix=0.0),
    "mix2_only_manifold": Mix2Spec(p_mixup=0.0, p_manifold=1.0, p_multimix=0.0),
    "mix2_only_multimix": Mix2Spec(p_mixup=0.0, p_manifold=0.0, p_multimix=1.0),
}
SIZES = [1, 2, 7, 16]


def drawn(spec: Any, size: int, seed: int = 3) -> tuple[Mixture, int]:
    """A mixture and the number of rows it takes."""
    pool = size if getattr(spec, "partner", "batch") != "batch" else 0
    return draw_mixture(spec, size, pool, np.random.default_rng(seed)), size + pool


def matrix(mixture: Mixture, rows: int) -> torch.Tensor:
    """(out, rows) float64: what the mixture is."""
    return mixture.inputs(torch.eye(rows, dtype=torch.float64))


def shares(mixture: Mixture, rows: int) -> torch.Tensor:
    return mixture.targets(torch.eye(rows, dtype=torch.float64), "soft")


def test_every_mixing_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(MIXINGS) == set(BY_NAME)


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {"none"}))
def test_every_mixing_names_its_source(name):
    assert re.search(r"et al\. \d{4}", MIXINGS[name].__doc__ or "")
    assert re.search(r"et al\. \d{4}", BY_NAME[name].__doc__ or "")


@pytest.fixture(params=sorted(SPECS))
def spec(request) -> Any:
    return SPECS[request.param]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tail", [(50,), (1, 9, 5), (4, 3, 2, 2), ()])
def test_inputs_of_any_shape_are_combined_along_the_batch_alone(spec, size, tail):
    mixture, rows = drawn(spec, size)
    x = torch.randn(rows, *tail, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = (matrix(mixture, rows) @ x.reshape(rows, -1)).reshape(-1, *tail)
    torch.testing.assert_close(mixture.inputs(x), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_every_mixture_is_convex_and_targets_and_weights_are_mixed_like_inputs(spec, size):
    mixture, rows = drawn(spec, size)
    for combination in (matrix(mixture, rows), shares(mixture, rows)):
        assert combination.min() >= 0
        torch.testing.assert_close(combination.sum(1), torch.ones(len(combination), dtype=torch.float64))
    if getattr(spec, "variant", "as_described") == "as_described":
        torch.testing.assert_close(shares(mixture, rows), matrix(mixture, rows))
    weights = torch.rand(rows, dtype=torch.float64)
    torch.testing.assert_close(mixture.weights(weights), shares(mixture, rows) @ weights)


@pytest.mark.parametrize("size", SIZES)
def test_only_multimix_changes_the_number_of_samples(spec, size):
    mixture, rows = drawn(spec, size)
    assert len(matrix(mixture, rows)) == (getattr(spec, "n_mixes", None) or size)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_types_stay_and_what_is_given_is_left_alone(spec, dtype):
    mixture, rows = drawn(spec, 5)
    x, targets, weights = torch.randn(rows, 1, 6, 5).to(dtype), torch.rand(rows, 3), torch.rand(rows)
    before = x.clone(), targets.clone(), weights.clone()
    assert mixture.inputs(x).dtype == dtype
    for mode in ("soft", "hard"):
        assert mixture.targets(targets, mode).dtype == torch.float32
    assert mixture.weights(weights).dtype == torch.float32
    assert all(torch.equal(a, b) for a, b in zip((x, targets, weights), before, strict=True))


def test_under_autocast_mixtures_are_as_exact_as_without(spec):
    mixture, rows = drawn(spec, 9)
    x, targets = torch.randn(rows, 1, 6, 5), torch.rand(rows, 3)
    with torch.autocast("cpu", torch.bfloat16):
        inside = mixture.inputs(x), mixture.targets(targets, "soft"), mixture.weights(targets[:, 0])
    outside = mixture.inputs(x), mixture.targets(targets, "soft"), mixture.weights(targets[:, 0])
    assert all(torch.equal(a, b) for a, b in zip(inside, outside, strict=True))


def test_gradients_flow_back_to_every_part_by_its_share(spec):
    mixture, rows = drawn(spec, 6)
    x = torch.randn(rows, 1, 3, 2, dtype=torch.float64, requires_grad=True)
    out = mixture.inputs(x)
    upstream = torch.randn(out.shape, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(out, x, upstream)
    expected = matrix(mixture, rows).T @ upstream.reshape(len(out), -1)
    torch.testing.assert_close(gradient.reshape(rows, -1), expected, atol=1e-12, rtol=0)


def test_the_same_seed_mixes_the_same_whatever_torchs_own_generator_does(spec):
    one, rows = drawn(spec, 12)
    torch.rand(3)
    state = torch.random.get_rng_state()
    again, _ = drawn(spec, 12)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert again.at == one.at
    assert torch.equal(matrix(again, rows), matrix(one, rows))


@pytest.mark.parametrize("name", sorted(set(SPECS) - {"none"}))
def test_every_mixing_mixes_and_differently_in_every_step(name):
    rng, spec = np.random.default_rng(0), SPECS[name]
    pool = 8 if getattr(spec, "partner", "batch") != "batch" else 0
    steps = [draw_mixture(spec, 8, pool, rng) for _ in range(6)]
    combinations = [matrix(mixture, 8 + pool) for mixture in steps]
    assert all(mixture.at != "none" for mixture in steps)
    assert all(((combination > 0).sum(1) > 1).any() for combination in combinations)
    assert len({tuple(combination.ravel().tolist()) for combination in combinations}) == 6


def places(spec: Any) -> set[str]:
    if isinstance(spec, Mix2Spec):
        return ({"spectrogram"} if spec.p_mixup else set()) | ({"embedding"} if spec.p_mixup < 1 else set())
    if isinstance(spec, MultiMixSpec):
        return {"embedding"}
    return set(getattr(spec, "layers", ())) or {getattr(spec, "on", "none")}


def test_mixtures_are_applied_where_the_spec_says(spec):
    assert {drawn(spec, 4, seed)[0].at for seed in range(60)} == places(spec)


@pytest.mark.parametrize("name", ["mixup", "manifold_mixup", "mix2_only_mixup", "manifold_released", "multimix"])
@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_a_batch_of_one_stays_as_it_is(name, mode):
    mixture, _ = drawn(SPECS[name], 1)
    x, targets = torch.randn(1, 1, 4, 3), torch.tensor([[0.0, 0.8, 0.2]])
    assert torch.equal(mixture.inputs(x), x)
    assert torch.equal(mixture.targets(targets, mode), targets)
    assert torch.equal(mixture.weights(targets[:, 1]), targets[:, 1])


def test_a_batch_of_one_is_mixed_with_a_partner_from_the_training_set():
    mixture = draw_mixture(MixupSpec(partner="uniform", alpha=None, p=1.0), 1, 1, np.random.default_rng(0))
    torch.testing.assert_close(mixture.inputs(torch.tensor([[2.0], [4.0]])), torch.tensor([[3.0]]))


def test_partner_clips_never_come_through_as_samples_of_their_own():
    spec = MixupSpec(partner="uniform", p=0.5)
    mixture = draw_mixture(spec, 6, 6, np.random.default_rng(0))
    combination = matrix(mixture, 12)
    own, partner = combination[:, :6], combination[:, 6:]
    for part in (own, partner):
        assert torch.equal(part, torch.diag(part.diag()))
    assert 0 < (partner.diag() > 0).sum() < 6
    assert torch.equal(matrix(Unmixed("none", 6), 12), torch.eye(12, dtype=torch.float64)[:6])
    for other in (MultiMixSpec(), MixupSpec(), ManifoldMixupSpec()):
        assert not matrix(draw_mixture(other, 6, 6, np.random.default_rng(0)), 12)[:, 6:].any()


@pytest.mark.parametrize(("spec", "pool"), [(MixupSpec(), 3), (MixupSpec(partner="same_hour"), 0)])
def test_a_pool_that_does_not_fit_is_refused(spec, pool):
    with pytest.raises(ValueError, match=r"^(pool|mixing\.partner)"):
        draw_mixture(spec, 4, pool, np.random.default_rng(0))


def test_hard_targets_are_the_union_of_all_parts(spec):
    for seed in range(5):
        mixture, rows = drawn(spec, 6, seed)
        targets = torch.tensor(np.random.default_rng(seed).random((rows, 5)) < 0.4).float()
        present = (shares(mixture, rows) > 0).numpy()
        union = np.array([targets.numpy()[part].max(0) for part in present])
        np.testing.assert_array_equal(mixture.targets(targets, "hard"), union)


def test_a_dirichlet_of_many_samples_is_nearly_uniform_and_of_small_concentration_nearly_one_sample():
    few = draw_mixture(MultiMixSpec(alpha_min=1e-3, alpha_max=1e-3), 64, 0, np.random.default_rng(0))
    many = draw_mixture(MultiMixSpec(alpha_min=1e3, alpha_max=1e3), 64, 0, np.random.default_rng(0))
    assert isinstance(few, Convex)
    assert isinstance(many, Convex)
    assert few.combination.max(1).mean() > 0.9
    assert many.combination.max(1).mean() < 0.02
