"""Optimizers and schedules by name."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import nn

from trainers.optim.spec import AdamWSpec, ConstantSpec, CosineSpec

Schedule = Callable[[int], float]
"""Step (from 0) -> learning rate."""


def build_optimizer(parameters: Iterable[nn.Parameter], spec: AdamWSpec) -> torch.optim.Optimizer:
    """AdamW on all parameters."""
    return torch.optim.AdamW(parameters, lr=spec.lr, weight_decay=spec.weight_decay, betas=(spec.beta1, spec.beta2))


def build_schedule(spec: ConstantSpec | CosineSpec, lr: float, steps: int) -> Schedule:
    """The learning rate as a function of the step alone, so that a resumed run needs no state of it.

    Args:
        spec: the schedule.
        lr: the peak.
        steps: of the whole run; the cosine reaches `eta_min` at the last one.
    """

    def at(step: int) -> float:
        if step < spec.warmup_steps:
            return lr * (step + 1) / spec.warmup_steps
        if isinstance(spec, ConstantSpec):
            return lr
        progress = (step - spec.warmup_steps) / max(1, steps - 1 - spec.warmup_steps)
        return spec.eta_min + (lr - spec.eta_min) * 0.5 * (1 + math.cos(math.pi * progress))

    return at
