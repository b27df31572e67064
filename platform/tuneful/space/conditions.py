"""`when`: under which values of other parameters an entry of the search is used."""

from collections.abc import Mapping
from typing import Any

Conditions = Mapping[str, tuple[Any, ...]]
"""Path -> the values for which the condition holds; all paths must hold."""


def same(left: Any, right: Any) -> bool:
    """Equality of YAML values: `true` is not 1, while 1 is 1.0."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def among(value: Any, values: tuple[Any, ...]) -> bool:
    """Whether `values` holds `value`."""
    return any(same(value, other) for other in values)


def holds(when: Conditions, settings: Mapping[str, Any]) -> bool:
    """Whether every condition is met; a parameter that is not active meets none."""
    return all(path in settings and among(settings[path], values) for path, values in when.items())


def describe_when(when: Conditions) -> str:
    """`loss.name = focal or focal_bce and targets.mode = soft`, or '' without conditions."""
    return " and ".join(f"{path} = {' or '.join(map(show_value, values))}" for path, values in when.items())


def show_value(value: Any) -> str:
    """A value as YAML writes it, in a line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(show_value, value))}]"
    return str(value)
