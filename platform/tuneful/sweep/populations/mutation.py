"""How a member of a population changes the settings that it took over (Jaderberg et al. 2017, `explore`)."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tuneful.space.entry import Entry
from tuneful.space.parameters import Space
from tuneful.space.ranges import ChoiceEntry, IntEntry
from tuneful.space.real_ranges import FloatEntry
from tuneful.space.sample import to_settings

FACTORS = (0.8, 1.2)


def mutate(
    space: Space, paths: Iterable[str], params: Mapping[str, Any], resample: float, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, str]]:
    """Change settings within their ranges.

    Args:
        space: that they are searched in.
        paths: what may change; what is not active where the others stay as they are is left aside.
        params: Optuna's parameters of the donor.
        resample: how often a setting is drawn anew.
        rng: what is drawn from.

    Returns:
        Optuna's parameters afterwards, and what was done by path: `x 1.2`, `drawn anew`, `next choice`.
    """
    settings = to_settings(params)
    how: dict[str, str] = {}
    for path in paths:
        parameter = space.parameters[path]
        index = parameter.active(settings)
        if index is None:
            continue
        entry = parameter.entries[index]
        settings[path], how[path] = _changed(entry, settings[path], resample, rng)
    return space.params(settings), how


def _changed(entry: Entry, value: Any, resample: float, rng: np.random.Generator) -> tuple[Any, str]:
    share = rng.random()  # drawn in any case: one setting's way does not shift what the next one draws
    if rng.random() < resample:
        return entry.somewhere(share), "drawn anew"
    steps = rng.permutation(2)
    if isinstance(entry, ChoiceEntry):
        return _neighbour(entry, value, steps)
    value = _on_step(entry, value)
    for factor in (FACTORS[step] for step in steps):
        moved = _scaled(entry, value, factor)
        if moved != value:
            return moved, f"x {factor:g}"
    return entry.somewhere(share), "drawn anew"  # 0 times anything is 0


def _neighbour(entry: ChoiceEntry, value: Any, steps: Iterable[int]) -> tuple[Any, str]:
    """The choice beside it in the order of the file."""
    values = entry.values()
    position = values.index(value)
    for step in steps:
        other = position + (-1, 1)[step]
        if 0 <= other < len(values):
            return values[other], ("previous choice", "next choice")[step]
    return value, "only choice"


def _scaled(entry: Entry, value: Any, factor: float) -> Any:
    """`value * factor` within the range; on a step, and at least one step away, where there are steps."""
    assert isinstance(entry, FloatEntry | IntEntry)
    moved = _on_step(entry, min(max(value * factor, entry.low), entry.high))
    values = entry.values()
    if moved != value or not values:
        return moved
    position = values.index(value) + (1 if value * factor > value else -1)
    return values[min(max(position, 0), len(values) - 1)]


def _on_step(entry: Entry, value: Any) -> Any:
    """The nearest of the values where there are steps: 0.3, not the 0.30000000000000004 that they add up to."""
    return min(entry.values() or (value,), key=lambda other: abs(other - value))
