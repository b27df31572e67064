"""The values that a sweep file names for a path, in a condition or as choices: what they can be, what was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from trainers.config.build import FIELDS, TAGS
from trainers.config.yamlfile import as_yaml
from tuneful.space.conditions import Conditions, same, show_value
from tuneful.space.meant import is_number, meant
from tuneful.space.parameters import Space
from tuneful.space.real_ranges import FloatEntry
from tuneful.space.variables import is_variable


@dataclass(frozen=True)
class NamedValues:
    """The values that a condition on `path` can name."""

    space: Space
    path: str

    def takes(self, value: Any) -> bool:
        """Whether what the condition is on can have the value."""
        parent = self.space.parameters.get(self.path)
        if parent is None:
            return is_variable(self.path) or acceptable(self.path, value)
        return any(entry.takes(value) for entry in parent.entries)

    def problem(self, when: Conditions) -> tuple[str, str] | None:
        """What is wrong with the values that `when` names for the path, and the fix; None where each is possible."""
        values = when[self.path]
        parent = self.space.parameters.get(self.path)
        if values and all(map(self.takes, values)):
            return None
        if parent is not None and all(isinstance(entry, FloatEntry) for entry in parent.entries):
            return f"{self.path} is a range of real numbers, no value of it can be named", (
                "a condition on a choice or an int"
            )
        if not values:
            return f"{self.path} has no values, so it never holds", self._hint(when)
        never = next(value for value in values if not self.takes(value))
        known = values_of(self.path) if parent is None else "; ".join(entry.describe() for entry in parent.entries)
        return f"{self.path} never is {as_yaml(never)}, it takes {known}", self._hint(when)

    def _hint(self, when: Conditions) -> str:
        """All of `when`, for this path with the values that were probably meant, else with the nearest."""
        values = when[self.path]
        found = meant(list(values), lambda read: isinstance(read, list) and bool(read) and all(map(self.takes, read)))
        likely = found[0] if found else [self._nearest(value) for value in values or [None]]
        mended = {path: _shown(others) for path, others in {**when, self.path: likely}.items()}
        return f"when: {as_yaml(mended)}" if None not in likely else "one of those values"

    def _nearest(self, value: Any) -> Any:
        """The value nearest to one that can't be; None where none is known."""
        parent = self.space.parameters.get(self.path)
        if self.takes(value):
            return value
        known = _allowed(self.path) if parent is None else [v for entry in parent.entries for v in entry.values()]
        numbers = list(filter(is_number, known))
        if is_number(value) and numbers:
            return min(numbers, key=lambda number: abs(number - value))
        by_text = {str(other): other for other in known}
        return next((by_text[text] for text in get_close_matches(str(value), by_text, n=1, cutoff=0.0)), None)


def _shown(values: Sequence[Any]) -> Any:
    """The values of a condition as a file has them: a single one without brackets."""
    return values if len(values) != 1 or isinstance(values[0], list) else values[0]


def choices_meant(path: str, choices: Sequence[Any]) -> list[Any] | None:
    """The choices with the values that were meant where the field takes others, as true by `yes`; None: all are right.

    What means nothing to the field is left as it is, and fields that differ between variants are left alone.
    """
    if is_variable(path) or len(FIELDS[path].tags) > 1:
        return None
    read = [(meant(value, lambda found: acceptable(path, found)) or (value,))[0] for value in choices]
    distinct = [value for index, value in enumerate(read) if not any(same(value, other) for other in read[:index])]
    return None if all(map(same, read, choices)) else distinct


def acceptable(path: str, value: Any) -> bool:
    """Whether the field at `path` takes `value` as a sweep file has it, by its own type and bounds."""
    info = FIELDS[path].info
    if FIELDS[path].tags and path in TAGS:
        return value in FIELDS[path].tags
    annotation: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    try:
        TypeAdapter(annotation, config=ConfigDict(strict=True)).validate_json(to_json(value))
    except ValidationError:
        return False
    return True


def values_of(path: str) -> str:
    """The values of a field in words."""
    named = ", ".join(map(show_value, _allowed(path)))
    return named or f"{getattr(FIELDS[path].info.annotation, '__name__', 'other')} values"


def _allowed(path: str) -> Sequence[Any]:
    """The values that a field names; none of a field that takes any of a type."""
    found = FIELDS.get(path)
    if found is None or path in TAGS:
        return found.tags if found is not None else ()
    if found.info.annotation is bool:
        return (True, False)
    return [value for value in get_args(found.info.annotation) if value is None or isinstance(value, str | int | float)]
