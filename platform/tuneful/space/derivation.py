"""`derive`: settings computed from others, such as `front_end.hop_length: front_end.n_fft / 4`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from trainers.config.build import FIELDS
from trainers.config.paths import get_path
from trainers.errors import SpecError
from tuneful.space.checking import tag_of
from tuneful.space.conditions import show_value
from tuneful.space.derivation_checks import check_names, check_target, kinds_of
from tuneful.space.expressions import Expression
from tuneful.space.parameters import Space
from tuneful.space.places import Places, with_hint
from tuneful.space.variables import is_variable


@dataclass(frozen=True)
class Derivation:
    """One derived setting."""

    path: str
    expression: Expression
    place: str = ""
    """`file:line`"""

    @property
    def names(self) -> tuple[str, ...]:
        """What it is computed from."""
        return self.expression.names

    def value(self, known: Callable[[str], Any]) -> float | int:
        """The setting: a whole number where the field is one.

        Raises:
            SpecError: no number comes out, or a fraction for a whole field; with the values that it is computed from.
        """
        try:
            value = self.expression.value(known)
        except ValueError as error:
            text, hint = (*error.args, "ranges or conditions that leave this out")[:2]
            raise self._error(text, known, hint) from None
        if whole(self.path) and not float(value).is_integer():
            text = f"= {value:g}, but {self.path} is a whole number"
            raise self._error(text, known, f"{self.path}: round({self.expression.text})")
        return int(value) if whole(self.path) else value

    def _error(self, text: str, known: Callable[[str], Any], hint: str) -> SpecError:
        where = ", ".join(f"{name} = {value}" for name in self.names if (value := _shown(name, known)) is not None)
        at = f" (where {where})" if where else ""
        return SpecError(with_hint(f"{self.place}: derive: {self.path}: {self.expression.text} {text}{at}", hint))


@dataclass(frozen=True)
class Derivations:
    """All derived settings of a sweep, each after those that it is computed from."""

    ordered: tuple[Derivation, ...] = ()

    @classmethod
    def of(cls, derive: Mapping[str, str], variables: Iterable[str], places: Places) -> "Derivations":
        """The derivations of a sweep file whose searched and set `variables` are these.

        Raises:
            SpecError: no arithmetic, an unknown name, a field that is no number, a circle.
        """
        found = {path: Derivation(path, Expression(text), places.of("derive", path)) for path, text in derive.items()}
        for path, derivation in found.items():
            check_target(path, places)
            check_names(path, derivation.expression, set(variables), places)
        graph = {path: sorted(set(found[path].names) & found.keys()) for path in sorted(found)}
        try:
            return cls(tuple(found[path] for path in TopologicalSorter(graph).static_order()))
        except CycleError as error:
            circle = error.args[1]
            text = f"derive leads in a circle: {' <- '.join(circle)}"
            raise places.error(text, "derive", circle[0], hint="search or set one of them") from None

    @cached_property
    def paths(self) -> frozenset[str]:
        """The derived fields."""
        return frozenset(derivation.path for derivation in self.ordered)

    @cached_property
    def names(self) -> frozenset[str]:
        """Everything that is named in an expression."""
        return frozenset(name for derivation in self.ordered for name in derivation.names)

    @property
    def sources(self) -> frozenset[str]:
        """What is named and not derived itself."""
        return self.names - self.paths

    def reached(self, name: str) -> set[str]:
        """The derived fields that change with a setting or variable."""
        found: set[str] = set()
        for derivation in self.ordered:
            if found & set(derivation.names) or name in derivation.names:
                found.add(derivation.path)
        return found

    def without(self, paths: Iterable[str]) -> "Derivations":
        """Those of other fields; what is set by hand is not derived."""
        gone = set(paths)
        return Derivations(tuple(derivation for derivation in self.ordered if derivation.path not in gone))

    def values(self, tree: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, int | float]:
        """The derived settings of one trial.

        A field that only some variants of its section have is derived for those.

        Args:
            tree: every other setting of the trial, nested.
            variables: the values of its variables.

        Raises:
            SpecError: see `Derivation.value`.
        """
        found: dict[str, int | float] = {}

        def known(name: str) -> Any:
            return found[name] if name in found else variables[name] if is_variable(name) else existing(tree, name)

        for derivation in self.ordered:
            if _exists(derivation.path, tree):
                found[derivation.path] = derivation.value(known)
        return found

    def corners(self, path: str, space: Space, base: Mapping[str, Any]) -> Iterator[int | float]:
        """The values of a derived field at the corners of what it is computed from."""
        varied = self.sources_of(path) & space.parameters.keys()
        varied |= {ancestor for name in varied for ancestor in space.ancestors(name)}
        for settings in space.assignments(varied):
            try:
                yield self._value(path, lambda name, s=settings: s[name] if name in s else existing(base, name))  # type: ignore[misc]
            except SpecError:  # the probe says which and why
                continue

    def _value(self, path: str, known: Callable[[str], Any]) -> int | float:
        by_path = {derivation.path: derivation for derivation in self.ordered}

        def resolve(name: str) -> Any:
            return by_path[name].value(resolve) if name in by_path else known(name)

        return by_path[path].value(resolve)

    def sources_of(self, path: str) -> set[str]:
        """What a derived field is computed from, in the end."""
        by_path = {derivation.path: derivation for derivation in self.ordered}
        found: set[str] = set()
        waiting = [path]
        while waiting:
            name = waiting.pop()
            inner = by_path[name].names if name in by_path else ()
            found |= set(inner)
            waiting += inner
        return found - self.paths


def whole(path: str) -> bool:
    """Whether a field takes whole numbers only."""
    kinds = kinds_of(path)
    return int in kinds and float not in kinds


def existing(tree: Mapping[str, Any], path: str) -> Any:
    """The value at a path of nested mappings; KeyError where there is none."""
    value: Any = tree
    for key in path.split("."):
        if not isinstance(value, Mapping):
            raise KeyError(path)
        value = value[key]
    return value


def _exists(path: str, tree: Mapping[str, Any]) -> bool:
    """Whether the trial's variant of the section has the field."""
    tag = tag_of(path)
    return tag is None or not FIELDS[path].tags or get_path(tree, tag) in FIELDS[path].tags


def _shown(name: str, known: Callable[[str], Any]) -> str | None:
    try:
        return show_value(known(name))
    except KeyError:
        return None
