"""Strict YAML: version 1.2 rules, no duplicate keys, aliases or tags, and every value knows its line."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.scalarbool import ScalarBoolean

from trainers.errors import SpecError


class _WithoutDates(RoundTripConstructor):
    """YAML 1.2 has no dates: what looks like one is a text, as it is written."""


_WithoutDates.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


@dataclass(frozen=True)
class Document:
    """A YAML file as plain Python values, with the line of every key."""

    data: dict[str, Any]
    path: Path | None = None
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def place(self, keys: tuple[str, ...]) -> str:
        """Where `keys` stands: `file.yaml:7`; the nearest parent's line where a key has none of its own."""
        if self.path is None:
            return ""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines[keys]}" if keys else str(self.path)


def load_document(path: Path) -> Document:
    """Read a YAML mapping from `path`.

    Raises:
        SpecError: the file is missing, is no mapping, or holds what YAML would pass silently
            (a duplicate key, an alias, a tag, a second document, a value that is not finite).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file. Try: a path to a YAML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: can't be read as UTF-8 text ({error})") from None
    return parse_document(text, path)


def parse_document(text: str, path: Path | None = None) -> Document:
    """`load_document` on a text; `path` is only for messages."""
    name = str(path) if path else "<text>"
    try:
        _refuse_events(text, name)
        tree = _reader().load(StringIO(text))
    except DuplicateKeyError as error:
        raise SpecError(f"{_mark(error, name)}: {_duplicate(error)}. Try: keep one of the two") from None
    except MarkedYAMLError as error:
        problem = _first_line(error.problem)
        raise SpecError(f"{_mark(error, name)}: not valid YAML: {problem}. Try: {_mend(problem)}") from None
    except (YAMLError, ValueError) as error:
        problem = _first_line(str(error))
        raise SpecError(f"{name}: not valid YAML: {problem}. Try: {_mend(problem)}") from None
    if not isinstance(tree, CommentedMap):
        kind = "is empty" if tree is None else "holds a list" if isinstance(tree, CommentedSeq) else "holds one value"
        raise SpecError(f"{name}: {kind}, want a mapping of fields. Try: key: value")
    lines: dict[tuple[str, ...], int] = {}
    return Document(_plain(tree, (), lines, name), path, lines)


def parse_value(text: str) -> Any:
    """A value as the command line gives it, by the same rules: `1e-3` a number, `no` a text, `[a, b]` a list."""
    document = parse_document(f"value: {text}" if text.strip() else "value: null")
    return document.data["value"]


def as_yaml(value: Any) -> str:
    """A value in one line of YAML, which `parse_value` reads as the same value; mappings and lists in flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {as_yaml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_yaml, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


@lru_cache(maxsize=1000)
def _text(text: str) -> str:
    """A text without quotes where YAML reads it as itself, also within a list or a mapping."""
    try:
        document = parse_document(f"{{{text}: [{text}]}}")
        plain = document.data == {text: [text]} and parse_value(text) == text
    except SpecError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


def _reader() -> YAML:
    reader = YAML(typ="rt", pure=True)
    reader.Constructor = _WithoutDates
    return reader


def _refuse_events(text: str, name: str) -> None:
    """Refuse what has no place in plain data; the tree that ruamel builds shows no trace of some of it."""
    documents = 0
    for event in YAML(typ="rt", pure=True).parse(StringIO(text)):
        if isinstance(event, AliasEvent):
            raise SpecError(f"{name}:{event.start_mark.line + 1}: an alias (*{event.anchor}). Try: write the value out")
        if (tag := getattr(event, "tag", None)) is not None:
            shown = str(tag).replace("tag:yaml.org,2002:", "!!")
            place = f"{name}:{event.start_mark.line + 1}"
            raise SpecError(
                f"{place}: a tag ({shown}), want plain values. Try: the value without the tag, texts in quotes"
            )
        documents += type(event).__name__ == "DocumentStartEvent"
    if documents > 1:
        raise SpecError(f"{name}: {documents} YAML documents in one file, want one. Try: one file each")


def _plain(node: Any, keys: tuple[str, ...], lines: dict[tuple[str, ...], int], name: str) -> Any:
    """ruamel's commented containers and scalars as plain ones; fills `lines`."""
    if isinstance(node, CommentedMap):
        result = {}
        for key, value in node.items():
            text = key if isinstance(key, str) else as_yaml(key)
            place = (*keys, str(text))
            lines[place] = node.lc.key(key)[0] + 1
            result[str(text)] = _plain(value, place, lines, name)
        return result
    if isinstance(node, CommentedSeq):
        return [_plain(value, _item(node, index, keys, lines), lines, name) for index, value in enumerate(node)]
    return _scalar(node, f"{name}:{lines.get(keys, 1)}")


def _item(node: CommentedSeq, index: int, keys: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """The place of a list's item, its index as the last key; fills `lines`."""
    place = (*keys, str(index))
    lines[place] = node.lc.item(index)[0] + 1
    return place


def _scalar(value: Any, place: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, ScalarBoolean):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpecError(f"{place}: {value} is not a finite number. Try: a finite one, or leave the line out")
        return float(value)
    return str(value)


def _mark(error: MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{name}:{mark.line + 1}" if mark else name


def _duplicate(error: MarkedYAMLError) -> str:
    """ruamel's text without the two values, one of which may be a secret."""
    return _first_line(error.problem).split(" with value ")[0]


def _mend(problem: str) -> str:
    """What helps against most mistakes of YAML's grammar."""
    if r"'\t'" in problem:
        return "spaces in place of the tab"
    return "quotes around texts with special characters, and an end for every quote and bracket"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
