"""Every end of every range and every choice, tried on RunSpec before a trial is started."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.parameters import Space

MAX_PROBES = 10_000
"""How many specs are built at most: half a second."""

Build = Callable[[Mapping[str, Any], Mapping[str, str]], RunSpec]
"""(settings of a trial, their places) -> the spec."""


@dataclass(frozen=True)
class Probe:
    """One parameter, or two of which each is fine alone."""

    varied: tuple[str, ...]
    settings: dict[str, Any]


def probe(space: Space, build: Build) -> None:
    """Build the specs of the corners of `space`: each parameter alone, then every pair.

    Raises:
        SpecError: the first combination that RunSpec refuses, with its line.
    """
    seen: set[str] = set()
    for one in _probes(space):
        text = json.dumps(one.settings, sort_keys=True)
        if text not in seen and len(seen) < MAX_PROBES:
            seen.add(text)
            _try(one, space, build)


def _probes(space: Space) -> Iterator[Probe]:
    singles = [(path,) for path in space.order]
    for varied in [*singles, *combinations(space.order, 2)]:
        parents = {parent for path in varied for parent in space.ancestors(path)}
        for settings in space.assignments({*varied, *parents}):
            yield Probe(varied, settings)


def _try(one: Probe, space: Space, build: Build) -> None:
    parameters = [space.parameters[path] for path in one.settings]
    lines = {parameter.path: parameter.place(parameter.active(one.settings)) for parameter in parameters}
    sections = {path.rpartition(".")[0]: lines[path] for path in reversed(one.varied) if path in lines}
    tops = {section.split(".")[0]: line for section, line in sections.items()}
    try:
        build(one.settings, {**tops, **sections, **lines})
    except SpecError as error:
        raise SpecError(f"{error}. Try: {_hint(one)}") from None


def _hint(one: Probe) -> str:
    if len(one.varied) == 1:
        return f"a range or choices for {one.varied[0]} that the field takes"
    first, second = one.varied
    return f"ranges of {first} and {second} that fit together, or a list of entries with when"
