"""What else bears on a verdict than what decided it."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from analysis.correlation.board_error import rounding_step
from analysis.correlation.facts import Slice
from analysis.correlation.noise import NoiseFloor
from analysis.correlation.reasons import Reason, reason
from analysis.correlation.thresholds import Thresholds

NAMED = 2
"""Contrasts that are named one by one; the others are counted."""


def notes(found: Slice, y: np.ndarray, thresholds: Thresholds) -> Slice:
    """The slice with further reasons behind those that decided; `y` is its leaderboard ``(n,)``."""
    return dataclasses.replace(found, reasons=(*found.reasons, *_notes(found, y, thresholds)))


def _notes(found: Slice, y: np.ndarray, thresholds: Thresholds) -> Iterator[Reason]:
    if found.n < 2:
        return
    if found.tried > 1 and np.isfinite(found.spearman.p):
        yield reason("best_of", tried=found.tried, p_alone=found.spearman.p, p=found.p_corrected)
    yield from _regret(found)
    yield from _flips(found)
    if found.verdict == "usable":
        held = (one for one in found.within if one.comparable and one.groups > 1)
        yield from (reason("within", column=one.column, rho=one.within, p=min(1.0, 2 * one.p_greater)) for one in held)
    yield from (reason("ungrouped", column=one.column) for one in found.within if not one.comparable)
    yield from _ceilings(found)
    yield from _board(y)
    if found.verdict == "no evidence" and np.isfinite(found.spearman.value):
        yield _power(found, thresholds)


def _regret(found: Slice) -> Iterator[Reason]:
    if one := found.regret:
        numbers = {"lost": one.value, "at_random": one.at_random}
        yield reason("regret", picked=one.picked, best=one.best, low=one.low, high=one.high, **numbers)
        if one.value >= one.at_random > 0:
            yield reason("regret_not_below_random", **numbers)


def _flips(found: Slice) -> Iterator[Reason]:
    flipped = [one for one in found.contrasts if one.flipped]
    for one in flipped[:NAMED]:
        ids = ", ".join(member.id for member in one.members)
        yield reason("flipped", ids=ids, column=one.column, opposite=one.opposite, pairs=one.opposite + one.same_way)
    if len(flipped) > NAMED:
        yield reason("flips", flipped=len(flipped), contrasts=len(found.contrasts))


def _ceilings(found: Slice) -> Iterator[Reason]:
    validation = found.noise if found.noise and not found.noise.within_noise else None  # else it has been told
    floors: tuple[tuple[str, NoiseFloor | None], ...] = ((found.cv, validation), (found.leaderboard, found.board_noise))
    for score, floor in floors:
        if floor:
            numbers = {"reliability": floor.reliability, "ceiling": floor.ceiling}
            yield reason("ceiling", source=floor.noise.source, score=score, **numbers)


def _board(y: np.ndarray) -> Iterator[Reason]:
    tied = len(y) - int(np.count_nonzero(np.unique(y, return_counts=True)[1] == 1))
    if tied:
        yield reason("tied", tied=tied)
    if step := rounding_step(y):
        yield reason("rounding", step=step)


def _power(found: Slice, thresholds: Thresholds) -> Reason:
    plan = found.plan
    needed = {"needed": _count(plan.observed), "needed_plausible": _count(plan.plausible)}
    known = {"n": found.n, "power": thresholds.power, "plausible": thresholds.plausible, "detectable": plan.detectable}
    return reason("power", rho=found.spearman.value, **known, **needed)


def _count(needed: int | None) -> int | str:
    return needed if needed is not None else "more than 100,000"
