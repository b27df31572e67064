"""Losses on float targets. Each returns one value per sample, so that weights and lambdas can be applied right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainers.losses.spec import AsymmetricSpec, BceSpec, CeSpec, FocalBceSpec, FocalSpec, LossSpec

Loss = Callable[[Tensor, Tensor, Any, Tensor | None], Tensor]
BatchLoss = Callable[[Tensor, Tensor], Tensor]
"""(batch, classes) logits and targets -> (batch,)"""


def bce(logits: Tensor, targets: Tensor, spec: BceSpec, weights: Tensor | None = None) -> Tensor:
    """Binary cross-entropy, mean over classes, as torch's BCEWithLogitsLoss(weight=weights).

    A clip with nothing active is a negative of every class.

    Args:
        logits: (batch, classes).
        targets: (batch, classes), in [0, 1].
        spec: holds no number that enters here.
        weights: (classes,), a factor of each class's term, positive or negative; None: 1.

    Returns:
        (batch,).
    """
    del spec
    return _mean(functional.binary_cross_entropy_with_logits(logits, targets, reduction="none"), weights)


def ce(logits: Tensor, targets: Tensor, spec: CeSpec, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of a softmax: -sum_c w_c t_c log p_c, as torch's CrossEntropyLoss with probability targets.

    Targets are used as they are: a hard union of two weighs twice as much as a single label, as published for
    BirdCLEF 2025. A clip with nothing active has no target and its loss is 0; label smoothing gives it e / classes of
    each class, a pull towards equal probabilities. Arguments and result as `bce`.
    """
    del spec
    terms = -targets * functional.log_softmax(logits, 1)
    return (terms if weights is None else terms * weights).sum(1)


def focal(logits: Tensor, targets: Tensor, spec: FocalSpec | FocalBceSpec, weights: Tensor | None = None) -> Tensor:
    """Sigmoid focal loss, mean over classes (Lin et al. 2017, arXiv:1708.02002). Arguments and result as `bce`.

    As in torchvision, with p_t = p t + (1 - p)(1 - t) for float targets: at t = 0.5 the focal factor is the constant
    0.5^gamma, so it can't tell easy from hard there. 1 - p_t is summed from the two sigmoids, not subtracted from 1:
    the difference rounds to 0 for sure predictions, where gamma < 1 has no finite gradient. A clip with nothing active
    is a negative of every class.
    """
    miss = torch.sigmoid(logits) * (1 - targets) + torch.sigmoid(-logits) * targets  # 1 - p_t
    miss = miss.clamp_min(torch.finfo(miss.dtype).tiny)
    alpha_t = spec.alpha * targets + (1 - spec.alpha) * (1 - targets)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return _mean(alpha_t * miss**spec.gamma * cross_entropy, weights)


def focal_bce(logits: Tensor, targets: Tensor, spec: FocalBceSpec, weights: Tensor | None = None) -> Tensor:
    """A weighted sum of BCE and focal loss (BirdCLEF 2025). Arguments and result as `bce`, empty clips too."""
    cross_entropy = bce(logits, targets, BceSpec(), weights)
    return spec.bce_weight * cross_entropy + spec.focal_weight * focal(logits, targets, spec, weights)


def asymmetric(logits: Tensor, targets: Tensor, spec: AsymmetricSpec, weights: Tensor | None = None) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021, arXiv:2009.14119), mean over classes. Arguments and result as `bce`.

    -[t (1 - p)^gp log p + (1 - t) pm^gn log(1 - pm)] with pm = max(p - clip, 0). The paper has targets of 0 and 1 and
    sums over classes; here a target between them weighs the two parts, and the mean keeps the scale of `bce`, which
    gammas and clip of 0 give. A clip with nothing active is a negative of every class, and those with p < clip cost
    nothing. Gradients flow through the focusing factors, too.
    """
    tiny = torch.finfo(logits.dtype).tiny  # a power of 0 has no finite gradient where gamma < 1
    log_clip = logits.new_tensor(spec.clip).log()
    log_rest = torch.logaddexp(functional.logsigmoid(-logits), log_clip).clamp_max(0)  # log(1 - pm)
    missed = torch.sigmoid(-logits).clamp_min(tiny) ** spec.gamma_positive
    shifted = (torch.sigmoid(logits) - spec.clip).clamp_min(tiny) ** spec.gamma_negative
    positive = targets * missed * functional.logsigmoid(logits)
    return _mean(-positive - (1 - targets) * shifted * log_rest, weights)


LOSSES: dict[str, Loss] = {"bce": bce, "ce": ce, "focal": focal, "focal_bce": focal_bce, "asymmetric": asymmetric}
"""Losses by name; each takes (logits, targets, spec, class weights or None) and returns (batch,)."""


class ConfiguredLoss:
    """A loss with its settings and class weights: (batch, classes) logits and targets -> (batch,)."""

    def __init__(self, spec: LossSpec, weights: Tensor | None) -> None:
        self._spec, self._weights = spec, weights

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of each sample of a batch, on the logits' device."""
        if self._weights is not None:
            with torch.inference_mode(False):  # a copy made in inference mode could not be trained with
                self._weights = self._weights.to(logits.device)
        return LOSSES[self._spec.name](logits, targets, self._spec, self._weights)


def build_loss(spec: LossSpec, train_targets: np.ndarray) -> ConfiguredLoss:
    """The loss of a run, with the class weights of its training fold.

    Args:
        spec: which loss.
        train_targets: (clips, classes) targets of the training fold alone, before mixing and smoothing.
    """
    return ConfiguredLoss(spec, class_weights(spec, train_targets))


def class_weights(spec: LossSpec, train_targets: np.ndarray) -> Tensor | None:
    """(n_c / N)^-T for every class, by its frequency among the N training clips; None where T is 0.

    A clip counts for the classes whose target is above 0.5, and for those with its largest target if that is above 0:
    so its labels count, unsure pseudo-labels too, and the smaller shares of secondary labels don't. A class without
    clips counts as one with one.

    Args:
        spec: the loss, with T as `class_weight_temperature`.
        train_targets: (clips, classes), as for `build_loss`.

    Returns:
        (classes,) float32; as they are (BirdCLEF 2025) or divided by their mean.
    """
    if spec.class_weight_temperature == 0:
        return None
    largest = train_targets.max(1, initial=0, keepdims=True)
    counted = (train_targets > 0.5) | ((train_targets == largest) & (largest > 0))
    share = np.maximum(counted.sum(0), 1) / len(train_targets)
    weights = share**-spec.class_weight_temperature
    if spec.class_weight_scale == "mean_one":
        weights /= weights.mean()
    return torch.tensor(weights, dtype=torch.float32)


def probabilities(logits: Tensor, loss: str) -> Tensor:
    """What a model trained with `loss` predicts: softmax for ce, sigmoid for the rest. Shape unchanged."""
    return torch.softmax(logits, -1) if activation(loss) == "softmax" else torch.sigmoid(logits)


def activation(loss: str) -> str:
    """What turns the logits of a model trained with `loss` into probabilities: `softmax` for ce, else `sigmoid`."""
    return "softmax" if loss == "ce" else "sigmoid"


def _mean(terms: Tensor, weights: Tensor | None) -> Tensor:
    """(batch, classes) -> (batch,), each class times its weight."""
    return (terms if weights is None else terms * weights).mean(1)
