"""`extends`: a sweep file that says only how it differs from another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from trainers.config.build import TAGS, leaves
from trainers.config.yamlfile import Document, load_document
from trainers.errors import SpecError
from tuneful.space.locate import SUFFIXES, find_sweep_file, is_file

Keys = tuple[str, ...]
SETTINGS = ("set", "derive", "search")
"""Sections of settings by path: a path that the extending file has in one of them leaves the other two."""


@dataclass(frozen=True)
class SweepDocument(Document):
    """A sweep file with what it extends; every key knows the file that it came from."""

    origins: Mapping[Keys, Path] = field(default_factory=dict)
    extended: tuple[Path, ...] = ()
    """The files it extends, the nearest first."""

    def place(self, keys: Keys) -> str:
        """Where `keys` stands: `file.yaml:7`; the nearest parent's line where a key has none of its own."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.origins.get(keys, self.path)}:{self.lines[keys]}" if keys else str(self.path)


def load_sweep_document(path: Path) -> SweepDocument:
    """The sweep file `path` with what it extends put under it.

    Of several that it extends each is put over those before it. Mappings are merged key by key,
    everything else is replaced; null takes back what is there (`search: {loss.gamma: null}`, `scheduler: null`).

    Raises:
        SpecError: a file that is missing or no YAML, a circle of files, a key dropped that is not there.
    """
    return _load(path, ())


def _load(path: Path, below: tuple[Path, ...]) -> SweepDocument:
    document = load_document(path)
    own = SweepDocument(document.data, path, document.lines, dict.fromkeys(document.lines, path))
    if "extends" not in document.data:
        return own
    parents = [_parent(name, document, (*below, path)) for name in _names(document)]
    return reduce(lambda base, extending: _Merge(base, extending).run(), [*parents, own])


def _names(document: Document) -> list[str]:
    given = document.data["extends"]
    names = given if isinstance(given, list) else [given]
    if not names or not all(isinstance(name, str) and name for name in names):
        place = document.place(("extends",))
        text = f"{place}: extends must be the name or the path of a sweep file, or a list of them, got {given!r}"
        raise SpecError(f"{text}. Try: extends: loss")
    return names


def _parent(name: str, document: Document, chain: tuple[Path, ...]) -> SweepDocument:
    place = document.place(("extends",))
    parent = _find(name, chain[-1].parent, place)
    if parent.resolve() in {other.resolve() for other in chain}:
        circle = " <- ".join(str(other) for other in (*chain, parent))
        raise SpecError(f"{place}: extends leads in a circle: {circle}. Try: leave one of them out")
    return _load(parent, chain)


def _find(name: str, beside: Path, place: str) -> Path:
    """The extended file: beside the extending one, or a search space by its name."""
    for candidate in (beside / name, *(beside / f"{name}{suffix}" for suffix in SUFFIXES)):
        if is_file(candidate):
            return candidate
    try:
        return find_sweep_file(name)
    except SpecError as error:
        raise SpecError(f"{place}: extends: {error}") from None


class _Merge:
    """The state of one merge."""

    def __init__(self, base: SweepDocument, own: SweepDocument) -> None:
        self.base, self.own = base, own
        self.data: dict[str, Any] = {}
        self.lines: dict[Keys, int] = {}
        self.origins: dict[Keys, Path] = {}

    def run(self) -> SweepDocument:
        for key in dict.fromkeys((*self.base.data, *self.own.data)):
            if key not in ("extends", "name", *SETTINGS):
                self._section(key)
        if "name" in self.own.data:
            self._take(self.own, ("name",), self.own.data["name"])
        self._settings()
        paths = (*self.own.extended, *((self.base.path,) if self.base.path else ()), *self.base.extended)
        extended = tuple(dict.fromkeys(paths))
        return SweepDocument(self.data, self.own.path, self.lines, self.origins, extended)

    def _section(self, key: str) -> None:
        old, new = self.base.data.get(key), self.own.data.get(key)
        if key not in self.own.data:
            self._take(self.base, (key,), self._beside(key, old))
        elif new is None and key in self.base.data:  # taken back: the default
            self._line(self.own, (key,))
        elif isinstance(old, dict) and isinstance(new, dict) and new.get("name", old.get("name")) == old.get("name"):
            self._line(self.own, (key,))
            self.data[key] = {}
            for inner in dict.fromkeys((*old, *new)):
                source = self.own if inner in new else self.base
                if new.get(inner, inner) is not None or inner not in old:
                    self._take(source, (key, inner), source.data[key][inner])
        else:
            self._take(self.own, (key,), new)

    def _beside(self, key: str, value: Any) -> Any:
        """A recipe that lies beside the extended file, by its path."""
        folder = self.base.path.parent if self.base.path else None
        if key == "recipe" and isinstance(value, str) and value.endswith(SUFFIXES) and folder is not None:
            return str(folder / value) if is_file(folder / value) else value
        return value

    def _take(self, source: SweepDocument, keys: Keys, value: Any, at: Keys | None = None) -> None:
        """Take a value with the lines of everything in it; `at` is where the source has it, if elsewhere."""
        place: Any = self.data
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
        at = at or keys
        for found, line in source.lines.items():
            if found[: len(at)] == at:
                target = (*keys, *found[len(at) :])
                self.lines[target], self.origins[target] = line, source.origins[found]

    def _line(self, source: SweepDocument, keys: Keys) -> None:
        if keys in source.lines:
            self.lines[keys], self.origins[keys] = source.lines[keys], source.origins[keys]

    def _settings(self) -> None:
        """`set`, `derive` and `search`: what the extending file says of a path wins over whatever was said of it."""
        told = {section: _by_path(self.own, section) for section in SETTINGS}
        for section, paths in told.items():
            for path in paths:
                self._check_dropped(section, path)
        for section in SETTINGS:
            self._line(self.base, (section,))
            self._line(self.own, (section,))
            old, new = _by_path(self.base, section), told[section]
            for path in dict.fromkeys((*old, *new)):
                if path not in new and self._overruled(section, path, told):
                    continue
                source, (value, at) = (self.own, new[path]) if path in new else (self.base, old[path])
                if section == "set" or value is not None:
                    self._take(source, (section, path), value, at)
            if section in self.own.data and not isinstance(self.own.data[section], dict):
                self._take(self.own, (section,), self.own.data[section])  # for `reading` to refuse

    def _check_dropped(self, section: str, path: str) -> None:
        """`null` under `search` and `derive` drops what is there."""
        if section == "set" or self.own.data[section][path] is not None:
            return
        known = _by_path(self.base, section)
        if path not in known:
            place = self.own.place((section, path))
            there = ", ".join(known) or "nothing"
            raise SpecError(f"{place}: {path} is dropped from {section}, which has {there}. Try: remove the line")

    def _overruled(self, section: str, path: str, told: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the extending file says something else of a path, or sets another variant than `path` was set for."""
        if any(path in paths for paths in told.values()):
            return True
        tag = f"{path.rpartition('.')[0]}.name"
        if section != "set" or tag not in TAGS or tag not in told["set"]:
            return False
        before = _by_path(self.base, "set").get(tag)
        return before is not None and before[0] != told["set"][tag][0]


def _by_path(document: SweepDocument, section: str) -> dict[str, tuple[Any, Keys]]:
    """Path -> (value, its keys in the file) of a section, nested settings of `set` taken apart."""
    content = document.data.get(section)
    if not isinstance(content, dict):
        return {}
    if section != "set":
        return {path: (value, (section, path)) for path, value in content.items()}
    found: dict[str, tuple[Any, Keys]] = {}
    for path, value in leaves(content):
        found[path] = (value, _written(document, path))
    return found


def _written(document: SweepDocument, path: str) -> Keys:
    """The keys under which a setting stands: dotted, nested, or the two mixed."""
    for keys in document.lines:
        if keys[0] == "set" and ".".join(keys[1:]) == path:
            return keys
    return ("set",)
