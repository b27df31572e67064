"""Mixings against float64 loops that read the same draws, the released code's loss, and the traps of published code."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from trainers.errors import SpecError
from trainers.mixing.draw import draw_mixture
from trainers.mixing.mixture import BandPairs, Convex, Mixture, Pairs
from trainers.mixing.spec import ManifoldMixupSpec, Mix2Spec, MixupSpec, MultiMixSpec
from trainers.spec import RunSpec

MODES = ["soft", "hard"]


def batch(rows: int, *tail: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets, some of which share classes or have none."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(rows, *tail))), torch.from_numpy((rng.random((rows, 4)) < 0.4) * 1.0)


def draw(spec: Any, size: int, seed: int = 0, pool: int = 0) -> Mixture:
    return draw_mixture(spec, size, pool, np.random.default_rng(seed))


def expect(mixture: Mixture, x: torch.Tensor, targets: torch.Tensor, mode: str, expected: tuple) -> None:
    for got, wanted in zip((mixture.inputs(x), mixture.targets(targets, mode)), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6, rtol=0)


# ---- one sample at a time, in float64


def one_by_one(x: torch.Tensor, targets: torch.Tensor, mode: str, pairs: list[tuple[int, float]]) -> tuple:
    """Sample i with row j, for (j, lambda) in `pairs`."""
    x, targets = x.numpy(), targets.numpy()
    out, out_targets = x[: len(pairs)].copy(), targets[: len(pairs)].copy()
    for i, (j, lam) in enumerate(pairs):
        if lam == 1:
            continue
        out[i] = lam * x[i] + (1 - lam) * x[j]
        mean = lam * targets[i] + (1 - lam) * targets[j]
        out_targets[i] = mean if mode == "soft" else np.maximum(targets[i], targets[j])
    return out, out_targets


def lambdas(spec: Any, size: int, rng: np.random.Generator) -> list[float]:
    n = 1 if getattr(spec, "draw", "sample") == "batch" else size
    drawn = [0.5] * n if spec.alpha is None else list(rng.beta(spec.alpha, spec.alpha, n))
    mixed = rng.random(size)
    # Beta(0.3, 0.3) comes so near to 1 that float32 has no other number for it: then nothing is mixed in
    return [float(np.float32(drawn[i % n])) if mixed[i] < getattr(spec, "p", 1.0) else 1.0 for i in range(size)]


def within_batch(spec: Any, size: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    shift = rng.integers(1, size, size)
    return [((i + int(shift[i])) % size, lam) for i, lam in enumerate(lambdas(spec, size, rng))]


MIXUPS = [MixupSpec(), MixupSpec(alpha=0.3, p=1.0), MixupSpec(alpha=None, p=0.7), MixupSpec(draw="batch", alpha=0.4)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("spec", MIXUPS)
@pytest.mark.parametrize("tail", [(50,), (1, 6, 9)])
def test_mixup_is_a_loop_over_samples_in_float64(spec, mode, tail):
    for seed in range(4):
        x, targets = batch(12, *tail, seed=seed)
        expected = one_by_one(x, targets, mode, within_batch(spec, 12, np.random.default_rng(seed)))
        expect(draw(spec, 12, seed), x, targets, mode, expected)


@pytest.mark.parametrize("mode", MODES)
def test_mixup_with_partner_clips_is_a_loop_over_samples_in_float64(mode):
    spec = MixupSpec(partner="balanced", alpha=0.4, p=0.8)
    for seed in range(4):
        x, targets = batch(20, 30, seed=seed)
        lam = lambdas(spec, 10, np.random.default_rng(seed))
        expected = one_by_one(x, targets, mode, [(10 + i, lam[i]) for i in range(10)])
        expect(draw(spec, 10, seed, pool=10), x, targets, mode, expected)


@pytest.mark.parametrize("mode", MODES)
def test_manifold_mixup_is_a_loop_over_samples_in_float64(mode):
    spec = ManifoldMixupSpec(layers=("embedding", "stage1", "stage2"), alpha=0.5, p=0.9)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        layer = spec.layers[int(rng.integers(3))]
        x, targets = batch(9, 5, 3, 2, seed=seed)
        mixture = draw(spec, 9, seed)
        assert mixture.at == layer
        expect(mixture, x, targets, mode, one_by_one(x, targets, mode, within_batch(spec, 9, rng)))


def multimix_loop(x: torch.Tensor, targets: torch.Tensor, spec: MultiMixSpec, rng: np.random.Generator) -> tuple:
    size = len(x)
    alphas = [spec.alpha_min + (spec.alpha_max - spec.alpha_min) * u for u in rng.random(size)]
    weights = rng.dirichlet(alphas, spec.n_mixes or size)
    out = np.zeros((len(weights), *x.shape[1:]))
    out_targets = np.zeros((len(weights), targets.shape[1]))
    for k in range(len(weights)):
        for i in range(size):
            out[k] += weights[k, i] * x[i].numpy()
            out_targets[k] += weights[k, i] * targets[i].numpy()
    return out, out_targets


@pytest.mark.parametrize(
    "spec", [MultiMixSpec(), MultiMixSpec(n_mixes=31), MultiMixSpec(alpha_min=0.05, alpha_max=2.0)]
)
def test_multimix_is_a_loop_over_combinations_and_samples_in_float64(spec):
    for seed in range(3):
        x, targets = batch(14, 20, seed=seed)
        expect(draw(spec, 14, seed), x, targets, "soft", multimix_loop(x, targets, spec, np.random.default_rng(seed)))


def test_mix2_is_one_of_the_three_by_a_loop_in_float64():
    spec, seen = Mix2Spec(alpha=0.7), Counter[int]()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        u = rng.random()
        part = 0 if u < 0.25 else 1 if u < 0.75 else 2
        x, targets = batch(8, 11, seed=seed)
        mixture = draw(spec, 8, seed)
        if part == 2:
            expected = multimix_loop(x, targets, spec, rng)
        else:
            expected = one_by_one(x, targets, "soft", within_batch(spec, 8, rng))
        assert mixture.at == ("spectrogram" if part == 0 else "embedding")
        expect(mixture, x, targets, "soft", expected)
        seen[part] += 1
    assert min(seen.values()) >= 4


# ---- distributions


def parts(size: int, spec: Any, seed: int = 3) -> np.ndarray:
    """(out, size): how much of each sample is in each mixture."""
    return draw(spec, size, seed).inputs(torch.eye(size)).numpy()


@pytest.mark.parametrize("size", [2, 3, 64])
@pytest.mark.parametrize("spec", [MixupSpec(alpha=None, p=1.0), ManifoldMixupSpec(alpha=None)])
def test_no_sample_is_its_own_partner(size, spec):
    for seed in range(20):
        mixture = parts(size, spec, seed)
        np.testing.assert_array_equal(np.diag(mixture), 0.5)
        np.testing.assert_array_equal((mixture == 0.5).sum(1), 2)


def test_partners_are_uniform_over_the_others():
    counts = sum((parts(4, MixupSpec(alpha=None, p=1.0), seed) > 0).astype(int) for seed in range(600))
    off = counts[~np.eye(4, dtype=bool)]
    assert off.min() > 150  # 200 expected
    assert off.max() < 250


def test_every_sample_has_a_lambda_of_its_own_and_the_batch_one_when_asked():
    assert len(np.unique(np.diag(parts(64, MixupSpec(p=1.0))))) == 64
    together = np.diag(parts(64, MixupSpec(p=0.5, draw="batch")))
    assert len(np.unique(together)) == 2
    assert together.max() == 1


def test_lambda_is_beta_distributed():
    weights = np.concatenate([np.diag(parts(100, MixupSpec(alpha=0.4, p=1.0), seed)) for seed in range(30)])
    assert weights.mean() == pytest.approx(0.5, abs=0.03)
    assert weights.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.01)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_p_of_the_samples_is_mixed(p):
    for spec in (MixupSpec(p=p), ManifoldMixupSpec(p=p)):
        mixed = np.concatenate([np.diag(parts(100, spec, seed)) < 1 for seed in range(20)])
        assert mixed.mean() == pytest.approx(p, abs=0.05)


def test_layers_of_manifold_mixup_are_drawn_equally_often():
    spec = ManifoldMixupSpec(layers=("embedding", "stage0", "stage1"))
    rng = np.random.default_rng(0)
    counts = Counter(draw_mixture(spec, 4, 0, rng).at for _ in range(3000))
    assert all(count == pytest.approx(1000, abs=100) for count in counts.values())
    assert len(counts) == 3


def test_a_dirichlet_mixture_of_128_has_an_effective_number_of_22():
    """FACTS: alpha 0.2, batch 128: the largest weight is about 0.12, the effective number about 22."""
    weights = np.concatenate([parts(128, MultiMixSpec(), seed) for seed in range(20)])
    assert weights.max(1).mean() == pytest.approx(0.12, abs=0.01)
    assert 1 / (weights**2).sum(1).mean() == pytest.approx((128 * 0.2 + 1) / 1.2, rel=0.03)  # closed form: 22.2


def kind_of(mixture: Mixture) -> str:
    return "multimix" if isinstance(mixture, Convex) else "manifold" if mixture.at == "embedding" else "mixup"


def test_mix2_draws_its_three_by_their_probabilities():
    for spec, expected in (
        (Mix2Spec(), {"mixup": 0.25, "manifold": 0.5, "multimix": 0.25}),
        (Mix2Spec(p_mixup=0.6, p_manifold=0.0, p_multimix=0.4), {"mixup": 0.6, "multimix": 0.4}),
        (Mix2Spec(p_mixup=0.0, p_manifold=1.0, p_multimix=0.0), {"manifold": 1.0}),
    ):
        rng = np.random.default_rng(1)
        counts = Counter(kind_of(draw_mixture(spec, 4, 0, rng)) for _ in range(4000))
        assert set(counts) == set(expected)
        assert all(counts[name] / 4000 == pytest.approx(share, abs=0.025) for name, share in expected.items())


# ---- as_released: the loss of Mix2's code


def loss(name: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    if name == "bce":
        return functional.binary_cross_entropy_with_logits(logits, targets)
    return functional.cross_entropy(logits, targets)


def released_loss(name: str, logits: torch.Tensor, pairs: tuple, lam: np.ndarray) -> torch.Tensor:
    """Written as in the code: a lambda per sample meets losses that are means over the batch already."""
    own, partner = pairs
    weight = torch.from_numpy(lam)[:, None]
    return (weight * loss(name, logits, own) + (1 - weight) * loss(name, logits, partner)).mean()


@pytest.mark.parametrize("name", ["bce", "ce"])
def test_as_released_manifold_mixup_has_the_loss_and_gradient_of_mix2s_code(name):
    for seed in range(5):
        x, targets = batch(16, 10, seed=seed)
        head = torch.randn(10, 4, dtype=torch.float64, requires_grad=True)
        rng = np.random.default_rng(seed)
        permutation, lam = rng.permutation(16), rng.beta(1, 1, 16)
        mixed = torch.from_numpy(np.stack([lam[i] * x[i] + (1 - lam[i]) * x[permutation[i]] for i in range(16)]))
        expected = released_loss(name, mixed @ head, (targets, targets[permutation]), lam)
        mixture = draw(ManifoldMixupSpec(variant="as_released"), 16, seed)
        ours = loss(name, mixture.inputs(x) @ head, mixture.targets(targets, "soft"))
        assert_same_step(ours, expected, head)


def test_as_released_is_not_as_described():
    x, targets = batch(16, 10)
    released = draw(ManifoldMixupSpec(variant="as_released"), 16)
    assert isinstance(released, Pairs)
    described = Pairs(released.at, released.partner, released.lam)
    one, other = (loss("bce", m.inputs(x)[:, :4], m.targets(targets, "soft")) for m in (released, described))
    assert abs(one - other) > 1e-4


def test_the_loss_of_mix2s_code_only_knows_the_mean_lambda():
    logits, own = batch(16, 4)
    partner, lam = own.roll(1, 0), np.random.default_rng(0).beta(1, 1, 16)
    by_mean = lam.mean() * loss("bce", logits, own) + (1 - lam.mean()) * loss("bce", logits, partner)
    torch.testing.assert_close(released_loss("bce", logits, (own, partner), lam), by_mean)


def assert_same_step(ours: torch.Tensor, expected: torch.Tensor, head: torch.Tensor) -> None:
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)
    gradients = [torch.autograd.grad(value, head)[0] for value in (ours, expected)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=0)


RELEASED_MIXUP = Mix2Spec(variant="as_released", p_mixup=1.0, p_manifold=0.0, p_multimix=0.0)


def test_as_released_mixup_of_mix2_broadcasts_its_lambdas_over_mel_bands():
    for seed in range(5):
        x, targets = batch(8, 1, 8, 13, seed=seed)
        head = torch.randn(8, 4, dtype=torch.float64, requires_grad=True)
        rng = np.random.default_rng(seed)
        rng.random()  # which of the three
        permutation, lam = rng.permutation(8), rng.beta(1, 1, 8)
        weight = torch.from_numpy(lam)[:, None]  # (batch, 1), broadcast as torch does it
        mixed = weight * x + (1 - weight) * x[permutation]
        mixture = draw(RELEASED_MIXUP, 8, seed)
        np.testing.assert_allclose(mixture.inputs(x), mixed, atol=1e-6)
        logits = mixed[:, 0].mean(2) @ head
        expected = released_loss("bce", logits, (targets, targets[permutation]), lam)
        ours = loss("bce", mixture.inputs(x)[:, 0].mean(2) @ head, mixture.targets(targets, "soft"))
        assert_same_step(ours, expected, head)


def test_as_released_mixup_takes_spectrograms_of_several_channels():
    mixture = draw(RELEASED_MIXUP, 6)
    x, _ = batch(6, 3, 6, 4)
    for channel in range(3):
        alone = mixture.inputs(x[:, channel, None])
        torch.testing.assert_close(mixture.inputs(x)[:, channel, None], alone)


def test_as_released_mixup_of_a_workers_smaller_batch_is_refused():
    mixture = draw(RELEASED_MIXUP, 64)
    assert isinstance(mixture, BandPairs)
    with pytest.raises(SpecError, match=r"n_mels \(128\), got 64\. Try: .*resources\.workers=1"):
        mixture.inputs(torch.zeros(64, 1, 128, 5))


def test_as_released_lets_a_sample_be_its_own_partner_and_as_described_does_not():
    released = ManifoldMixupSpec(variant="as_released", alpha=None)
    own = [(np.diag(parts(5, released, seed)) == 1).sum() for seed in range(200)]
    assert np.mean(own) == pytest.approx(1, abs=0.3)  # fixed points of a permutation: one on average


# ---- traps of the published code


def test_choosing_mixup_is_not_silently_no_mixing():
    """`--mix mixup` of Mix2 computes the unmixed loss: an `if` that was meant to be an `elif`."""
    run = RunSpec.model_validate({"mixing": {"name": "mixup", "p": 1.0}})
    mixture = draw_mixture(run.mixing, 6, 0, np.random.default_rng(0))
    x, targets = batch(6, 20)[0], torch.eye(6)
    assert ((mixture.inputs(x) - x).abs().amax(1) > 1e-3).all()
    assert ((mixture.targets(targets, "soft") - targets).abs().amax(1) > 1e-3).all()
    assert (mixture.targets(targets, "hard").sum(1) == 2).all()


@pytest.mark.parametrize("name", ["mixup", "manifold_mixup", "mix2"])
def test_lambda_is_per_sample_where_it_could_broadcast_to_mel_bands(name):
    """As many samples as mel bands: there a lambda of shape (batch, 1) would be applied per band without an error."""
    run = RunSpec.model_validate({"mixing": {"name": name}})
    for seed in range(8):
        mixture = draw(run.mixing, 6, seed)
        x, _ = batch(6, 1, 6, 9, seed=seed)
        expected = torch.einsum("oi,icmt->ocmt", mixture.inputs(torch.eye(6)).double(), x)
        np.testing.assert_allclose(mixture.inputs(x), expected, atol=1e-6)


@pytest.mark.parametrize("spec", [MixupSpec(p=1.0), MixupSpec(alpha=None, p=1.0), MultiMixSpec(), Mix2Spec()])
def test_partners_of_one_class_keep_its_whole_mass(spec):
    """In BirdCLEF 2025's code two clips of one species give it 0.5: their shares are assigned, not added."""
    targets = torch.tensor([[0.0, 1.0, 0.0]]).repeat(8, 1)
    for seed in range(6):
        torch.testing.assert_close(draw(spec, 8, seed).targets(targets, "soft"), targets)


def test_secondary_labels_keep_the_mass_of_one_too():
    targets = torch.tensor([[0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.8, 0.1, 0.1], [0.0, 0.0, 1.0]])
    for seed in range(6):
        mixed = draw(MixupSpec(p=1.0), 4, seed).targets(targets, "soft")
        torch.testing.assert_close(mixed.sum(1), torch.ones(4))


def test_each_sample_is_weighed_by_its_own_lambda_in_the_loss():
    """The code of Mix2 decouples a sample's lambda from its own loss; as_described does not."""
    mixture = draw(ManifoldMixupSpec(), 32)
    kept = mixture.targets(torch.eye(32), "soft").diag()
    torch.testing.assert_close(kept, mixture.inputs(torch.eye(32)).diag())
    assert kept.std() > 0.2
    released = draw(ManifoldMixupSpec(variant="as_released"), 32).targets(torch.eye(32), "soft")
    assert (
        len(released[released > 0].unique()) <= 3
    )  # mean(lam), 1 - mean(lam), and 1 where a sample is its own partner
