"""The command that trains a run's configuration again, with changes."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from trainers.config.build import TAGS, build_spec, leaves, load_recipe
from trainers.config.yamlfile import Document, parse_value
from trainers.errors import SpecError
from trainers.spec import RunSpec

FALLBACK = "chorus"


def train_command(recipe: str, spec: RunSpec, changes: Mapping[str, Any]) -> str:
    """`platform train RECIPE path=value ...` that gives `spec` with `changes`, for a shell.

    Args:
        recipe: what the run was made from; where it is gone, what to set is counted from the recipe `chorus`.
        spec: of the run.
        changes: by dotted path; they come last.
    """
    try:
        document = load_recipe(recipe)
    except SpecError:  # a recipe's file may have moved since; the run's spec is what counts
        recipe, document = FALLBACK, load_recipe(FALLBACK)
    settings = {path: value for path, value in _differences(document, spec).items() if path not in changes}
    words = [f"{path}={_text(value)}" for path, value in {**settings, **changes}.items()]
    return shlex.join(["platform", "train", recipe, *words])


def _differences(recipe: Document, spec: RunSpec) -> dict[str, Any]:
    """The settings that make the recipe's spec this one, by dotted path."""
    base, own = (dict(leaves(one.resolved())) for one in (build_spec(recipe), spec))
    switched = tuple(tag.removesuffix("name") for tag in TAGS if tag in own and base.get(tag) != own[tag])
    return {
        path: value
        for path, value in own.items()
        if path not in base or base[path] != value or path.startswith(switched)  # another variant starts afresh
    }


def _text(value: Any) -> str:
    """A value as the command line reads it."""
    if isinstance(value, str) and parse_value(value) == value:
        return value
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return json.dumps(value)
