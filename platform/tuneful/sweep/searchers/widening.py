"""Whether one `search` section of a resolved sweep is another one with more values."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from tuneful.space.conditions import among
from tuneful.space.entry import Entry
from tuneful.space.ranges import AnyEntry, ChoiceEntry, IntEntry
from tuneful.space.real_ranges import FloatEntry

ENTRIES: TypeAdapter[tuple[Entry, ...]] = TypeAdapter(tuple[AnyEntry, ...])
Search = Mapping[str, tuple[Entry, ...]]


def not_wider(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why trials of `old` would not all be trials of `new`, or None where `new` is as wide or wider.

    What is searched for new values alone is wider: the settings that a new choice brings, which no trial of `old` has.
    """
    before, after = _read(old), _read(new)
    if missing := [path for path in before if path not in after]:
        return f"{', '.join(missing)} was searched, and is not any more"
    if added := [path for path in after if path not in before and not _all_new(after[path], before)]:
        return f"{', '.join(added)} was not searched before, and trials on record would have it"
    for path, entries in before.items():
        for one in entries:
            if not any(_within(one, other) for other in after[path]):
                held = "; ".join(other.describe() for other in after[path])
                return f"{path} was {one.describe()}, which {held} does not hold"
        further = [other for other in after[path] if not any(_within(one, other) for one in entries)]
        if not _all_new(further, before):
            return f"{path} has other entries"
    return None


def _read(search: Mapping[str, Any]) -> Search:
    return {path: _entries(written) for path, written in search.items()}


def _entries(written: Any) -> tuple[Entry, ...]:
    return ENTRIES.validate_json(json.dumps(written if isinstance(written, list) else [written]))


def _all_new(entries: Iterable[Entry], before: Search) -> bool:
    """Whether no trial of the space before can meet the conditions of any of the entries."""
    return all(any(_unknown(path, values, before) for path, values in entry.when.items()) for entry in entries)


def _unknown(path: str, values: tuple[Any, ...], before: Search) -> bool:
    """Whether a parameter never had any of the values, or was none."""
    return not any(entry.takes(value) for entry in before.get(path, ()) for value in values)


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
