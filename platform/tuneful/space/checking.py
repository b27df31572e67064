"""Checks of a space against itself: conditions that name what exists, exclude each other and lead in no circle."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError
from typing import Any, get_args

from trainers.config.build import FIELDS, TAGS, unknown_field
from trainers.config.yamlfile import as_yaml
from trainers.errors import SpecError
from tuneful.space.conditions import describe_when, holds
from tuneful.space.entry import Entry
from tuneful.space.fixing import reachable
from tuneful.space.named_values import NamedValues, choices_meant
from tuneful.space.parameters import Parameter, Space
from tuneful.space.places import with_hint
from tuneful.space.ranges import ChoiceEntry
from tuneful.space.real_ranges import FloatEntry
from tuneful.space.variables import is_variable


@dataclass(frozen=True)
class SpaceCheck:
    """The checks of one space; each raises SpecError with the entry's line."""

    space: Space
    fixed_variables: Collection[str] = ()
    """Variables that the file or the command line sets."""
    derived: Collection[str] = ()
    """Fields that are derived, of which no condition can be decided."""

    def run(self) -> None:
        """All checks, the ones that the others rest on first."""
        for parameter in self.space.parameters.values():
            for index, entry in enumerate(parameter.entries):
                self._conditions(parameter, index, entry)
                self._choices(parameter, index, entry)
                self._whole_numbers(parameter, index, entry)
        self._no_circle()
        for parameter in self.space.parameters.values():
            self._exclusive(parameter)
            self._tags(parameter)
        self._reached()

    @staticmethod
    def _error(text: str, parameter: Parameter, index: int, hint: str) -> SpecError:
        return SpecError(with_hint(f"{parameter.place(index)}: {text}", hint))

    def _conditions(self, parameter: Parameter, index: int, entry: Entry) -> None:
        for path in entry.when:
            problem = self._condition(parameter.path, path) or NamedValues(self.space, path).problem(entry.when)
            if problem is not None:
                text, hint = problem
                raise self._error(f"{parameter.path}: when: {text}", parameter, index, hint)

    def _condition(self, child: str, path: str) -> tuple[str, str] | None:
        """What is wrong with the name in a condition, and the fix."""
        unknown = None if is_variable(path) else unknown_field(path)
        searched = ", ".join(other for other in self.space.parameters if other != child)
        if unknown is not None:
            return unknown, f"a searched parameter ({searched}) or another field"
        if path == child:
            return f"{path} depends on itself", f"a condition on {searched or 'another parameter'}"
        if path in self.derived:
            return f"{path} is derived", "a condition on what it is derived from"
        if is_variable(path) and path not in (*self.space.parameters, *self.fixed_variables):
            return f"{path} is no variable of this sweep", f"one of {searched}"
        tag = tag_of(path)
        if path not in self.space.parameters and tag is not None and tag in self.space.parameters:
            return f"{path} is fixed, but {tag} is searched", f"when: {{{tag}: ...}}"
        return None

    def _choices(self, parameter: Parameter, index: int, entry: Entry) -> None:
        """No choice is in another type than the field's, such as `yes` for true."""
        read = choices_meant(parameter.path, entry.choice) if isinstance(entry, ChoiceEntry) else None
        if read is not None:
            right = {"choice": read, **({"when": dict(entry.when)} if entry.when else {})}
            text = f"{parameter.path}: choice holds {as_yaml(list(entry.values()))}, not all of which the field takes"
            raise self._error(text, parameter, index, f"{parameter.path}: {as_yaml(right)}")

    def _whole_numbers(self, parameter: Parameter, index: int, entry: Entry) -> None:
        if is_variable(parameter.path):
            return
        annotation = FIELDS[parameter.path].info.annotation
        if not isinstance(entry, FloatEntry) or not {annotation, *get_args(annotation)} <= {int, type(None)}:
            return
        low, high = round(entry.low), round(entry.high)
        extra = ", log: true" if entry.log else ""
        text = f"{parameter.path} is a whole number, {entry.kind} draws real ones"
        raise self._error(text, parameter, index, f"{parameter.path}: {{int: [{low}, {high}]{extra}}}")

    def _no_circle(self) -> None:
        try:
            _ = self.space.order
        except CycleError as error:
            circle = error.args[1]
            text = f"conditions lead in a circle: {' <- '.join(circle)}"
            raise self._error(text, self.space.parameters[circle[0]], 0, "remove one of these conditions") from None

    def _exclusive(self, parameter: Parameter) -> None:
        """A list of entries: each has a condition, and no two hold at once."""
        if len(parameter.entries) == 1:
            return
        for index, entry in enumerate(parameter.entries):
            if not entry.when:
                text = f"{parameter.path} has {len(parameter.entries)} entries, number {index + 1} without when"
                raise self._error(text, parameter, index, "a when on every entry, or a single entry")
        fixed = {path for path in parameter.parents if path not in self.space.parameters}
        for settings in self.space.assignments(self.space.ancestors(parameter.path)):
            for whole in _fixed_combinations(parameter, sorted(fixed), settings):
                self._one_holds(parameter, whole)

    def _one_holds(self, parameter: Parameter, settings: Mapping[str, Any]) -> None:
        both = [i for i, entry in enumerate(parameter.entries) if holds(entry.when, settings)]
        if len(both) > 1:
            when = {path: (settings[path],) for i in both for path in parameter.entries[i].when}
            text = f"{parameter.path} has two entries that hold at once, for {describe_when(when)}"
            raise self._error(text, parameter, both[1], "conditions that exclude each other")

    def _tags(self, parameter: Parameter) -> None:
        """A field that only some variants have needs a condition where the variant is searched."""
        tag = tag_of(parameter.path)
        if tag is None or tag not in self.space.parameters:
            return
        owners = FIELDS[parameter.path].tags
        for settings in self.space.assignments(
            {tag, *self.space.ancestors(parameter.path), *self.space.ancestors(tag)}
        ):
            index = parameter.active(settings)
            if index is not None and tag in settings and settings[tag] not in owners:
                text = f"{parameter.path} does not exist for {tag}={settings[tag]}, which is searched too"
                entries = self.space.parameters[tag].entries
                fits = [owner for owner in owners if any(entry.takes(owner) for entry in entries)]
                hint = f"when: {{{tag}: [{', '.join(fits)}]}}" if fits else f"{tag} with {' or '.join(owners)}"
                raise self._error(text, parameter, index, hint)

    def _reached(self) -> None:
        """No entry whose conditions exclude each other. Conditions on fixed fields are left to `Fixing`."""
        open_space = Space({path: _searched_only(p, self.space) for path, p in self.space.parameters.items()})
        if any(not e.when for p in open_space.parameters.values() if len(p.entries) > 1 for e in p.entries):
            return
        found = reachable(open_space)
        for path, parameter in self.space.parameters.items():
            for index, entry in enumerate(parameter.entries):
                if (path, index) not in found:
                    text = f"{path} is never searched: {describe_when(entry.when)} can't hold"
                    raise self._error(text, parameter, index, "remove the entry or correct its when")


def tag_of(path: str) -> str | None:
    """The path that chooses the variant to which `path` belongs, such as `loss.name` for `loss.gamma`."""
    tag = f"{path.rpartition('.')[0]}.name"
    return tag if tag in TAGS and path != tag else None


def _searched_only(parameter: Parameter, space: Space) -> Parameter:
    """The parameter without its conditions on fixed fields."""
    entries = (
        entry.model_copy(update={"when": {p: v for p, v in entry.when.items() if p in space.parameters}})
        for entry in parameter.entries
    )
    return Parameter(parameter.path, tuple(entries), parameter.places)


def _fixed_combinations(parameter: Parameter, fixed: list[str], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """`settings` with every combination of the values that the entries name for fixed fields."""
    combinations = [settings]
    for path in fixed:
        values = [value for entry in parameter.entries for value in entry.when.get(path, ())]
        combinations = [{**known, path: value} for known in combinations for value in values]
    return combinations
