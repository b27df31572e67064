"""Recipe, the file's settings and the command line put together: what stays searched, what is fixed to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainers.config.build import Layer, build_spec, leaves, load_recipe
from trainers.config.paths import get_path
from trainers.config.yamlfile import Document
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.conditions import describe_when
from tuneful.space.definition import SweepDefinition
from tuneful.space.derivation import Derivations
from tuneful.space.fixing import Fixing
from tuneful.space.foundation import Foundation
from tuneful.space.locate import is_file
from tuneful.space.parameters import Space
from tuneful.space.places import Places, with_hint
from tuneful.space.variables import fields_of, is_variable, known_variables, variables_of
from tuneful.space.variants import check_settings


def load_base_recipe(definition: SweepDefinition, places: Places) -> Document:
    """The recipe that the sweep names, or the one that a resolved sweep carries.

    Raises:
        SpecError: no such recipe, or not valid.
    """
    document = places.document
    if definition.recipe_data is not None:
        lines = {keys[1:]: line for keys, line in document.lines.items() if keys[0] == "recipe_data"}
        return Document(definition.recipe_data, document.path, lines)
    name = definition.recipe
    if name.endswith((".yaml", ".yml")) and not is_file(Path(name)) and document.path is not None:
        beside = document.path.parent / name
        name = str(beside) if is_file(beside) else name
    try:
        return load_recipe(name)
    except SpecError as error:
        raise SpecError(f"{places.of('recipe')}: {error}") from None
    except (OSError, ValueError) as error:  # a name that no file can have
        raise places.error(f"the recipe can't be read ({error})", "recipe", hint="recipe: chorus") from None


def settings_layer(definition: SweepDefinition, places: Places) -> Layer:
    """The file's `set` by path, with lines."""
    values = dict(leaves(definition.set))
    lines = places.settings()
    return Layer(values, {path: lines.get(path, places.of("set")) for path in values})


@dataclass(frozen=True)
class Assembly:
    """What a sweep is made of before conditions on fixed values are decided."""

    searched: Space
    recipe: Document
    settings: Layer
    command: Layer
    derivations: Derivations = field(default_factory=Derivations)

    def run(self, places: Places) -> tuple[Space, Foundation]:
        """The space that is left, and what its trials are built on.

        Raises:
            SpecError: settings that contradict each other or the search; nothing left to search.
        """
        self._check_variables(places)
        check_settings(self.settings, self.searched, {})
        check_settings(self.command, self.searched, self.command.values)
        certain = self._base({path for path in self.command.values if not self._conditional(path)}).resolved()
        variables = variables_of({**self.settings.values, **self.command.values})
        fixing = Fixing(
            lambda path: variables.get(path) if is_variable(path) else get_path(certain, path), self.command.values
        )
        space = fixing.reduce(self.searched)
        fixed = {path for path in self.command.values if path not in space.parameters}
        self._base(fixed)
        derivations = self.derivations.without(self.command.values)
        space = used(space, derivations)
        if not space.parameters:
            raise places.error("nothing is left to search", "search", hint="platform train, or fewer --set")
        fixed_variables = {path: value for path, value in variables.items() if path not in space.parameters}
        layers = (_fields(self.settings), self._command(fixed))
        return space, Foundation(self.recipe, layers, fixed_variables, derivations)

    def warnings(self, left: Space) -> list[str]:
        """Searched parameters that the recipe or `set` rules out; what the command line rules out is meant so."""
        lost = [p for path, p in self.searched.parameters.items() if path not in left.parameters]
        if self.command.values:
            return []
        return [
            f"{p.place(0)}: {p.path} is not searched, its condition never holds: {describe_when(p.entries[0].when)}"
            for p in lost
        ]

    def _check_variables(self, places: Places) -> None:
        """Every variable of the file is used, and every one of the command line is the file's."""
        own = {*self.searched.parameters, *self.settings.values}
        left = {*used(self.searched, self.derivations).parameters, *self.derivations.names}
        left |= {path for parameter in self.searched.parameters.values() for path in parameter.parents}
        for path in sorted(own - left):
            if is_variable(path):
                section = "search" if path in self.searched.parameters else "set"
                text = f"{path} is used by no expression and no condition"
                raise places.error(text, section, path, hint=f"derive: {{optimizer.lr: {path} * training.batch_size}}")
        for path in self.command.values:
            if is_variable(path) and path not in own:
                place = self.command.places[path]
                raise SpecError(with_hint(f"{place}: no variable {path}. {known_variables(own)}", ""))

    def _conditional(self, path: str) -> bool:
        """Whether a path is searched under a condition."""
        parameter = self.searched.parameters.get(path)
        return parameter is not None and all(entry.when for entry in parameter.entries)

    def _command(self, paths: set[str]) -> Layer:
        values = {path: value for path, value in self.command.values.items() if path in paths}
        return _fields(Layer(values, self.command.places))

    def _base(self, paths: set[str]) -> RunSpec:
        """The spec of everything that is fixed, with these paths of the command line."""
        try:
            return build_spec(self.recipe, (_fields(self.settings), self._command(paths)))
        except SpecError as error:
            raise SpecError(f"{error}. Try: correct the setting or leave it out") from None


def _fields(layer: Layer) -> Layer:
    """A layer without variables."""
    return Layer(fields_of(layer.values), layer.places)


def used(space: Space, derivations: Derivations) -> Space:
    """The space without variables that no expression and no condition uses."""
    named: Mapping[str, Any] = space.parameters
    conditions = {path for parameter in space.parameters.values() for path in parameter.parents}
    kept = [path for path in named if not is_variable(path) or path in conditions | derivations.names]
    if len(kept) == len(named):
        return space
    return used(Space({path: space.parameters[path] for path in kept}), derivations)
