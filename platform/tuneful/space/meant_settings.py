"""A part of a run that stands beside `search` and `set` instead of in one of them, as it was probably meant."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from trainers.config.build import FIELDS, MAPPINGS, leaves
from trainers.config.paths import nearest_path
from trainers.config.yamlfile import as_yaml
from tuneful.space.meant import meant
from tuneful.space.meant_entries import entry_meant
from tuneful.space.named_values import acceptable, choices_meant
from tuneful.space.ranges import KINDS

OF_THE_SWEEP = ("data.fold", "data.name", "seed")
"""Fields that no trial chooses; `set` takes the last two."""


def placed(part: str, value: Any, data: Mapping[str, Any]) -> str:
    """Where the field or section `part` of a run belongs in the sweep file with `data`.

    An entry belongs below `search`, values below `set`; a field that doesn't take its value is named without it.
    """
    if part in FIELDS and part not in MAPPINGS and isinstance(value, dict):
        return searched({part: value}, data)
    settings: dict[str, Any] = {}
    for path, written in leaves({part: value}):
        field = _field(path, part)
        if field is None:
            return f"fields of {part} under `set`, such as {_fields_in(part)[0]}"
        if field == "data.fold":
            return "folds, beside `search`, in place of data.fold"
        if section := next((name for name in ("search", "derive") if field in _mapping(data.get(name))), None):
            return f"remove it, {field} stands under `{section}`"
        read = meant(written, partial(acceptable, field))
        if not read:
            return f"{field} under `set`, with a value that it takes"
        settings[field] = read[0]
    return f"set: {as_yaml({**dict(leaves(_mapping(data.get('set')))), **settings})}"


def searched(parameters: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """`search: {...}` of the sweep file with `data` and parameters in whatever words.

    A parameter that means no field, or nothing that its field takes, is named instead.
    """
    entries = dict(_mapping(data.get("search")))
    for name, value in parameters.items():
        path = nearest_path(name, FIELDS)
        if path is None:
            return f"the field that {name} stands for under `search`, by its dotted path such as optimizer.lr"
        if path in OF_THE_SWEEP:
            return f"`search` without {name}, which is the same for all trials"
        entry = _entry(value, path)
        if entry is None:
            return f"{path} under `search`, with values that it takes"
        entries[path] = entry
    return f"search: {as_yaml(entries)}"


def _entry(value: Any, path: str) -> dict[str, Any] | None:
    """The entry that `value` was probably meant to be; None where the field takes no such values."""
    entry = entry_meant(value, path)
    if entry is None:
        return None
    kind = next(kind for kind in KINDS if kind in entry)
    if kind == "choice":
        entry = {**entry, kind: choices_meant(path, entry[kind]) or entry[kind]}
    values: Sequence[Any] = entry[kind] if kind == "choice" else entry[kind][:2]
    return entry if all(acceptable(path, each) for each in values) else None


def _field(path: str, section: str) -> str | None:
    """The field that a path below a section means; `loss` alone is `loss.name`."""
    exact = next((known for known in (path, f"{path}.name") if known in FIELDS), None)
    return exact or nearest_path(path, _fields_in(section))


def _fields_in(section: str) -> list[str]:
    return [path for path in FIELDS if path.startswith(f"{section}.")]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
