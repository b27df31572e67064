"""A wrong section of a sweep file as it was probably meant: the first of its likely readings that is taken."""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails, to_jsonable_python

from trainers.config.paths import FieldPath, field_paths, get_path, nearest_path, set_path
from trainers.config.yamlfile import as_yaml
from tuneful.space.definition import SweepDefinition
from tuneful.space.meant import is_off, is_on, readings
from tuneful.space.meant_entries import entry_meant, is_entry
from tuneful.space.ranges import KINDS

Keys = tuple[str, ...]
FIELDS: dict[str, FieldPath] = {
    path: found for path, found in field_paths(SweepDefinition).items() if not path.startswith("further_objectives")
}
SECTIONS = frozenset({"set", "derive", "search"}).union(
    path[:end] for path in FIELDS for end, sign in enumerate(path) if sign == "."
)
"""Paths of what holds a mapping, such as `confirm` and `confirm.race`."""
SCHEDULERS = FIELDS["scheduler.name"].tags
EXAMPLES: dict[str, Any] = {
    "search": {"optimizer.lr": {"loguniform": [0.0001, 0.01]}},
    "derive": {"front_end.hop_length": "front_end.n_fft / 4"},
    "published": ["recipe", {"optimizer.lr": 0.001}],
    "objective": {"metric": "val/macro_auc"},
    "scheduler": {"name": "asha", "grace_period": 2, "reduction_factor": 3},
    "scheduler.mutate": ["optimizer.lr"],
    "early_stop": {"patience": 3},
    "confirm": {"top": 3},
    "confirm.race": {"max_repeats": 8},
    "stall": {"trials": 20},
    "tracking": {"wandb": {"project": "loss"}},
    "tracking.wandb": {"project": "loss"},
    "tracking.wandb.project": "loss",
    "max_hours": 1.5,
    "max_gpu_hours": 1.5,
}
"""What can stand where there is no default, or one that says nothing."""
MOST = 8
"""Mistakes of one section that are mended together."""


def file_keys(location: tuple[int | str, ...], data: Mapping[str, Any]) -> Keys:
    """pydantic's location as the keys of the file that holds `data`, without the tags of unions.

    `('search', 'loss.gamma', 0, 'uniform', 'uniform', 1)` becomes `('search', 'loss.gamma', '0', 'uniform', '1')`.
    """
    keys = [str(part) for part in location]
    if keys[0] == "search" and len(keys) > 3 and keys[3] in KINDS:
        del keys[3]
    if keys[0] == "scheduler" and len(keys) > 1 and keys[1] in SCHEDULERS:
        del keys[1]
    if keys[0] == "further_objectives":  # those after the first of a list
        return ("objective", *([str(int(keys[1]) + 1), *keys[2:]] if len(keys) > 1 else []))
    if keys[0] == "objective" and isinstance(data.get("objective"), list):
        keys.insert(1, "0")
    return tuple(keys)


def dotted(keys: Keys) -> str:
    """The path of a field by its keys in the file, without places in lists."""
    return ".".join(key for key in keys if not key.isdigit())


@dataclass(frozen=True)
class Mending:
    """Tries readings of what is wrong until the definition takes one."""

    errors: Callable[[Mapping[str, Any]], list[ErrorDetails]]
    """What is wrong with the data of a sweep file."""

    def section(self, data: Mapping[str, Any], name: str) -> str:
        """`name: value` with everything in it that is wrong as it was probably meant; '' where that can't be told."""
        for _ in range(MOST):
            wrong = self._errors(data, (name,))
            if not wrong:
                return f"{name}: {as_yaml(data[name])}"
            better = self._better(data, wrong[0])
            if better is None:
                return ""
            data = better
        return ""

    def _errors(self, data: Mapping[str, Any], keys: Keys) -> list[ErrorDetails]:
        """The errors at or below `keys`."""
        return [error for error in self.errors(data) if file_keys(error["loc"], data)[: len(keys)] == keys]

    def _better(self, data: Mapping[str, Any], error: ErrorDetails) -> Mapping[str, Any] | None:
        """The data with one mistake mended, at its place or else in what holds it."""
        keys = file_keys(error["loc"], data)
        if error["type"] == "extra_forbidden":  # nothing but the key is wrong in what holds it
            candidates = _without(value_at(data, keys[:-1]), keys[-1], dotted(keys[:-1]))
            return next((_with(data, keys[:-1], candidate) for candidate in candidates), None)
        for depth in range(len(keys), 0, -1):
            for candidate in _candidates(value_at(data, keys[:depth]), error, dotted(keys[:depth])):
                better: Mapping[str, Any] = _with(data, keys[:depth], candidate)
                if not self._errors(better, keys[:depth]):
                    return better
        return None


def mended_search(path: str, entries: Any) -> str:
    """`path: entry` as it was probably meant, of a list of entries each."""
    if isinstance(entries, list) and any(isinstance(entry, dict) for entry in entries):
        mended = [entry if is_entry(entry) else entry_meant(entry, path) for entry in entries]
        return f"{path}: {as_yaml(mended)}" if None not in mended else ""
    entry = entry_meant(entries, path)
    return "" if entry is None else f"{path}: {as_yaml(entry)}"


def _candidates(value: Any, error: ErrorDetails, name: str) -> Iterator[Any]:
    """What may stand at a path in place of `value`, the likeliest first."""
    if is_off(value):
        yield from () if value is None else (False,)
        yield from _default(name)
    if is_on(value) and name in EXAMPLES:
        yield EXAMPLES[name]
    yield from readings(value)
    yield from _as_section(value, name)
    yield from _allowed(value, error)
    if name in EXAMPLES:
        yield EXAMPLES[name]
    yield from _default(name)


def _as_section(value: Any, name: str) -> Iterator[dict[str, Any]]:
    """A section in which one field has the value, as `{name: asha}` where `asha` stands; one that lacks its name."""
    start = f"{name}."
    if isinstance(value, dict):
        yield from ({"name": tag, **value} for tag in (SCHEDULERS if name == "scheduler" else ()))
        return
    texts = (f"val/{value}",) if name == "objective" else ()
    for path in FIELDS:
        if path.startswith(start):
            for reading in (*readings(value), *texts):
                section: dict[str, Any] = {}
                set_path(section, path.removeprefix(start), reading)
                yield section


def part_meant(name: str, value: Any) -> str | None:
    """The field or section that was probably meant by an unknown `name` in a section of a sweep file."""
    start = f"{name.rpartition('.')[0]}."
    fields, sections = ([path for path in paths if path.startswith(start)] for paths in (FIELDS, SECTIONS))
    return nearest_part(name, value, sections, fields)


def nearest_part(name: str, value: Any, sections: Collection[str], fields: Collection[str]) -> str | None:
    """The path that is most like `name`: a section's first where `value` is a mapping, else a field's first."""
    first, second = (sections, fields) if isinstance(value, dict) else (fields, sections)
    return nearest_path(name, first) or nearest_path(name, second)


def _without(section: dict[str, Any], key: str, name: str) -> Iterator[dict[str, Any]]:
    """A section without an unknown key: of the variant that has it, with its right name, or without its value.

    A mapping says too much to be left out.
    """
    owners = FIELDS[f"{name}.{key}"].tags if f"{name}.{key}" in FIELDS else ()
    yield from ({**section, "name": owner} for owner in owners)
    others, value = {other: inner for other, inner in section.items() if other != key}, section[key]
    near = (part_meant(f"{name}.{key}", value) or "").removeprefix(f"{name}.")
    if near and get_path(others, near) is None:
        renamed = deepcopy(others)
        set_path(renamed, near, value)
        yield renamed
    if not isinstance(value, dict):
        yield others


def _allowed(value: Any, error: ErrorDetails) -> Iterator[Any]:
    """The values that are allowed where only some are, the nearest first."""
    expected = str(error.get("ctx", {}).get("expected") or error.get("ctx", {}).get("expected_tags") or "")
    allowed = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
    word = value.get("name") if isinstance(value, dict) else value
    if not isinstance(word, str):
        return
    for best in difflib.get_close_matches(word, allowed, n=len(allowed), cutoff=0.0):
        yield {**value, "name": best} if isinstance(value, dict) else best


def _default(name: str) -> Iterator[Any]:
    """The default of a field or of a section of the file."""
    info = FIELDS[name].info if name in FIELDS else SweepDefinition.model_fields.get(name)
    if info is not None and not info.is_required():
        yield to_jsonable_python(info.default)


def value_at(data: Any, keys: Keys) -> Any:
    """The value at `keys` of nested mappings and lists; None where there is none."""
    for key in keys:
        if isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def _with(data: Any, keys: Keys, value: Any) -> Any:
    """A copy of `data` with another value at `keys`."""
    if not keys:
        return value
    if isinstance(data, list):
        return [_with(item, keys[1:], value) if str(index) == keys[0] else item for index, item in enumerate(data)]
    inner = data if isinstance(data, dict) else {}
    return {**inner, keys[0]: _with(inner.get(keys[0]), keys[1:], value)}
