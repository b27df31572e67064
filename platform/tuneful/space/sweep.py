"""A sweep file, checked as a whole: what is searched, what is fixed, and the spec of every trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from trainers.config.build import TAGS, Layer, build_spec
from trainers.config.paths import get_path
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.assembly import Assembly, load_base_recipe, settings_layer
from tuneful.space.checking import SpaceCheck
from tuneful.space.definition import SweepDefinition
from tuneful.space.derivation import Derivations
from tuneful.space.foundation import Foundation
from tuneful.space.grid import grid_size
from tuneful.space.inheritance import load_sweep_document
from tuneful.space.limits import check_limits, fewer_finalists
from tuneful.space.names import check_name
from tuneful.space.objectives import check_objectives
from tuneful.space.options import SweepOptions
from tuneful.space.parameters import Parameter, Space
from tuneful.space.places import Places
from tuneful.space.probing import probe
from tuneful.space.published import Points
from tuneful.space.reading import FURTHER, read_definition
from tuneful.space.sample import to_settings
from tuneful.space.variables import is_variable
from tuneful.space.variants import check_extras, check_variants
from tuneful.space.warnings import warnings_of


@dataclass(frozen=True)
class Sweep:
    """A checked sweep: every trial of `space` has a spec."""

    name: str
    definition: SweepDefinition
    """The file with the command line's trials, hours and recipe; its `set` and `search` are the file's own."""

    space: Space
    """What is still searched after the command line's settings."""

    foundation: Foundation
    """What is fixed, and what is derived."""

    published: tuple[dict[str, Any], ...] = ()
    """Points to try first: settings by path, those not named are drawn. `space.params` makes Optuna's of them."""

    extended: tuple[Path, ...] = ()
    """The files that the sweep file extends, the nearest first."""

    warnings: list[str] = field(default_factory=list)

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a trial is by path: searched fields and variables, then what is derived from them.

        `params` are Optuna's (`path[1]`, JSON texts) or settings by path; derived ones among them are derived anew.

        Raises:
            SpecError: an expression without a value.
        """
        given = to_settings(params)
        return self.foundation.settings({**self._missing(given), **given})

    def spec_for(self, params: Mapping[str, Any], **extra: Any) -> RunSpec:
        """The spec of a trial: recipe < set < command line < `params` and what is derived < `extra`.

        `params` are as for `settings`. What they leave out is as the recipe has it; without anything that settings are
        derived from, that has its first values. `extra` is such as `seed=3` or `**{"data.fold": 1}`.

        Raises:
            SpecError: values that RunSpec refuses.
        """
        given = to_settings(params)
        return self.foundation.spec({**self._missing(given), **given}, extra)

    def resolved(self) -> dict[str, Any]:
        """The sweep as JSON values with every default written out; loading it again gives the same sweep."""
        values = self.definition.model_dump(mode="json", by_alias=True, exclude={"search"})
        further = values.pop(FURTHER)
        recipe = build_spec(self.foundation.recipe).resolved()
        return {
            **values,
            "name": self.name,
            "recipe_data": recipe,
            "set": {**_merged(self.foundation.layers, recipe), **self.foundation.variables},
            "derive": {d.path: d.expression.text for d in self.foundation.derivations.ordered},
            "search": {path: _written(parameter) for path, parameter in self.space.parameters.items()},
            "published": list(self.published),
            "objective": [values["objective"], *further] if further else values["objective"],
        }

    @cached_property
    def base(self) -> RunSpec:
        """The spec of everything that is fixed, what is searched as the recipe has it."""
        return self.spec_for({})

    def _missing(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What settings are derived from, where `given` is no whole trial."""
        return {} if self._first.keys() & given.keys() else self._first

    @cached_property
    def _first(self) -> dict[str, Any]:
        """The first value of everything searched that settings are derived from, and of what that depends on."""
        sources = self.foundation.derivations.sources & self.space.parameters.keys()
        needed = sources.union(*(self.space.ancestors(path) for path in sources))
        return {path: value for path, value in next(self.space.assignments(())).items() if path in needed}


def load_sweep(path: Path | str, options: SweepOptions | None = None) -> Sweep:
    """The sweep in the file `path`, with everything checked that can be checked before a run starts.

    Raises:
        SpecError: the first thing that is wrong, with file, line, the allowed names and the fix.
    """
    path, options = Path(path), options or SweepOptions()
    document = load_sweep_document(path)
    over = options.over(document.data)
    places = Places(document, over.places)
    definition = read_definition(places, over.values)
    if definition.name is None:
        name = check_name(path.stem, str(path))
    else:
        name = check_name(definition.name, places.of("name"))
    assembly = _assembly(definition, places, options)
    space, foundation = assembly.run(places)
    definition, fitted = fewer_finalists(_with_grid_trials(definition, space, places), places)
    changed = bool(assembly.command.values) or options.recipe is not None
    published, left_out = Points(assembly.searched, space, foundation, places, changed).of(definition)
    sweep = Sweep(name, definition, space, foundation, published, document.extended)
    check_variants(sweep)
    _check_base(sweep)
    check_extras(sweep, places)
    check_objectives(sweep, places)
    check_limits(sweep, places)
    _probe(sweep)
    sweep.warnings.extend([*assembly.warnings(space), *left_out, *fitted, *warnings_of(sweep)])
    return sweep


def _check_base(sweep: Sweep) -> None:
    """What is fixed and derived has a spec; where it hasn't, the probe says which parameter is to blame."""
    try:
        _ = sweep.base
    except SpecError:
        _probe(sweep)
        raise


def _probe(sweep: Sweep) -> None:
    foundation, fold = sweep.foundation, {"data.fold": sweep.definition.folds[0]}
    derived = bool(foundation.derivations.ordered)
    probe(sweep.space, lambda settings, lines: foundation.spec(settings, fold, lines), derived)


def _assembly(definition: SweepDefinition, places: Places, options: SweepOptions) -> Assembly:
    """The file and the command line, each checked by itself."""
    searched, settings, command = (
        Space.of(definition.search, places),
        settings_layer(definition, places),
        options.layer(),
    )
    variables = [path for path in (*searched.parameters, *settings.values) if is_variable(path)]
    derivations = Derivations.of(definition.derive, variables, places)
    SpaceCheck(searched, variables, derivations.paths).run()
    return Assembly(searched, load_base_recipe(definition, places), settings, command, derivations)


def _with_grid_trials(definition: SweepDefinition, space: Space, places: Places) -> SweepDefinition:
    """A grid has as many trials as combinations where nobody says how many."""
    if definition.search_algorithm.sampler != "grid":
        return definition
    size = grid_size(space)
    if "trials" not in definition.model_fields_set:
        return definition.model_copy(update={"trials": size})
    if definition.trials > size:
        text = f"trials must be <= the {size} combinations of the grid, got {definition.trials}"
        raise places.error(text, "trials", hint=f"trials: {size}, or leave it out")
    return definition


def _written(parameter: Parameter) -> Any:
    """The entries as a sweep file has them."""
    entries = [entry.model_dump(mode="json", by_alias=True, exclude_defaults=True) for entry in parameter.entries]
    return entries[0] if len(entries) == 1 else entries


def _merged(layers: tuple[Layer, ...], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The layers as one: a later layer that switches a section's variant drops what earlier ones set in it."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for tag in layer.values.keys() & TAGS:
            if merged.get(tag, get_path(recipe, tag)) != layer.values[tag]:
                section = tag.removesuffix("name")
                merged = {path: value for path, value in merged.items() if not path.startswith(section)}
        merged.update(layer.values)
    return merged
