"""What fixed values leave of a space: conditions on them are decided, and a searched path can itself be fixed.

A path that the command line fixes leaves the space. Where it is searched only under a condition that is still open,
it stays as a choice of one value under the same condition. Entries whose conditions can't hold any more are dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuneful.space.conditions import among
from tuneful.space.entry import Entry
from tuneful.space.parameters import Parameter, Space
from tuneful.space.ranges import ChoiceEntry


@dataclass
class Fixing:
    """The state of one reduction, in the order of the space."""

    fixed: Callable[[str], Any]
    """The value of a path that is not searched."""

    values: Mapping[str, Any]
    """What the command line fixes, by path."""

    settled: dict[str, Any] = field(default_factory=dict)
    """Searched paths that have become fixed -> value."""

    kept: dict[str, Parameter] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Paths that can never be active."""

    def reduce(self, space: Space) -> Space:
        """The part of `space` that is still to be searched, in the order of the file."""
        for path in space.order:
            self._reduce(space, space.parameters[path])
        left = Space({path: self.kept[path] for path in space.parameters if path in self.kept})
        return without_unreachable(left)

    def _reduce(self, space: Space, parameter: Parameter) -> None:
        path = parameter.path
        decided = [(self._decided(space, entry), i) for i, entry in enumerate(parameter.entries)]
        left = parameter.only([(entry, i) for entry, i in decided if entry is not None])
        if path in self.values:
            if any(not entry.when for entry in left.entries) or not left.entries:
                self.settled[path] = self.values[path]
                return
            single = [ChoiceEntry(choice=(self.values[path],), when=entry.when) for entry in left.entries]
            left = Parameter(path, tuple(single), left.places)
        if left.entries:
            self.kept[path] = left
        else:
            self.gone.add(path)

    def _decided(self, space: Space, entry: Entry) -> Entry | None:
        """The entry without its decided conditions; None where one of them can't hold."""
        open_conditions: dict[str, tuple[Any, ...]] = {}
        for path, values in entry.when.items():
            if path in self.gone:
                return None
            if path in self.kept:
                open_conditions[path] = values
            elif not among(self.settled.get(path) if path in space.parameters else self.fixed(path), values):
                return None
        return entry.model_copy(update={"when": open_conditions})


def without_unreachable(space: Space) -> Space:
    """The space without entries that no combination of their parents reaches."""
    reached = reachable(space)
    kept = {
        path: parameter.only([(e, i) for i, e in enumerate(parameter.entries) if (path, i) in reached])
        for path, parameter in space.parameters.items()
    }
    return Space({path: parameter for path, parameter in kept.items() if parameter.entries})


def reachable(space: Space) -> set[tuple[str, int]]:
    """(path, index) of every entry that some trial uses."""
    found: set[tuple[str, int]] = set()
    for path, parameter in space.parameters.items():
        for settings in space.assignments(space.ancestors(path)):
            index = parameter.active(settings)
            if index is not None:
                found.add((path, index))
            if all((path, i) in found for i in range(len(parameter.entries))):
                break
    return found
