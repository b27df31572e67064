"""Mixup of waveforms and of their targets."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainers.mixing.spec import MixupSpec, NoMixingSpec

Mix = Callable[[Tensor, Tensor, Any, str, np.random.Generator], tuple[Tensor, Tensor]]


def mixup(
    waveform: Tensor, targets: Tensor, spec: MixupSpec, mode: str, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412) with one lambda and one partner per sample.

    Args:
        waveform: (batch, samples)
        targets: (batch, classes)
        spec: lambda's distribution and the probability that a sample is mixed.
        mode: soft: targets are mixed by the inputs' lambda, so a class that both have keeps its whole mass;
            hard: the union.
        rng: draws partners and lambdas; the partner is uniform over the other samples of the batch.

    Returns:
        Mixed waveforms and targets, shaped as given.
    """
    batch = len(waveform)
    if batch < 2:
        return waveform, targets
    partner = torch.from_numpy((np.arange(batch) + rng.integers(1, batch, batch)) % batch).to(waveform.device)
    lam = np.full(batch, 0.5) if spec.alpha is None else rng.beta(spec.alpha, spec.alpha, batch)
    lam = np.where(rng.random(batch) < spec.p, lam, 1.0)
    weight = torch.from_numpy(lam.astype(np.float32)).to(waveform.device)[:, None]
    mixed = torch.lerp(waveform[partner], waveform, weight)
    if mode == "soft":
        return mixed, weight * targets + (1 - weight) * targets[partner]
    return mixed, torch.where(weight < 1, torch.maximum(targets, targets[partner]), targets)


def no_mixing(
    waveform: Tensor, targets: Tensor, spec: NoMixingSpec, mode: str, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Everything as it came."""
    del spec, mode, rng
    return waveform, targets


MIXINGS: dict[str, Mix] = {"none": no_mixing, "mixup": mixup}
"""Mixings by name; each takes (waveform, targets, spec, targets.mode, rng) and returns waveform and targets."""
