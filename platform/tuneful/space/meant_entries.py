"""What a wrong entry of `search` was probably meant to be, also one in the words of Weights & Biases."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from trainers.config.build import FIELDS, TAGS
from tuneful.space.conditions import among
from tuneful.space.derivation_checks import kinds_of
from tuneful.space.meant import is_number, is_off, meant
from tuneful.space.ranges import KINDS, AnyEntry

KEYS = (*KINDS, "when", "log", "step")
"""Of entries."""
_LOW, _HIGH, _STEP, _CHOICES = ("min", "low", "lower"), ("max", "high", "upper"), ("step", "q"), ("values", "value")
"""What other tools call the parts of one."""
_FOREIGN = {*_LOW, *_HIGH, *_STEP, *_CHOICES, "distribution", "log"}
_ENTRY: TypeAdapter[Any] = TypeAdapter(AnyEntry)


def entry_meant(entry: Any, path: str) -> dict[str, Any] | None:
    """The entry that a wrong one for `path` was probably meant to be; None where there is none.

    First it is told what the entry says of its values, in whatever words, then the first form of an entry that can
    say this is taken; where it says nothing, the field's own values are.
    """
    when = entry.get("when") if isinstance(entry, dict) else None
    for form in (*_forms(_told(entry, path)), *_of_field(path)):
        for conditions in ({"when": when}, {}) if when else ({},):
            if is_entry(found := {**form, **conditions}):
                return found
    return None


def is_entry(entry: Any) -> bool:
    """Whether a value is an entry of `search`; its `when` may hold single values."""
    if not isinstance(entry, dict):
        return False
    when = entry.get("when", {})
    if isinstance(when, dict):
        when = {path: values if isinstance(values, list) else [values] for path, values in when.items()}
    try:
        _ENTRY.validate_json(json.dumps({**entry, "when": when}))
    except ValidationError:
        return False
    return True


@dataclass(frozen=True)
class _Told:
    """What an entry says of its values."""

    numbers: tuple[Any, ...] = ()
    step: Any = 0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()


def _told(entry: Any, path: str) -> _Told:
    if not isinstance(entry, dict):
        return _Told(choices=() if entry is None else _listed(entry))
    entry = _renamed(entry)
    kind = next((kind for kind in KINDS if kind in entry), "")
    if kind == "choice" or (not kind and (choices := _first(entry, _CHOICES)) is not None):
        return _Told(choices=_listed(entry[kind] if kind else choices))
    inner = entry.get(kind)
    ends = inner if kind and not isinstance(inner, dict) else [_first(inner or entry, ends) for ends in (_LOW, _HIGH)]
    numbers = _numbers(ends)
    if len(numbers) > 2 and kind != "quniform":
        return _Told(choices=numbers)
    words = f"{kind} {entry.get('distribution', '')}"
    if words.endswith("log_uniform"):  # Weights & Biases gives these ends as exponents of e
        numbers = tuple(float(f"{math.exp(min(number, 700.0)):.3g}") for number in numbers)
    step: Any = next(iter(_numbers(_first(entry, _STEP))), numbers[2] if len(numbers) == 3 else 0)
    integral = all(float(number).is_integer() for number in numbers)
    whole = kinds_of(path) & {int, float} == {int} or ("int" in words.split("_")[0] and integral)
    log = "log" in words or not is_off(entry.get("log"))
    return _Told(numbers, step, log, whole)


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with slips of the pen in its keys corrected."""
    known = [key for key in KEYS if key not in entry]
    near = {key: get_close_matches(key, known, 1, 0.75) for key in entry if key not in (*KEYS, *_FOREIGN)}
    return {(near.get(key) or [key])[0]: value for key, value in entry.items()}


def _forms(told: _Told) -> Iterator[dict[str, Any]]:
    """The entries that can say this, the one that says most of it first."""
    if len(told.numbers) > 1:
        low, high = sorted(told.numbers[:2])
        if told.whole:
            low, high = int(low), int(high)
        if told.log and (low > 0 or not told.step):
            above = low if low > 0 else 1 if told.whole else float(f"{high / 1000:.3g}")
            yield {"int": [above, high], "log": True} if told.whole else {"loguniform": [above, high]}
        step = int(told.step) if told.whole else told.step
        if step > 0:
            last = _last(low, high, step)
            yield {"int": [low, last], "step": step} if told.whole else {"quniform": [low, last, step]}
        yield {"int" if told.whole else "uniform": [low, high]}
    distinct: list[Any] = []
    for value in told.choices or told.numbers:
        distinct += [] if among(value, tuple(distinct)) else [value]
    yield {"choice": distinct}


def _last(low: Any, high: Any, step: Any) -> Any:
    """The last number that steps from `low` reach, without the digits that adding leaves."""
    last = low + math.floor((high - low) / step + 1e-9) * step
    return high if math.isclose(last, high) else last if isinstance(last, int) else float(f"{last:.12g}")


def _of_field(path: str) -> Iterator[dict[str, Any]]:
    """Entries with values that the field at `path` takes."""
    found = FIELDS.get(path)
    if found is None:
        yield {"uniform": [0.5, 2.0]}
        return
    yield {"choice": list(found.tags if path in TAGS else [v for v in get_args(found.info.annotation) if _plain(v)])}
    default: Any = None if found.info.is_required() else found.info.get_default(call_default_factory=True)
    if isinstance(default, bool):
        yield {"choice": [True, False]}
    elif is_number(default) and default > 0:
        whole = isinstance(default, int) and float not in kinds_of(path)
        yield {"int": [math.ceil(default / 2), default]} if whole else {"uniform": [default / 2, default]}
    yield {"choice": [json.loads(json.dumps(default, default=list))]}


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _numbers(values: Any) -> tuple[Any, ...]:
    """The numbers among values, also those written as texts."""
    whole = meant(values, lambda found: isinstance(found, list) and all(map(is_number, found)))
    listed = whole[0] if whole else values if isinstance(values, list) else []
    return tuple(number for value in listed for number in meant(value, is_number))


def _first(entry: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((entry[key] for key in keys if key in entry), None)
