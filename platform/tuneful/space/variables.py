"""Variables of a sweep file: names such as `$base_lr`, searched like fields, for expressions and conditions only."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

NAME = re.compile(r"\$[A-Za-z_]\w*")


def is_variable(path: str) -> bool:
    """Whether a searched or set name is a variable, not the path of a field."""
    return path.startswith("$")


def name_problem(path: str) -> tuple[str, str] | None:
    """What is wrong with the name of a variable, and the fix."""
    if NAME.fullmatch(path):
        return None
    better = re.sub(r"\W+", "_", path.removeprefix("$")).strip("_") or "factor"
    return f"{path!r} is no name of a variable (want $, then letters, digits and _)", f"${better}"


def fields_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are fields of a run."""
    return {path: value for path, value in settings.items() if not is_variable(path)}


def variables_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are variables."""
    return {path: value for path, value in settings.items() if is_variable(path)}


def known_variables(names: Iterable[str]) -> str:
    """`Known: $base_lr, $factor`, or how to make one."""
    found = ", ".join(sorted(name for name in names if is_variable(name)))
    return f"Known: {found}" if found else "Try: search: {$factor: {uniform: [0.5, 2.0]}}"
