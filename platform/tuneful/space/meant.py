"""What a wrong value was probably meant to be: other readings of it, the likeliest first. Whoever asks tries them."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from trainers.config.yamlfile import parse_value
from trainers.errors import SpecError

ON = ("true", "yes", "on")
OFF = ("false", "no", "off", "none", "null")
_CLOCK = re.compile(r"(\d+):([0-5]\d)")


def is_on(value: Any) -> bool:
    """Whether a value says that something is wanted, and no more."""
    return value is True or (isinstance(value, str) and value.lower() in ON)


def is_off(value: Any) -> bool:
    """Whether a value says that something is not wanted."""
    return value is None or value is False or (isinstance(value, str) and value.lower() in OFF)


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def readings(value: Any) -> Iterator[Any]:
    """A value as it is and in other types: alone, item by item, as the only item of a list, as the item it holds."""
    for read in (_same, _truth, _written, _hours, _whole, _text):
        yield read(value)
        yield [read(item) for item in value] if isinstance(value, list) else [read(value)]
    if isinstance(value, str):
        yield _written(f"[{value}]")
    if isinstance(value, list):
        yield [value]
        yield from value[:1] if len(value) == 1 else ()


def meant(value: Any, takes: Callable[[Any], bool]) -> tuple[Any, ...]:
    """The first reading of a value that is taken, alone in a tuple; an empty one where none is."""
    return next(((reading,) for reading in readings(value) if takes(reading)), ())


def _same(value: Any) -> Any:
    return value


def _truth(value: Any) -> Any:
    """`yes` and 1, which YAML 1.2 has as a text and a number, as true."""
    if is_on(value) or (is_number(value) and value == 1):
        return True
    return False if value is not None and (is_off(value) or value == 0) else value


def _written(value: Any) -> Any:
    """The value that a text spells."""
    try:
        return parse_value(value) if isinstance(value, str) else value
    except SpecError:
        return value


def _hours(value: Any) -> Any:
    """`1:30` in hours."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) + round(int(found[2]) / 60, 3) if found else value


def _whole(value: Any) -> Any:
    value = _written(value)
    return int(value) if isinstance(value, float) and math.isfinite(value) else value


def _text(value: Any) -> Any:
    return str(value) if is_number(value) else value
