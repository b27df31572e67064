"""The smallest and the largest value that the trials of a sweep can have for a numeric field."""

from typing import TYPE_CHECKING, Any

from trainers.config.paths import get_path

if TYPE_CHECKING:
    from tuneful.space.sweep import Sweep


def smallest(path: str, sweep: "Sweep") -> Any:
    """The smallest value that a trial can have."""
    return min(values(path, sweep))


def largest(path: str, sweep: "Sweep") -> Any:
    """The largest value that a trial can have."""
    return max(values(path, sweep))


def values(path: str, sweep: "Sweep") -> list[Any]:
    """The ends of a searched or derived field, the value of a fixed one; both where only some trials search it."""
    foundation, parameter = sweep.foundation, sweep.space.parameters.get(path)
    if path in foundation.derivations.paths:
        found: list[Any] = list(foundation.derivations.corners(path, sweep.space, foundation.base()))
        return found or [get_path(sweep.base.resolved(), path)]
    entries = parameter.entries if parameter else ()
    searched = [value for entry in entries for value in entry.corners()]
    always = any(not entry.when for entry in entries)
    return searched if always else [*searched, get_path(sweep.base.resolved(), path)]
