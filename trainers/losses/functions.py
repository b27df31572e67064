"""Losses on float targets. Each returns one value per sample, so that weights and lambdas can be applied right."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from trainers.losses.spec import BceSpec, CeSpec, FocalBceSpec, FocalSpec

Loss = Callable[[Tensor, Tensor, Any], Tensor]


def bce(logits: Tensor, targets: Tensor, spec: BceSpec) -> Tensor:
    """Binary cross-entropy, mean over classes. (batch, classes) twice -> (batch,)."""
    del spec
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)


def ce(logits: Tensor, targets: Tensor, spec: CeSpec) -> Tensor:
    """Cross-entropy of a softmax: -sum_c t_c log p_c. (batch, classes) twice -> (batch,).

    Targets are used as they are: a hard union of two weighs twice as much as a single label, as published for
    BirdCLEF 2025; a clip with nothing active has no target and its loss is 0.
    """
    del spec
    return -(targets * functional.log_softmax(logits, 1)).sum(1)


def focal(logits: Tensor, targets: Tensor, spec: FocalSpec | FocalBceSpec) -> Tensor:
    """Sigmoid focal loss, mean over classes (Lin et al. 2017, arXiv:1708.02002). (batch, classes) twice -> (batch,).

    As in torchvision, with p_t = p t + (1 - p)(1 - t) for float targets: at t = 0.5 the focal factor is the constant
    0.5^gamma, so it can't tell easy from hard there. 1 - p_t is summed from the two sigmoids, not subtracted from 1:
    the difference rounds to 0 for sure predictions, where gamma < 1 has no finite gradient.
    """
    miss = torch.sigmoid(logits) * (1 - targets) + torch.sigmoid(-logits) * targets  # 1 - p_t
    miss = miss.clamp_min(torch.finfo(miss.dtype).tiny)
    alpha_t = spec.alpha * targets + (1 - spec.alpha) * (1 - targets)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (alpha_t * miss**spec.gamma * cross_entropy).mean(1)


def focal_bce(logits: Tensor, targets: Tensor, spec: FocalBceSpec) -> Tensor:
    """A weighted sum of BCE and focal loss. (batch, classes) twice -> (batch,)."""
    return spec.bce_weight * bce(logits, targets, BceSpec()) + spec.focal_weight * focal(logits, targets, spec)


LOSSES: dict[str, Loss] = {"bce": bce, "ce": ce, "focal": focal, "focal_bce": focal_bce}
"""Losses by name; each takes (logits, targets, spec) and returns (batch,)."""


def probabilities(logits: Tensor, loss: str) -> Tensor:
    """What a model trained with `loss` predicts: softmax for ce, sigmoid for the rest. Shape unchanged."""
    return torch.softmax(logits, -1) if loss == "ce" else torch.sigmoid(logits)
