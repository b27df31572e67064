"""Whether settings from elsewhere are a point of a space."""

from collections.abc import Callable, Mapping
from typing import Any

from tuneful.space.parameters import Space


class MisfitError(ValueError):
    """Settings that are no point of a space; says which and why."""


def point_in(space: Space, value: Callable[[str], Any]) -> dict[str, Any]:
    """The settings of the active parameters, each as `value` gives it for its path.

    Raises:
        MisfitError: a value outside its range.
    """
    found: dict[str, Any] = {}
    for path in space.order:
        parameter = space.parameters[path]
        index = parameter.active(found)
        if index is None:
            continue
        one, entry = value(path), parameter.entries[index]
        if not entry.contains(one):
            raise MisfitError(f"{path} outside {entry.describe()}")
        found[path] = entry.as_drawn(one)
    return found


def params_in(space: Space, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters of the point at `settings`.

    Raises:
        MisfitError: a parameter that is active there has no value, or one outside its range.
    """

    def value(path: str) -> Any:
        if path not in settings:
            raise MisfitError(f"no value of {path}")
        return settings[path]

    return space.params(point_in(space, value))
