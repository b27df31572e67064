"""Every end of every range and every choice, tried on RunSpec before a trial is started."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, combinations, islice
from typing import Any

from trainers.errors import SpecError
from trainers.spec import RunSpec
from tuneful.space.parameters import Space

MAX_PROBES = 10_000
"""How many specs are built at most: half a second."""

RANDOM_PROBES = 100
"""How many points between the corners are tried where settings are derived."""

MOST_VALUES = 8
"""How many values of each parameter are tried in pairs."""

Build = Callable[[Mapping[str, Any], Mapping[str, str]], RunSpec]
"""(settings of a trial, their places) -> the spec."""


def probe(space: Space, build: Build, derived: bool = False) -> None:
    """Build the specs of the corners of `space`: each parameter's with the first value of the others, then each pair's.

    Where settings are `derived`, some points between the corners too: what is computed need not be extreme there.

    Raises:
        SpecError: the first combination that RunSpec refuses, with its line.
    """
    seen: set[str] = set()
    points = chain(islice(_corners(space), MAX_PROBES), _between(space) if derived else ())
    for settings in points:
        text = json.dumps(settings, sort_keys=True)
        if text not in seen:
            seen.add(text)
            try:
                build(settings, {})
            except SpecError:
                raise _explained(settings, space, build) from None


def _corners(space: Space) -> Iterator[dict[str, Any]]:
    for path in space.order:
        yield from space.assignments({path, *space.ancestors(path)})
    for first, second in combinations(space.order, 2):
        yield from space.assignments({first, second} | space.ancestors(first) | space.ancestors(second), MOST_VALUES)


def _between(space: Space) -> Iterator[dict[str, Any]]:
    """Points drawn from the whole space, the same in every process."""
    draw = random.Random(0)
    for _ in range(RANDOM_PROBES):
        yield next(space.extend({}, space.order, lambda _, entry: (entry.somewhere(draw.random()),)))


def _explained(settings: dict[str, Any], space: Space, build: Build) -> SpecError:
    """The error again, at the line of the parameters that cause it."""
    in_file_order = [path for path in space.parameters if path in settings]
    causes = [path for path in in_file_order if _causes(path, settings, build)] or in_file_order
    parameters = [space.parameters[path] for path in settings]
    lines = {parameter.path: parameter.place(parameter.active(settings)) for parameter in parameters}
    sections = {section: lines[path] for path in causes for section in _sections(path)}
    try:
        build(settings, {**sections, **lines})
    except SpecError as error:
        return SpecError(str(error) if "Try: " in str(error) else f"{error}. Try: {_hint(causes)}")
    raise AssertionError("a spec that was refused is not refused again")


def _causes(path: str, settings: Mapping[str, Any], build: Build) -> bool:
    """Whether the spec is fine without `path`."""
    try:
        build({other: value for other, value in settings.items() if other != path}, {})
    except SpecError:
        return False
    return True


def _sections(path: str) -> list[str]:
    """`data.split` and `data` for `data.split.n_folds`: where a rule about several fields is reported."""
    parts = path.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _hint(causes: list[str]) -> str:
    if len(causes) == 1:
        return f"values of {causes[0]} that the field takes"
    return f"values of {' and '.join(causes)} that fit together, or a list of entries with when"
