"""From a recipe and layers of settings to a RunSpec, with errors that name field, value, rule and place."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trainers.config.paths import FieldPath, field_paths, flatten, get_path, nearest_path, set_path
from trainers.config.yamlfile import Document, load_document, parse_value
from trainers.errors import SpecError
from trainers.spec import RunSpec

RECIPES = Path(__file__).parent.parent / "recipes"
FIELDS: dict[str, FieldPath] = field_paths(RunSpec)
TAGS = frozenset(
    path for path, found in FIELDS.items() if path.endswith(".name") and path != "data.name" and found.tags
)
"""Paths that choose a variant of their section, such as `loss.name`."""
SECTIONS = frozenset(path[: dot.start()] for path in FIELDS for dot in re.finditer(r"\.", path))
"""Paths of sections, such as `loss` and `augmentation.noise`."""
MAPPINGS = frozenset(path for path, found in FIELDS.items() if get_origin(found.info.annotation) is dict)
"""Paths of fields whose value is a mapping, which is set as a whole."""


@dataclass(frozen=True)
class Layer:
    """Settings of one origin, by dotted path: a sweep file's `set`, the command line, a trial."""

    values: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)
    """Path -> where it was set, for messages: `search_spaces/loss.yaml:7`."""


def load_recipe(name: str) -> Document:
    """A recipe by the name of one that ships with tuneful, or by the path of a YAML file.

    Raises:
        SpecError: no such recipe (the known ones are listed) or not valid YAML.
    """
    if name.endswith((".yaml", ".yml")):
        return load_document(Path(name))
    path = RECIPES / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(recipe_names())
        raise SpecError(f"recipe {name!r} does not exist. Known: {known}, or the path of a .yaml file")
    return load_document(path)


def recipe_names() -> list[str]:
    """The recipes that ship with tuneful."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def parse_overrides(texts: Sequence[str]) -> Layer:
    """`["loss.name=ce", "optimizer.lr=1e-3"]` as a layer.

    Raises:
        SpecError: a text without `=`, or a path set twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        path, sign, value = text.partition("=")
        path = path.strip()
        if not sign or not path:
            raise SpecError(f"{text!r} sets nothing. Try: path=value, such as optimizer.lr=1e-3")
        if path in values:
            raise SpecError(f"{path} is set twice on the command line. Try: keep one of the two")
        values[path] = parse_value(value)
    return Layer(values, dict.fromkeys(values, "command line"))


def build_spec(recipe: Document, layers: Sequence[Layer] = ()) -> RunSpec:
    """The recipe with the layers laid over it, later ones winning.

    A layer that switches a section's tag (`loss.name`) drops what earlier layers set for the old variant; what the
    same layer sets itself and the new variant hasn't got is an error.

    Raises:
        SpecError: an unknown field, a value its field refuses, sections that contradict each other.
    """
    tree = merged(recipe, layers)
    places = {path: place for layer in layers for path, place in layer.places.items()}
    try:
        return RunSpec.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise SpecError(_describe(error.errors()[0], tree, places, recipe)) from None


def merged(recipe: Document, layers: Sequence[Layer] = ()) -> dict[str, Any]:
    """The settings of `build_spec`, nested and with every default, before anything is checked."""
    tree: dict[str, Any] = json.loads(_defaults())
    for layer in (Layer(recipe.data), *layers):
        _apply(tree, layer)
    return tree


@cache
def _defaults() -> str:
    """RunSpec's defaults; a text, because a search builds thousands of trees and reading one is the cheapest copy."""
    return json.dumps(RunSpec().resolved())


def _apply(tree: dict[str, Any], layer: Layer) -> None:
    settings = dict(leaves(layer.values))
    for path in settings.keys() & TAGS:
        section = path.removesuffix(".name")
        if get_path(tree, path) != settings[path]:
            set_path(tree, section, {"name": settings[path]})
    for path, value in settings.items():
        set_path(tree, path, value)


def leaves(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Settings with sections as values (`loss: {name: ce}`) taken apart into (dotted path of a field, value)."""
    return list(flatten(dict(values), whole=MAPPINGS))


def _describe(error: ErrorDetails, tree: dict[str, Any], places: Mapping[str, str], recipe: Document) -> str:
    path = _dotted(error["loc"], tree)
    if error["type"].startswith("union_tag"):
        path = f"{path}.name"
    text = _rule(error, path, tree)
    place = _place(_named(text) if error["type"] == "value_error" else [path], places, recipe)
    return f"{text} ({place})" if place else text


def _named(text: str) -> list[str]:
    """The fields that a validator's words name, in full or, after the first, within its section."""
    words = re.findall(r"[a-z_0-9.]*[a-z_0-9]", text)
    section = words[0].rpartition(".")[0]
    paths = [path for word in words for path in (word, f"{section}.{word}") if path in FIELDS]
    return list(dict.fromkeys(paths))


def _place(paths: Sequence[str], places: Mapping[str, str], recipe: Document) -> str:
    """Where a layer set one of the fields, with its section or in part; else where the recipe has the first."""
    for path in paths:
        for known in reversed(list(places)):
            if f"{known}.".startswith(f"{path}.") or f"{path}.".startswith(f"{known}."):
                return places[known]
    return recipe.place(tuple(paths[0].split("."))) if paths else recipe.place(())


def _dotted(location: tuple[int | str, ...], tree: Any) -> str:
    """pydantic's location without the tags of unions that it puts between the keys."""
    keys: list[str] = []
    for part in location:
        if isinstance(tree, dict) and part not in tree and tree.get("name") == part:
            continue
        keys.append(str(part))
        tree = tree.get(part) if isinstance(tree, dict) else None
    return ".".join(keys)


def _rule(error: ErrorDetails, path: str, tree: dict[str, Any]) -> str:
    kind, value = error["type"], error.get("input")
    if kind == "extra_forbidden":
        return _unknown(path, tree)
    if kind.startswith("union_tag"):
        return f"{path} must be one of {', '.join(FIELDS[path].tags)}, got {_got(get_path(tree, path))}"
    if kind == "value_error":
        return _in_full(str(error["ctx"]["error"]), path)
    or_null = _or_null(path) if value not in (None, [], "") else ""
    return f"{path} {_bound(error)}{or_null}, got {_got(value)}{_variant_hint(path, value)}"


def _got(value: object) -> str:
    """A value as the file has it: null, true and false, a text in quotes."""
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)


def _in_full(text: str, section: str) -> str:
    """A validator's words; one of a section within a section does not know where it is and names its field alone."""
    root = section.split(".")[0]
    return text if not section or text.startswith(f"{root}.") else f"{section}.{text}"


def _bound(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error" and " or " not in context["expected"]:
        return f"must be {context['expected']}"
    return _BOUNDS.get(kind, "{msg}").format(msg=_lower(error["msg"]), **context)


_BOUNDS = {
    "greater_than": "must be > {gt:.10g}",
    "greater_than_equal": "must be >= {ge:.10g}",
    "less_than": "must be < {lt:.10g}",
    "less_than_equal": "must be <= {le:.10g}",
    "literal_error": "must be one of {expected}",
    "model_type": "must be a mapping of fields",
    "dict_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def _or_null(path: str) -> str:
    found = FIELDS.get(path)
    if found is None or len(found.tags) > 1:  # null may be right for one variant and wrong for another
        return ""
    return " or null" if NoneType in get_args(found.info.annotation) else ""


def _variant_hint(path: str, value: object) -> str:
    """`mixing=none` where `mixing.name=none` was meant."""
    tag = f"{path}.name"
    return f". Did you mean {tag}={value}?" if tag in TAGS and value in FIELDS[tag].tags else ""


def _lower(message: str) -> str:
    message = message.removeprefix("Input ")
    return message[0].lower() + message[1:]


def _unknown(path: str, tree: dict[str, Any]) -> str:
    known = FIELDS.get(path)
    if known is not None:
        section = path.rsplit(".", 1)[0]
        name = get_path(tree, f"{section}.name")
        return f"{path} does not exist for {section}.name={name}; it belongs to {', '.join(known.tags)}"
    return f"{path} is no field. {_hint(path)}"


def _hint(path: str) -> str:
    """The nearest field or section, else what there is at the place that `path` leads to."""
    above = {section for section in SECTIONS if path.startswith(f"{section}.")}
    found = nearest_path(path, (FIELDS.keys() | SECTIONS) - above)
    return f"Did you mean {found}?" if found else f"Known: {_children(max(above, key=len, default=''))}"


def _children(section: str) -> str:
    """The fields and sections right below a section, or those of the whole spec."""
    start = f"{section}." if section else ""
    inside = (start + path.removeprefix(start).split(".")[0] for path in FIELDS if path.startswith(start))
    return ", ".join(dict.fromkeys(inside))


def unknown_field(path: str) -> str | None:
    """Why `path` can't be set or searched, or None where it can."""
    if path in FIELDS:
        return None
    if path in SECTIONS:
        return f"{path} is a section, not a field. Known: {_children(path)}"
    return f"{path} is no field. {_hint(path)}"
