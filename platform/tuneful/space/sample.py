"""Drawing from the space with Optuna, conditions kept; the only module here that needs optuna."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneful.space.entry import Entry
from tuneful.space.parameters import Space
from tuneful.space.ranges import ChoiceEntry, IntEntry
from tuneful.space.real_ranges import FloatEntry

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

INDEX = re.compile(r"\[\d+\]$")
JSON_STARTS = ("[", "{", '"')


@dataclass(frozen=True)
class DefineByRun:
    """Suggests the parameters of a trial in an order in which their conditions can be decided. Picklable."""

    space: Space

    def __call__(self, trial: "Trial") -> None:
        """Suggest every parameter that is active, under the name that `Parameter.name` gives."""
        settings: dict[str, Any] = {}
        for path in self.space.order:
            parameter = self.space.parameters[path]
            index = parameter.active(settings)
            if index is not None:
                settings[path] = decode(_suggest(trial, parameter.name(index), parameter.entries[index]))


def to_settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters as settings by dotted path: `path[1]` is `path`, JSON texts are decoded."""
    return {INDEX.sub("", name): decode(value) for name, value in params.items()}


def encode(value: Any) -> Any:
    """A choice as Optuna takes it: lists and mappings (and texts that look like them) as JSON text."""
    looks_like_json = isinstance(value, str) and value.startswith(JSON_STARTS)
    if looks_like_json or isinstance(value, list | tuple | dict):
        return json.dumps(value)
    return value


def decode(value: Any) -> Any:
    """The choice that `encode` made `value` of."""
    return json.loads(value) if isinstance(value, str) and value.startswith(JSON_STARTS) else value


def _suggest(trial: "Trial", name: str, entry: Entry) -> Any:
    if isinstance(entry, ChoiceEntry):
        return trial.suggest_categorical(name, [encode(value) for value in entry.choice])
    if isinstance(entry, IntEntry):
        return trial.suggest_int(name, entry.low, entry.high, step=entry.step, log=entry.log)
    assert isinstance(entry, FloatEntry)
    return trial.suggest_float(name, entry.low, entry.high, step=entry.step, log=entry.log)


def distribution(entry: Entry) -> "BaseDistribution":
    """The Optuna distribution that `DefineByRun` draws an entry from."""
    from optuna import distributions

    if isinstance(entry, ChoiceEntry):
        return distributions.CategoricalDistribution([encode(value) for value in entry.choice])
    if isinstance(entry, IntEntry):
        return distributions.IntDistribution(entry.low, entry.high, step=entry.step, log=entry.log)
    assert isinstance(entry, FloatEntry)
    return distributions.FloatDistribution(entry.low, entry.high, step=entry.step, log=entry.log)
