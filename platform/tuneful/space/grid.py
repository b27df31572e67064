"""Every combination of a space: what `search_algorithm.sampler: grid` goes through."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from trainers.errors import SpecError
from tuneful.space.conditions import show_value
from tuneful.space.entry import Entry
from tuneful.space.parameters import Parameter, Space
from tuneful.space.places import with_hint
from tuneful.space.real_ranges import FloatEntry

MAX_COMBINATIONS = 100_000
"""How large a grid may be: it is listed whole, so that its order can be drawn."""


def combinations(space: Space) -> Iterator[dict[str, Any]]:
    """Every distinct configuration once, as settings by path, in an order that depends on the space alone.

    Conditions are kept. The values of a parameter come in the order of the file, those of the last one in
    `space.order` change first.

    Raises:
        SpecError: a range without a step, which has no end of values; with the fix.
    """
    check_enumerable(space)
    return space.extend({}, space.order, lambda _, entry: entry.values())


def grid_size(space: Space) -> int:
    """The number of combinations.

    Raises:
        SpecError: a range without a step, or more combinations than can be listed.
    """
    check_enumerable(space)
    size = sum(1 for _ in islice(combinations(space), MAX_COMBINATIONS + 1))
    if size > MAX_COMBINATIONS:
        raise SpecError(
            f"search_algorithm.sampler is grid, but the space holds more than {MAX_COMBINATIONS} combinations. "
            "Try: fewer values, or sampler: tpe"
        )
    return size


def check_enumerable(space: Space) -> None:
    """Every range of the space has steps.

    Raises:
        SpecError: with line, and the same range in steps.
    """
    for parameter in space.parameters.values():
        for index, entry in enumerate(parameter.entries):
            if entry.count() is None:
                raise _endless(parameter, index, entry)


def _endless(parameter: Parameter, index: int, entry: Entry) -> SpecError:
    assert isinstance(entry, FloatEntry)
    low, high = entry.low, entry.high
    if entry.log:
        middle = (low * high) ** 0.5
        fix = f"{{choice: [{', '.join(show_value(float(f'{v:.3g}')) for v in (low, middle, high))}]}}"
    else:
        fix = f"{{quniform: [{low:g}, {high:g}, {(high - low) / 4:g}]}}"
    text = f"{parameter.path} is a range without steps, sampler: grid can't take every value of it"
    return SpecError(with_hint(f"{parameter.place(index)}: {text}", f"{parameter.path}: {fix}"))
