"""Which mixture a step gets. All that is random about mixing is drawn here, before any input is seen.

Under DDP each worker draws for its own part of a batch: partners, the batch of `draw: batch`, the combinations of
MultiMix and the choice of Mix2 are those of the local batch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from trainers.mixing.mixture import BandPairs, BatchWeightedPairs, Convex, Mixture, Pairs, Unmixed
from trainers.mixing.spec import ManifoldMixupSpec, Mix2Spec, MixingSpec, MixupSpec, MultiMixSpec, NoMixingSpec


def draw_mixture(spec: MixingSpec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """Draw the mixture of one step.

    Args:
        spec: how to mix.
        size: samples in this worker's batch.
        pool: 0, or `size` where the batch is followed by a partner from the training set for each sample.
        rng: the only source of randomness.

    Raises:
        ValueError: `pool` is neither, or 0 although `mixing.partner` asks for partners from the training set.
    """
    if pool not in (0, size):
        raise ValueError(f"pool must be 0 or the batch's size ({size}), got {pool}")
    return MIXINGS[spec.name](spec, size, pool, rng)


def no_mixing(spec: NoMixingSpec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """Every sample stays as it is (empirical risk minimization)."""
    del spec, pool, rng
    return Unmixed("none", size)


def mixup(spec: MixupSpec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """Mixup of inputs (Zhang et al. 2018, arXiv:1710.09412); a batch of 1 stays as it is unless it has a partner.

    Partners within the batch are uniform over the *other* samples. `draw: batch` draws one lambda for all samples
    that are mixed; which are, is still up to each.
    """
    if spec.partner == "batch":
        if size < 2:
            return Unmixed("none", size)
        partner = _others(size, rng)
    elif pool:
        partner = np.arange(size, size + pool)
    else:
        raise ValueError(f"mixing.partner={spec.partner} needs partner clips behind the batch, got none")
    return Pairs(spec.on, partner, _lambdas(spec.alpha, spec.p, (size, 1 if spec.draw == "batch" else size), rng))


def manifold_mixup(spec: ManifoldMixupSpec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """Mixup of a hidden layer (Verma et al. 2019, arXiv:1806.05236), one of `layers` per step.

    as_released (Mix2) lets a random permutation pick partners, so that a sample may be its own, and weighs the loss
    by the batch's mean lambda. A batch of 1 stays as it is.
    """
    del pool
    if size < 2:
        return Unmixed("none", size)
    layer = spec.layers[rng.integers(len(spec.layers))]
    if spec.variant == "as_released":
        partner = rng.permutation(size)
        return BatchWeightedPairs(layer, partner, _lambdas(spec.alpha, spec.p, (size, size), rng))
    return Pairs(layer, _others(size, rng), _lambdas(spec.alpha, spec.p, (size, size), rng))


def multimix(spec: MultiMixSpec | Mix2Spec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """MultiMix (Venkataramanan et al. 2023, arXiv:2206.14868) of the embeddings; its output may be of another size.

    Concentrations are drawn per step as in the code of Mix2: one per sample, shared by all combinations.
    """
    del pool
    concentrations = rng.uniform(spec.alpha_min, spec.alpha_max, size)
    combination = rng.dirichlet(concentrations, size if spec.n_mixes is None else spec.n_mixes)
    return Convex("embedding", combination.astype(np.float32))


def mix2(spec: Mix2Spec, size: int, pool: int, rng: np.random.Generator) -> Mixture:
    """Mix2 (Moummad et al. 2024, "Mixture of Mixups for Multi-label Classification"): one of three per step.

    All samples of a step are mixed. as_released makes its mixup one of mel bands: see `BandPairs`.
    """
    bounds = np.cumsum([spec.p_mixup, spec.p_manifold, spec.p_multimix])
    part = np.searchsorted(bounds / bounds[-1], rng.random(), side="right")
    if part == 2:
        return multimix(spec, size, pool, rng)
    if part == 1:
        return manifold_mixup(ManifoldMixupSpec(alpha=spec.alpha, variant=spec.variant), size, pool, rng)
    if spec.variant == "as_released":
        return BandPairs("spectrogram", rng.permutation(size), _lambdas(spec.alpha, 1.0, (size, size), rng))
    return mixup(MixupSpec(on=spec.on, alpha=spec.alpha, p=1.0), size, pool, rng)


def _others(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size,) a partner for each, uniform over the others."""
    return (np.arange(size) + rng.integers(1, size, size)) % size


def _lambdas(alpha: float | None, p: float, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(samples,) float32: with probability p Beta(alpha, alpha), or 0.5 without alpha; else 1.

    Args:
        alpha: of the distribution.
        p: probability that a sample is mixed.
        shape: samples, and how many lambdas are drawn for them: as many, or 1 for all.
        rng: draws lambdas, then who is mixed.
    """
    samples, draws = shape
    lam = np.full(draws, 0.5) if alpha is None else rng.beta(alpha, alpha, draws)
    return np.where(rng.random(samples) < p, lam, 1.0).astype(np.float32)


MIXINGS: dict[str, Callable[[Any, int, int, np.random.Generator], Mixture]] = {
    "none": no_mixing,
    "mixup": mixup,
    "manifold_mixup": manifold_mixup,
    "multimix": multimix,
    "mix2": mix2,
}
"""Mixings by name: (spec, size, pool, rng) -> the mixture of one step."""
