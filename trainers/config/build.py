"""From a recipe and layers of settings to a RunSpec, with errors that name field, value, rule and place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trainers.config.paths import FieldPath, field_paths, flatten, get_path, nearest, set_path
from trainers.config.yamlfile import Document, load_document, parse_value
from trainers.errors import SpecError
from trainers.spec import RunSpec

RECIPES = Path(__file__).parent.parent / "recipes"
FIELDS: dict[str, FieldPath] = field_paths(RunSpec)
TAGS = frozenset(
    path for path, found in FIELDS.items() if path.endswith(".name") and path != "data.name" and found.tags
)
"""Paths that choose a variant of their section, such as `loss.name`."""


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
    tree = RunSpec().resolved()
    places: dict[str, str] = {}
    for layer in (Layer(recipe.data), *layers):
        _apply(tree, layer)
        places.update(layer.places)
    try:
        return RunSpec.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise SpecError(_describe(error.errors()[0], tree, places, recipe)) from None


def _apply(tree: dict[str, Any], layer: Layer) -> None:
    settings = dict(_leaves(layer.values))
    for path in settings.keys() & TAGS:
        section = path.removesuffix(".name")
        if get_path(tree, path) != settings[path]:
            set_path(tree, section, {"name": settings[path]})
    for path, value in settings.items():
        set_path(tree, path, value)


def _leaves(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Settings with mappings as values (`loss: {name: ce}`) taken apart into dotted paths."""
    return [leaf for path, value in values.items() for leaf in flatten({path: value})]


def _describe(error: ErrorDetails, tree: dict[str, Any], places: Mapping[str, str], recipe: Document) -> str:
    path = _dotted(error["loc"], tree)
    if error["type"].startswith("union_tag"):
        path = f"{path}.name"
    place = places.get(path) or recipe.place(tuple(path.split(".")))
    suffix = f" ({place})" if place else ""
    return f"{_rule(error, path, tree)}{suffix}"


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
    kind, context = error["type"], error.get("ctx", {})
    value = error.get("input")
    if kind == "extra_forbidden":
        return _unknown(path, tree)
    if kind.startswith("union_tag"):
        return f"{path} must be one of {', '.join(FIELDS[path].tags)}, got {get_path(tree, path)!r}"
    if kind == "value_error":
        return str(context["error"])
    return f"{path} {_BOUNDS.get(kind, '{msg}').format(msg=_lower(error['msg']), **context)}, got {value!r}"


_BOUNDS = {
    "greater_than": "must be > {gt:.10g}",
    "greater_than_equal": "must be >= {ge:.10g}",
    "less_than": "must be < {lt:.10g}",
    "less_than_equal": "must be <= {le:.10g}",
    "literal_error": "must be one of {expected}",
    "model_type": "must be a mapping of fields",
    "dict_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
}


def _lower(message: str) -> str:
    message = message.removeprefix("Input ")
    return message[0].lower() + message[1:]


def _unknown(path: str, tree: dict[str, Any]) -> str:
    known = FIELDS.get(path)
    if known is not None:
        section = path.rsplit(".", 1)[0]
        name = get_path(tree, f"{section}.name")
        return f"{path} does not exist for {section}.name={name}; it belongs to {', '.join(known.tags)}"
    return f"{path} is no field. {nearest(path, FIELDS)}"


def unknown_field(path: str) -> str | None:
    """Why `path` can't be set or searched, or None where it can."""
    if path in FIELDS:
        return None
    inside = [known for known in FIELDS if known.startswith(f"{path}.")]
    if inside:
        return f"{path} is a section, not a field. Known: {', '.join(inside)}"
    return f"{path} is no field. {nearest(path, FIELDS)}"
