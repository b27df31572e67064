"""What the command line lays over a sweep file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainers.config.build import Layer, leaves, parse_overrides, unknown_field
from trainers.errors import SpecError
from tuneful.space.places import COMMAND_LINE, with_hint
from tuneful.space.variables import is_variable


@dataclass(frozen=True)
class SweepOptions:
    """The command line's part of a sweep; None leaves what the file says."""

    data: str | None = None
    """Name of a catalogue, in place of the recipe's."""

    recipe: str | None = None
    sets: tuple[str, ...] | list[str] = ()
    """`path=value`; a searched path that is set leaves the search, a derived one is not derived any more."""

    trials: int | None = None
    max_hours: float | None = None
    name: str | None = None

    allow: tuple[str, ...] = ()
    """Codes of checks whose errors are consented to, in place of the file's."""

    reuse: bool | None = None
    """Whether runs of other sweeps are taken over."""

    warm_start: tuple[str, ...] = ()
    """Sweeps to learn from, in place of the file's."""

    resources: Mapping[str, float] = field(default_factory=dict)
    """Fields of the file's `resources` that are replaced."""

    wandb: str | None = None
    """Project of Weights & Biases, in place of the file's `tracking.wandb.project`."""

    def layer(self) -> Layer:
        """`sets` and `data` as settings by path.

        Raises:
            SpecError: no `path=value`, a path set twice, an unknown field.
        """
        values = dict(leaves(command_line(self.sets, self.data).values))
        for path in values:
            _check(path)
        return Layer(values, dict.fromkeys(values, COMMAND_LINE))

    def over(self, file: Mapping[str, Any]) -> Layer:
        """What replaces fields of the sweep file, which holds `file`."""
        given = {name: getattr(self, name) for name in ("recipe", "trials", "max_hours", "name", "reuse")}
        given |= {name: list(getattr(self, name)) or None for name in ("allow", "warm_start")}
        replaced = {key: value for key, value in given.items() if value is not None}
        if self.recipe is not None:
            replaced["recipe_data"] = None
        places = dict.fromkeys(replaced, COMMAND_LINE)
        if self.resources and isinstance(of_file := file.get("resources", {}), dict):
            replaced["resources"] = {**of_file, **self.resources}
            places |= {f"resources.{name}": COMMAND_LINE for name in self.resources}
        if self.wandb is not None and (tracking := _tracked(file.get("tracking") or {}, self.wandb)):
            replaced["tracking"] = tracking
            places["tracking.wandb.project"] = COMMAND_LINE
        return Layer(replaced, places)


def _tracked(tracking: Any, project: str) -> dict[str, Any] | None:
    """The file's `tracking` with that project; None where it is no section: the file's mistake, told as such."""
    kept = (tracking.get("wandb") or {}) if isinstance(tracking, dict) else None
    return {**tracking, "wandb": {**kept, "project": project}} if isinstance(kept, dict) else None


def command_line(sets: Sequence[str], data: str | None) -> Layer:
    """What the command line sets of a run: `path=value` texts, and the catalogue of `--data`.

    Raises:
        SpecError: no `path=value`, a path set twice.
    """
    values = dict(parse_overrides(sets).values)
    if data is not None:
        if "data.name" in dict(leaves(values)):
            raise SpecError(f"{COMMAND_LINE}: data.name is set twice. Try: --data alone")
        values["data.name"] = data
    return Layer(values, dict.fromkeys(values, COMMAND_LINE))


def _check(path: str) -> None:
    if is_variable(path):
        return  # which variables there are, the file says
    problem = unknown_field(path)
    if problem is not None:
        raise SpecError(with_hint(f"{COMMAND_LINE}: {problem}", "path=value, such as optimizer.lr=1e-3"))
    if path == "data.fold":
        raise SpecError(
            f"{COMMAND_LINE}: data.fold is each of `folds` in turn, it can't be set. Try: folds in the sweep file"
        )
