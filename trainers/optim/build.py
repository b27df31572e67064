"""Optimizers, and learning rates as a function of the step."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from trainers.optim.schedules import SHAPES, Moment
from trainers.optim.spec import AdamSpec, AdamWSpec, OneCycleSpec, OptimizerSpec, RAdamSpec, ScheduleSpec, SgdSpec

Schedule = Callable[[int], float]
"""Optimizer step (from 0) -> learning rate."""

Groups = list[dict[str, Any]]


def adamw(groups: Groups, spec: AdamWSpec) -> torch.optim.Optimizer:
    """torch's AdamW (Loshchilov & Hutter 2019)."""
    return torch.optim.AdamW(groups, lr=spec.lr, betas=(spec.beta1, spec.beta2), weight_decay=spec.weight_decay)


def adam(groups: Groups, spec: AdamSpec) -> torch.optim.Optimizer:
    """torch's Adam (Kingma & Ba 2015)."""
    return torch.optim.Adam(groups, lr=spec.lr, betas=(spec.beta1, spec.beta2), weight_decay=spec.weight_decay)


def radam(groups: Groups, spec: RAdamSpec) -> torch.optim.Optimizer:
    """torch's RAdam (Liu et al. 2020)."""
    return torch.optim.RAdam(groups, lr=spec.lr, betas=(spec.beta1, spec.beta2), weight_decay=spec.weight_decay)


def sgd(groups: Groups, spec: SgdSpec) -> torch.optim.Optimizer:
    """torch's SGD with momentum (Sutskever et al. 2013)."""
    return torch.optim.SGD(
        groups, lr=spec.lr, momentum=spec.momentum, nesterov=spec.nesterov, weight_decay=spec.weight_decay
    )


OPTIMIZERS: dict[str, Callable[[Groups, Any], torch.optim.Optimizer]] = {
    "adamw": adamw,
    "adam": adam,
    "radam": radam,
    "sgd": sgd,
}
"""Optimizers by name; each takes parameter groups and its spec."""


def build_optimizer(
    backbone: list[nn.Parameter], head: list[nn.Parameter], spec: OptimizerSpec
) -> torch.optim.Optimizer:
    """The optimizer of all parameters that are trained, in groups that are not empty: backbone, head.

    Each group has the key `factor`, its learning rate relative to the schedule's: whoever sets the rate sets
    `group["lr"] = rate * group["factor"]`.
    """
    groups = []
    for parameters, factor in ((backbone, spec.backbone_lr_factor), (head, 1.0)):
        if trained := [parameter for parameter in parameters if parameter.requires_grad]:
            groups.append({"params": trained, "lr": spec.lr * factor, "factor": factor})
    return OPTIMIZERS[spec.name](groups, spec)


def peak_lr(spec: OptimizerSpec, batch_size: int) -> float:
    """The schedule's peak: `lr`, scaled with the batch size as asked.

    Linear after Goyal et al. 2017 (arXiv:1706.02677), by the square root after Krizhevsky 2014 (arXiv:1404.5997).

    Args:
        spec: `lr` and the batch size it is meant for.
        batch_size: samples per optimizer step, over all workers and accumulated batches.
    """
    ratio = batch_size / spec.lr_reference_batch
    return spec.lr * {"none": 1.0, "linear": ratio, "sqrt": math.sqrt(ratio)}[spec.lr_scaling]


def build_schedule(spec: ScheduleSpec, lr: float, steps_per_epoch: int, epochs: int) -> Schedule:
    """The learning rate as a function of the step alone, so that a resumed run needs no state of it.

    After a linear warm-up, which ends at the peak, a schedule runs in the steps that are left. One that changes per
    epoch does so where the run's epochs begin; the epoch in which the warm-up ends goes on at the peak.

    Args:
        spec: the schedule.
        lr: the peak.
        steps_per_epoch: optimizer steps of an epoch.
        epochs: of the whole run.
    """
    warmup = 0 if isinstance(spec, OneCycleSpec) else spec.warmup_steps  # one cycle is a warm-up itself

    def at(step: int) -> float:
        if step < warmup:
            return lr * (step + 1) / warmup
        epoch_step = max(0, step // steps_per_epoch * steps_per_epoch - warmup)
        moment = Moment(step - warmup, epoch_step, steps_per_epoch * epochs - warmup, steps_per_epoch)
        return SHAPES[spec.name](spec, lr, moment)

    return at


def rewarmed(schedule: Schedule, steps: int) -> Schedule:
    """The schedule under a ramp from near 0 to 1 over the first `steps`: trained weights meet new moments gently."""

    def at(step: int) -> float:
        return schedule(step) * min(1.0, (step + 1) / steps)

    return at
