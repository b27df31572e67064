"""The shapes of learning-rate schedules: each a pure function of where the run is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainers.optim.spec import ConstantSpec, CosineSpec, CyclicSpec, OneCycleSpec, PlateauSpec, WarmRestartsSpec


@dataclass(frozen=True)
class Moment:
    """Where a run is, in optimizer steps counted from the end of the warm-up."""

    step: int
    epoch_step: int
    """the first step of this epoch; 0 where that was still in the warm-up"""
    steps: int
    """from the end of the warm-up to the end of the run"""
    steps_per_epoch: int


Shape = Callable[[Any, float, Moment], float]


def constant(spec: ConstantSpec | PlateauSpec, lr: float, now: Moment) -> float:
    """Always the peak. Of `plateau`, too: its falls depend on a metric, so `Plateau` holds them."""
    del spec, now
    return lr


def cosine(spec: CosineSpec, lr: float, now: Moment) -> float:
    """Half a cosine, as torch's CosineAnnealingLR.

    Per epoch with T_max = epochs (Mix2: eta_min is what an epoch after the last would have); per step with
    T_max = steps - 1, so that the last step has eta_min.
    """
    per_epoch = spec.per == "epoch"
    progress = now.epoch_step / now.steps if per_epoch else now.step / max(1, now.steps - 1)
    return _half_cosine(lr, spec.eta_min, progress)


def warm_restarts(spec: WarmRestartsSpec, lr: float, now: Moment) -> float:
    """Half cosines that start anew, as torch's CosineAnnealingWarmRestarts (Loshchilov & Hutter 2017)."""
    since = now.epoch_step if spec.per == "epoch" else now.step
    length = spec.t_0 * now.steps_per_epoch
    if spec.t_mult == 1:
        since %= length
    while since >= length:
        since -= length
        length *= spec.t_mult
    return _half_cosine(lr, spec.eta_min, since / length)


def one_cycle(spec: OneCycleSpec, lr: float, now: Moment) -> float:
    """A rise and a fall, both half cosines, as torch's OneCycleLR of two phases (Smith & Topin 2019)."""
    first = lr / spec.div_factor
    top = spec.pct_start * now.steps - 1
    if now.step <= top and top > 0:
        return _half_cosine(first, lr, now.step / top)
    return _half_cosine(lr, first / spec.final_div_factor, (now.step - top) / (now.steps - 1 - top))


def cyclic(spec: CyclicSpec, lr: float, now: Moment) -> float:
    """Triangles that start at their lowest, as torch's CyclicLR in its mode `triangular` (Smith 2017)."""
    half = spec.half_cycle_epochs * now.steps_per_epoch
    height = 1 - abs((now.step / half) % 2 - 1)
    return lr * (spec.base_factor + (1 - spec.base_factor) * height)


SHAPES: dict[str, Shape] = {
    "constant": constant,
    "cosine": cosine,
    "warm_restarts": warm_restarts,
    "one_cycle": one_cycle,
    "cyclic": cyclic,
    "plateau": constant,
}
"""Schedules by name: (spec, peak rate, moment) -> learning rate."""


def _half_cosine(start: float, end: float, progress: float) -> float:
    """From `start` at a progress of 0 to `end` at 1."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * progress))
