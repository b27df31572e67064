"""`published`: configurations that are tried before the sampler's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainers.config.build import unknown_field
from trainers.config.paths import nearest
from trainers.errors import SpecError
from tuneful.space.conditions import among, describe_when, same, show_value
from tuneful.space.definition import SweepDefinition
from tuneful.space.derivation import existing
from tuneful.space.foundation import Foundation
from tuneful.space.parameters import Parameter, Space
from tuneful.space.places import Places, with_hint
from tuneful.space.variables import is_variable


@dataclass(frozen=True)
class Points:
    """The published points of a sweep, checked against its space."""

    searched: Space
    """The file's space."""

    space: Space
    """What the command line left of it."""

    foundation: Foundation
    places: Places
    changed: bool
    """Whether the command line changed the recipe or a setting: what no longer fits is then left out, and said."""

    def of(self, definition: SweepDefinition) -> tuple[tuple[dict[str, Any], ...], list[str]]:
        """The points as settings by path, complete or in part, and what is to be said of those left out.

        A setting that a point doesn't name is drawn.

        Raises:
            SpecError: an unknown path, a value outside its range, a setting whose condition is not met.
        """
        found: list[dict[str, Any]] = []
        warnings = []
        for number, point in enumerate(definition.published):
            try:
                settings = self._point(number, point) if isinstance(point, dict) else self._recipe()
                found += [settings] if settings and settings not in found else []
            except _OutsideError as outside:
                place = self.places.of("published", str(number))
                text = f"{place}: published{'' if isinstance(point, dict) else ' recipe'}: {outside}"
                if not self.changed:
                    raise SpecError(with_hint(text, outside.hint)) from None
                warnings.append(f"{text}; it is not tried first")
        return tuple(found), warnings

    def _point(self, number: int, point: Mapping[str, Any]) -> dict[str, Any]:
        for path in point:
            self._check_path(path, number)
        left = {path: value for path, value in point.items() if path in self.space.parameters}
        for path, value in point.items():
            if path not in left:
                self._check_fixed(path, value)
        return self._checked(left)

    def _recipe(self) -> dict[str, Any]:
        """The recipe's own values of what is searched."""
        base = self.foundation.base()
        settings: dict[str, Any] = {}
        for path in self.space.order:
            if self.space.parameters[path].active(settings) is None:
                continue
            if is_variable(path):
                raise _OutsideError(f"the recipe has no value of {path}", "a point with its settings written out")
            try:
                settings[path] = existing(base, path)
            except KeyError:
                raise _OutsideError(f"the recipe has no {path}", "a point with its settings written out") from None
        return self._checked(settings)

    def _check_path(self, path: str, number: int) -> None:
        if path in self.searched.parameters:
            return
        keys = ("published", str(number), path)
        problem = None if is_variable(path) else unknown_field(path)
        text = f"published: {problem or f'{path} is not searched'}"
        hint = nearest(path, self.searched.parameters)
        raise self.places.error(f"{text}. {hint}" if problem is None else text, *keys, hint="a searched path")

    def _check_fixed(self, path: str, value: Any) -> None:
        """A setting that the command line fixed has its value there, too."""
        if is_variable(path) and path not in self.foundation.variables:
            return  # nothing is derived from it any more
        base = self.foundation.base()
        try:
            fixed = existing(base, path)
        except KeyError:  # of a variant that is not there any more
            raise _OutsideError(f"{path} can't be {show_value(value)} any more", "leave the point out") from None
        if not same(fixed, value):
            raise _OutsideError(
                f"{path} is {show_value(value)}, but fixed to {show_value(fixed)}", "leave the point out"
            )

    def _checked(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """The settings in the order of the space, as trials have them."""
        settings: dict[str, Any] = {}
        for path in self.space.order:
            if path in point:
                settings[path] = _drawn(self.space.parameters[path], point[path], settings)
        return settings


class _OutsideError(Exception):
    """A point that is none of the space."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


def _drawn(parameter: Parameter, value: Any, settings: Mapping[str, Any]) -> Any:
    """The value as a trial has it."""
    index = parameter.active(settings)
    if index is None:
        when = " or ".join(f"when {describe_when(entry.when)}" for entry in parameter.entries)
        unmet = [
            f"{path} = {show_value(settings[path])}" if path in settings else f"no {path}"
            for path in sorted(parameter.parents)
            if path not in settings or not among(settings[path], _named(parameter, path))
        ]
        raise _OutsideError(
            f"{parameter.path} is searched {when} only, and the point has {' and '.join(unmet)}",
            f"leave {parameter.path} out of the point, or meet the condition",
        )
    entry = parameter.entries[index]
    if not entry.contains(value):
        text = f"{parameter.path} takes {entry.describe()}, got {show_value(value)}"
        raise _OutsideError(text, f"a wider {parameter.path} under `search`, or another value")
    return entry.as_drawn(value)


def _named(parameter: Parameter, path: str) -> tuple[Any, ...]:
    return tuple(value for entry in parameter.entries for value in entry.when.get(path, ()))
