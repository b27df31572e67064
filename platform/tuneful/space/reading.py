"""From a sweep file to a SweepDefinition: no secrets, known paths, the right shape."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trainers.config.build import leaves, unknown_field
from trainers.config.yamlfile import as_yaml
from tuneful.space.definition import SweepDefinition
from tuneful.space.derivation_checks import check_variable
from tuneful.space.places import Places
from tuneful.space.refusals import Refusal, quoted
from tuneful.space.variables import is_variable

FURTHER = "further_objectives"
"""Where a definition has the objectives after the first; a file lists them all under `objective`."""
SECRET = re.compile(r"key|token|passw|secret|credential", re.IGNORECASE)
"""Parts of names whose values must not stand in a file that is copied into the results."""


def read_definition(places: Places, overrides: Mapping[str, Any]) -> SweepDefinition:
    """The definition in `places.document`, with top-level `overrides` from the command line.

    Raises:
        SpecError: a secret, an unknown field, a value of the wrong type or out of its bounds.
    """
    _refuse_secrets(places)
    data = {**places.document.data, **overrides}
    if FURTHER in data:
        raise places.error(f"{FURTHER} is no field of a sweep file", FURTHER, hint="objective: [{...}, {...}]")
    _check_paths(data, places)
    _check_shapes(data, places)
    try:
        return _definition(data)
    except ValidationError as error:
        raise Refusal(data, places, _errors).of(error.errors()) from None


def _definition(data: Mapping[str, Any]) -> SweepDefinition:
    return SweepDefinition.model_validate_json(json.dumps(_normalised(data)))


def _errors(data: Mapping[str, Any]) -> list[ErrorDetails]:
    """What is wrong with the data of a sweep file."""
    try:
        _definition(data)
    except ValidationError as error:
        return error.errors()
    return []


def _refuse_secrets(places: Places) -> None:
    for keys in places.document.lines:
        name = keys[-1]
        if SECRET.search(name) and keys[0] != "recipe_data" and unknown_field(name) is not None:
            raise places.error(
                f"{name} looks like a secret; sweep files are copied into the results",
                *keys,
                hint="remove the line and use an environment variable, such as WANDB_API_KEY",
            )


def _check_paths(data: Mapping[str, Any], places: Places) -> None:
    """Everything set or searched is a field or a variable, and nothing is two of set, searched and derived."""
    settings, search = _mapping(data.get("set")), _mapping(data.get("search"))
    derived = _mapping(data.get("derive"))
    fixed = [path for path, _ in leaves(settings)]
    for section, paths in (("set", fixed), ("search", list(search))):
        for path in paths:
            _check_path(section, path, places)
            if path in derived:
                where = places.of(*_keys(section, path, places))
                text = f"{path} is derived, and {'set' if section == 'set' else 'searched'} at {where}"
                raise places.error(text, "derive", path, hint="keep one of the two")
    for path in fixed:
        if fixed.count(path) > 1:
            raise places.error(f"{path} is set twice", *_keys("set", path, places), hint="keep one of the two")
        if path in search:
            where = places.of(*_keys("set", path, places))
            raise places.error(f"{path} is searched, and set at {where}", "search", path, hint="keep one of the two")


def _check_shapes(data: Mapping[str, Any], places: Places) -> None:
    """Expressions are texts, points are mappings: what pydantic would say of others helps nobody."""
    for path, text in _mapping(data.get("derive")).items():
        if not isinstance(text, str):
            _check_path("derive", path, places)
            got = f"derive: {path} must be an expression, got {as_yaml(text)}"
            raise places.error(got, "derive", path, hint=f"set: {{{path}: {as_yaml(text)}}}")
    points = data.get("published")
    for number, point in enumerate(points if isinstance(points, list) else []):
        if not isinstance(point, dict) and point != "recipe":
            text = f"published: a point must be settings by path or `recipe`, got {quoted(point)}"
            raise places.error(text, "published", str(number), hint="published: [recipe, {optimizer.lr: 1.0e-3}]")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _keys(section: str, path: str, places: Places) -> tuple[str, ...]:
    """The keys of a path that is written either dotted or nested."""
    dotted = (section, path)
    return dotted if dotted in places.document.lines else (section, *path.split("."))


def _check_path(section: str, path: str, places: Places) -> None:
    if is_variable(path):
        check_variable(path, section, places)
        return
    problem, hint = unknown_field(path), "the dotted path of a field, such as optimizer.lr"
    if path == "data.fold":
        problem, hint = (
            "data.fold is each of `folds` in turn, it can't be set or searched",
            "folds: [0, 1], beside search",
        )
    elif path == "data.name" and section == "search":
        problem, hint = (
            "data.name can't be searched: scores on different data can't be compared, a sweep has one catalogue",
            "data.name under `set`, and a sweep for each catalogue",
        )
    elif path == "seed" and section == "search":
        problem, hint = "seed is that of each repeat in turn, it can't be searched", "repeats: 3, beside search"
    if problem is not None:
        raise places.error(problem, *_keys(section, path, places), hint=hint)


def _normalised(data: Mapping[str, Any]) -> dict[str, Any]:
    """Single entries as lists of one, single values of `when` as lists; the sweep's folds for `confirm`; of several
    objectives the first and the others.

    Other shapes stay as they are, for pydantic to refuse.
    """
    search, confirm = data.get("search"), data.get("confirm")
    if isinstance(confirm, dict):
        data = {**data, "confirm": {"folds": data.get("folds", [0]), **confirm}}
    if isinstance(objectives := data.get("objective"), list) and objectives:
        data = {**data, "objective": objectives[0], FURTHER: objectives[1:]}
    if not isinstance(search, dict):
        return dict(data)
    return {**data, "search": {path: [_entry(entry) for entry in as_list(value)] for path, value in search.items()}}


def _entry(entry: Any) -> Any:
    when = entry.get("when") if isinstance(entry, dict) else None
    if not isinstance(when, dict):
        return entry
    return {**entry, "when": {path: as_list(value) for path, value in when.items()}}


def as_list(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]
