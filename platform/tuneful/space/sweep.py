"""A sweep file, checked as a whole: what is searched, what is fixed, and the spec of every trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainers.config.agreement import not_measured
from trainers.config.build import TAGS, Layer, build_spec
from trainers.config.paths import get_path
from trainers.config.yamlfile import Document, load_document
from trainers.spec import RunSpec
from tuneful.space.assembly import Assembly, load_base_recipe, settings_layer
from tuneful.space.checking import SpaceCheck
from tuneful.space.definition import SweepDefinition
from tuneful.space.limits import check_limits, check_variants, warnings_of
from tuneful.space.names import check_name
from tuneful.space.options import SweepOptions
from tuneful.space.parameters import Parameter, Space
from tuneful.space.places import COMMAND_LINE, Places
from tuneful.space.probing import probe
from tuneful.space.reading import read_definition
from tuneful.space.sample import to_settings


@dataclass(frozen=True)
class Sweep:
    """A checked sweep: every trial of `space` has a spec."""

    name: str
    definition: SweepDefinition
    """The file with the command line's trials, hours and recipe; its `set` and `search` are the file's own."""

    space: Space
    """What is still searched after the command line's settings."""

    recipe: Document
    layers: tuple[Layer, ...]
    """The file's `set`, then the command line."""

    warnings: list[str] = field(default_factory=list)

    def spec_for(self, params: Mapping[str, Any], **extra: Any) -> RunSpec:
        """The spec of a trial: recipe < set < command line < `params` < `extra`.

        `params` are Optuna's (`path[1]`, JSON texts) or settings by path; `extra` such as `seed=3` or
        `**{"data.fold": 1}`.

        Raises:
            SpecError: values that RunSpec refuses.
        """
        return build_spec(self.recipe, (*self.layers, Layer({**to_settings(params), **extra})))

    def resolved(self) -> dict[str, Any]:
        """The sweep as JSON values with every default written out; loading it again gives the same sweep."""
        values = self.definition.model_dump(mode="json", by_alias=True, exclude={"search"})
        recipe = build_spec(self.recipe).resolved()
        settings = _merged(self.layers, recipe)
        search = {path: _written(parameter) for path, parameter in self.space.parameters.items()}
        return {**values, "name": self.name, "recipe_data": recipe, "set": settings, "search": search}


def load_sweep(path: Path | str, options: SweepOptions | None = None) -> Sweep:
    """The sweep in the file `path`, with everything checked that can be checked before a run starts.

    Raises:
        SpecError: the first thing that is wrong, with file, line, the allowed names and the fix.
    """
    path, options = Path(path), options or SweepOptions()
    overrides = options.top_level()
    places = Places(load_document(path), dict.fromkeys(overrides, COMMAND_LINE))
    definition = read_definition(places, overrides)
    if definition.name is None:
        name = check_name(path.stem, str(path))
    else:
        name = check_name(definition.name, places.of("name"))
    searched = Space.of(definition.search, places)
    SpaceCheck(searched).run()
    recipe = load_base_recipe(definition, places)
    assembly = Assembly(searched, recipe, settings_layer(definition, places), options.layer())
    space, layers = assembly.run(places)
    sweep = Sweep(name, definition, space, recipe, layers)
    base, fold = sweep.spec_for({}), {"data.fold": definition.folds[0]}
    if refusal := not_measured(definition.objective.metric, base):
        raise places.error(f"objective.metric {refusal}", "objective", "metric", hint="that setting under `set`")
    check_variants(space, base)
    check_limits(definition, space, base, places)
    probe(space, lambda settings, lines: build_spec(recipe, (*layers, Layer({**settings, **fold}, lines))))
    sweep.warnings.extend([*assembly.warnings(space), *warnings_of(definition, space, base)])
    return sweep


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
