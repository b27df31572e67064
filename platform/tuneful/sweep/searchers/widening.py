"""Whether one `search` section of a resolved sweep is another one with wider ranges."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from tuneful.space.conditions import among
from tuneful.space.entry import Entry
from tuneful.space.ranges import AnyEntry, ChoiceEntry, IntEntry
from tuneful.space.real_ranges import FloatEntry

ENTRIES: TypeAdapter[tuple[Entry, ...]] = TypeAdapter(tuple[AnyEntry, ...])


def not_wider(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why trials of `old` would not all be trials of `new`, or None where `new` is as wide or wider."""
    if missing := [path for path in old if path not in new]:
        return f"{', '.join(missing)} was searched, and is not any more"
    if added := [path for path in new if path not in old]:
        return f"{', '.join(added)} was not searched before"
    for path in old:
        before, after = _entries(old[path]), _entries(new[path])
        if len(before) != len(after):
            return f"{path} has other entries"
        for one, other in zip(before, after, strict=True):
            if not _within(one, other):
                return f"{path} was {one.describe()}, which {other.describe()} does not hold"
    return None


def _entries(written: Any) -> tuple[Entry, ...]:
    return ENTRIES.validate_json(json.dumps(written if isinstance(written, list) else [written]))


def _within(old: Entry, new: Entry) -> bool:
    """Whether every value of `old` is one of `new`, drawn in the same way, under the same conditions or more."""
    if old.when.keys() != new.when.keys():
        return False
    if not all(among(value, new.when[path]) for path, values in old.when.items() for value in values):
        return False
    if isinstance(old, ChoiceEntry):
        return isinstance(new, ChoiceEntry) and all(new.takes(value) for value in old.choice)
    if type(old) is not type(new):
        return False
    assert isinstance(old, IntEntry | FloatEntry) and isinstance(new, IntEntry | FloatEntry)
    ends = new.contains(old.low) and new.contains(old.high)
    if old.log != new.log or not ends:
        return False
    return new.step is None or (old.step is not None and new.contains(old.low + old.step))
