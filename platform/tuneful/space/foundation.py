"""What every trial of a sweep is built on, and the specs that are built on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainers.config.build import Layer, build_spec, merged
from trainers.config.yamlfile import Document
from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.derivation import Derivations
from tuneful.space.variables import fields_of, variables_of


@dataclass(frozen=True)
class Foundation:
    """The recipe, fixed settings and variables, and what is derived from them and from a trial's settings."""

    recipe: Document
    layers: tuple[Layer, ...]
    """The file's `set`, then the command line; fields only."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    """Variables that are fixed."""

    derivations: Derivations = field(default_factory=Derivations)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a trial by path: those `given`, and in place of any others what is derived from them.

        Raises:
            SpecError: an expression without a value.
        """
        kept = {path: value for path, value in given.items() if path not in self.derivations.paths}
        if not self.derivations.ordered:
            return kept
        tree = merged(self.recipe, (*self.layers, Layer(fields_of(kept))))
        return {**kept, **self.derivations.values(tree, {**self.variables, **variables_of(kept)})}

    def spec(
        self, given: Mapping[str, Any], extra: Mapping[str, Any] | None = None, places: Mapping[str, str] | None = None
    ) -> RunSpec:
        """The spec of a trial: recipe < set < command line < what is given and derived < `extra`.

        Raises:
            SpecError: an expression without a value, settings that RunSpec refuses.
        """
        derived = {derivation.path: derivation.place for derivation in self.derivations.ordered}
        values = {**fields_of(self.settings(given)), **(extra or {})}
        try:
            return build_spec(self.recipe, (*self.layers, Layer(values, {**(places or {}), **derived})))
        except SpecError as error:
            raise SpecError(f"{error}{self._how_derived(str(error))}") from None

    def _how_derived(self, refusal: str) -> str:
        """How the fields are derived that a refusal names."""
        named = [d for d in self.derivations.ordered if d.path in refusal]
        return "".join(f", where {d.path} is derived as {d.expression.text}" for d in named)

    def base(self) -> dict[str, Any]:
        """Everything that is fixed, nested; variables by their names."""
        return {**merged(self.recipe, self.layers), **self.variables}
