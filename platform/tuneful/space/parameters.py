"""The search space: parameters with their entries, in an order in which conditions can be decided."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import islice
from typing import TYPE_CHECKING, Any

from tuneful.space.conditions import among, holds
from tuneful.space.entry import Entry
from tuneful.space.places import Places

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

MAX_ASSIGNMENTS = 20_000
"""How many combinations of parents are looked at before a question about the space is left open."""

Values = Callable[[str, Entry], Iterable[Any]]
"""(path, its active entry) -> the values to go through."""


@dataclass(frozen=True)
class Parameter:
    """One searched path with its ranges; which of them is used, the entries' conditions say."""

    path: str
    entries: tuple[Entry, ...]
    places: tuple[str, ...] = field(default=(), compare=False)
    """`file:line` of each entry, for messages."""

    def place(self, index: int | None) -> str:
        """Where an entry stands in the sweep file."""
        return self.places[index or 0] if self.places else self.path

    def name(self, index: int) -> str:
        """What Optuna calls the `index`-th entry: the path, or `path[index]` where ranges differ by condition."""
        return self.path if len(self.entries) == 1 else f"{self.path}[{index}]"

    def active(self, settings: Mapping[str, Any]) -> int | None:
        """The index of the entry whose conditions hold, None where none do."""
        return next((i for i, entry in enumerate(self.entries) if holds(entry.when, settings)), None)

    def only(self, entries: list[tuple[Entry, int]]) -> "Parameter":
        """The parameter with these entries, each with the index it had."""
        places = tuple(self.places[i] for _, i in entries) if self.places else ()
        return Parameter(self.path, tuple(entry for entry, _ in entries), places)

    @property
    def parents(self) -> set[str]:
        """The paths that the conditions name."""
        return {path for entry in self.entries for path in entry.when}


@dataclass(frozen=True)
class Space:
    """All searched parameters in the order of the file."""

    parameters: Mapping[str, Parameter]

    @classmethod
    def of(cls, search: Mapping[str, tuple[Entry, ...]], places: Places) -> "Space":
        """The space of a sweep file's `search`."""
        return cls(
            {
                path: Parameter(path, entries, tuple(places.entry(path, i) for i in range(len(entries))))
                for path, entries in search.items()
            }
        )

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every path after the paths its conditions name; the same whatever the order of the file.

        Raises:
            graphlib.CycleError: conditions that name each other in a circle.
        """
        graph = {path: self._searched_parents(path) for path in sorted(self.parameters)}
        return tuple(TopologicalSorter(graph).static_order())

    def _searched_parents(self, path: str) -> list[str]:
        """Sorted, so that the order does not depend on string hashes."""
        return sorted(self.parameters[path].parents & self.parameters.keys())

    def ancestors(self, path: str) -> set[str]:
        """The searched paths on which `path` depends, directly or not."""
        found: set[str] = set()
        waiting = self._searched_parents(path)
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                waiting += self._searched_parents(parent)
        return found

    def values(self, path: str, entry: Entry) -> tuple[Any, ...]:
        """The values of an entry that matter for checks: its corners and those that some condition names."""
        values = list(entry.corners())
        for value in self._named.get(path, ()):
            if entry.takes(value) and not among(value, tuple(values)):
                values.append(value)
        return tuple(values)

    @cached_property
    def _named(self) -> dict[str, list[Any]]:
        """Path -> the values of it for which some condition holds."""
        found: dict[str, list[Any]] = {}
        for entry in (entry for parameter in self.parameters.values() for entry in parameter.entries):
            for path, values in entry.when.items():
                found.setdefault(path, []).extend(values)
        return found

    def assignments(self, varied: Collection[str], most: int | None = None) -> Iterator[dict[str, Any]]:
        """Complete settings in which the `varied` parameters take all values that matter, the others their first.

        `most` bounds the values of each; at most MAX_ASSIGNMENTS settings are made.
        """

        def values(path: str, entry: Entry) -> tuple[Any, ...]:
            found = self.values(path, entry)
            return thinned(found, most) if path in varied else found[:1]

        return islice(self.extend({}, self.order, values), MAX_ASSIGNMENTS)

    def extend(self, settings: dict[str, Any], rest: tuple[str, ...], values: Values) -> Iterator[dict[str, Any]]:
        """`settings` with all combinations of `values` of the active ones among `rest`."""
        if not rest:
            yield settings
            return
        parameter = self.parameters[rest[0]]
        index = parameter.active(settings)
        if index is None:
            yield from self.extend(settings, rest[1:], values)
            return
        for value in values(parameter.path, parameter.entries[index]):
            yield from self.extend({**settings, parameter.path: value}, rest[1:], values)

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Every distinct configuration once, as settings by path: see `tuneful.space.grid.combinations`."""
        from tuneful.space.grid import combinations

        return combinations(self)

    def size(self) -> int | None:
        """The number of distinct configurations; None: a range is continuous, or there are too many to count."""
        parents = {path for p in self.parameters.values() for path in p.parents}
        total = 0
        for number, settings in enumerate(self._every(parents)):
            count = self._children(settings, parents)
            if count is None or number >= MAX_ASSIGNMENTS:
                return None
            total += count
        return total

    def _every(self, parents: set[str]) -> Iterator[dict[str, Any]]:
        """All settings of the parents alone."""
        alone = Space({path: self.parameters[path] for path in self.order if path in parents})
        return alone.extend({}, alone.order, lambda _, entry: every_value(entry))

    def _children(self, settings: Mapping[str, Any], parents: set[str]) -> int | None:
        """The number of ways to set everything but the parents."""
        total = 1
        for path, parameter in self.parameters.items():
            index = parameter.active(settings)
            count = 1 if index is None else parameter.entries[index].count()
            if count is None:
                return None
            total *= 1 if path in parents else count
        return total

    def params(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings by path as Optuna's parameters: named and written as `DefineByRun` does, those that are active."""
        from tuneful.space.sample import encode

        active = ((path, self.parameters[path].active(settings)) for path in self.order if path in settings)
        return {self.parameters[path].name(i): encode(settings[path]) for path, i in active if i is not None}

    def as_written(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Drawn parameters as grids, points and tables have them (`Entry.as_drawn`): a configuration has one key."""
        from tuneful.space.sample import decode, encode

        return {name: encode(self.entries[name].as_drawn(decode(value))) for name, value in params.items()}

    def distributions(self, params: Mapping[str, Any]) -> "dict[str, BaseDistribution]":
        """Optuna's distribution of each of `params`, which are called as DefineByRun calls them."""
        from tuneful.space.sample import distribution  # optuna only where it is needed

        return {name: distribution(self.entries[name]) for name in params}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Every entry by the name that Optuna calls it."""
        return {p.name(i): entry for p in self.parameters.values() for i, entry in enumerate(p.entries)}


def thinned(values: tuple[Any, ...], most: int | None) -> tuple[Any, ...]:
    """At most `most` of the values, the first and the last among them, the others evenly between."""
    if most is None or len(values) <= most:
        return values
    return tuple(values[i * (len(values) - 1) // (most - 1)] for i in range(most))


def every_value(entry: Entry) -> tuple[Any, ...]:
    """All values of an entry; of a continuous range its lower end."""
    return entry.values() or entry.corners()[:1]
