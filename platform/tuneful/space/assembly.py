"""Recipe, the file's settings and the command line put together: what stays searched, what is fixed to what."""

from dataclasses import dataclass
from pathlib import Path

from trainers.config.build import Layer, build_spec, leaves, load_recipe
from trainers.config.paths import get_path
from trainers.config.yamlfile import Document
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.conditions import describe_when
from tuneful.space.definition import SweepDefinition
from tuneful.space.fixing import Fixing
from tuneful.space.limits import check_settings
from tuneful.space.locate import is_file
from tuneful.space.parameters import Space
from tuneful.space.places import Places


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

    def run(self, places: Places) -> tuple[Space, tuple[Layer, Layer]]:
        """The space that is left, and the layers of fixed settings.

        Raises:
            SpecError: settings that contradict each other or the search; nothing left to search.
        """
        check_settings(self.settings, self.searched, {})
        check_settings(self.command, self.searched, self.command.values)
        certain = self._base({path for path in self.command.values if not self._conditional(path)}).resolved()
        fixing = Fixing(lambda path: get_path(certain, path), self.command.values)
        space = fixing.reduce(self.searched)
        fixed = {path for path in self.command.values if path not in space.parameters}
        self._base(fixed)
        if not space.parameters:
            raise places.error("nothing is left to search", "search", hint="platform train, or fewer --set")
        return space, (self.settings, self._command(fixed))

    def warnings(self, left: Space) -> list[str]:
        """Searched parameters that the recipe or `set` rules out; what the command line rules out is meant so."""
        lost = [p for path, p in self.searched.parameters.items() if path not in left.parameters]
        if self.command.values:
            return []
        return [
            f"{p.place(0)}: {p.path} is not searched, its condition never holds: {describe_when(p.entries[0].when)}"
            for p in lost
        ]

    def _conditional(self, path: str) -> bool:
        """Whether a path is searched under a condition."""
        parameter = self.searched.parameters.get(path)
        return parameter is not None and all(entry.when for entry in parameter.entries)

    def _command(self, paths: set[str]) -> Layer:
        values = {path: value for path, value in self.command.values.items() if path in paths}
        return Layer(values, self.command.places)

    def _base(self, paths: set[str]) -> RunSpec:
        """The spec of everything that is fixed, with these paths of the command line."""
        try:
            return build_spec(self.recipe, (self.settings, self._command(paths)))
        except SpecError as error:
            raise SpecError(f"{error}. Try: correct the setting or leave it out") from None
