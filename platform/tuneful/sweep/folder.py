"""A sweep's folder and the question it was made for."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

from analysis.errors import RecordsError, UserError
from analysis.records.files import remove_temporaries
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder
from tuneful.space.definition import SweepDefinition
from tuneful.space.reading import FURTHER
from tuneful.sweep.populations.generations import refuse_growth
from tuneful.sweep.searchers.first_points import keep_added, lost_point
from tuneful.sweep.searchers.widening import not_wider

MAY_CHANGE = frozenset(
    {
        *("trials", "max_hours", "max_gpu_hours", "stall", "confirm", "resources", "reuse", "tracking"),
        *("allow", "name", "warnings"),
    }
)
"""What may differ when the same sweep is started again: how long and on what, not what is asked."""


@contextlib.contextmanager
def adopted(folder: SweepFolder, definition: dict[str, Any], extending: bool = False) -> Iterator[None]:
    """`adopt` for the time of the context; a start that is refused before its first new trial changes nothing.

    Raises:
        RecordsError: names what differs from the sweep that the folder holds.
    """
    old, begun = folder.definition(), _trials_begun(folder)
    adopt(folder, definition, extending)
    try:
        yield
    except UserError:
        if _trials_begun(folder) == begun:
            _take_back(folder, old)
        raise


def _trials_begun(folder: SweepFolder) -> list[int]:
    return [folder.next_number(stage) for stage in (SEARCH, CONFIRM)]


def _take_back(folder: SweepFolder, old: dict[str, Any] | None) -> None:
    if old is None:
        shutil.rmtree(folder.path, ignore_errors=True)
    else:
        folder.write_definition(old)


def adopt(folder: SweepFolder, definition: dict[str, Any], extending: bool = False) -> None:
    """Make the folder this sweep's, or refuse when it holds the results of another question.

    Args:
        folder: of the sweep.
        definition: the sweep as resolved.
        extending: whether the ranges may be wider than they were, and the published points more.

    Raises:
        RecordsError: names what differs.
    """
    definition = adoptable(folder, definition, extending)
    if (old := folder.definition()) is not None:
        keep_added(folder, with_defaults(old)["published"], definition["published"])
    remove_temporaries(folder.path / "trials")
    folder.write_definition(definition)


def adoptable(folder: SweepFolder, definition: dict[str, Any], extending: bool = False) -> dict[str, Any]:
    """The definition as the folder is to hold it; nothing is written. Arguments and errors are those of `adopt`."""
    recorded = folder.definition()
    if recorded is None:
        return definition
    old = with_defaults(recorded)
    if not definition["warm_start"]:  # said once; what was found then is kept
        definition = {**definition, "warm_start": old["warm_start"]}
    _check_same(folder, old, definition, extending)
    refuse_growth(folder, old["trials"], definition["trials"])
    return definition


def with_defaults(definition: dict[str, Any]) -> dict[str, Any]:
    """A resolved sweep on record, with what it doesn't have because it was written by an older version."""
    fields = SweepDefinition.model_fields.items()
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()}
    plain = SweepDefinition.model_construct(**defaults).model_dump(
        mode="json", by_alias=True, exclude={"search", FURTHER}
    )
    nested = {name: {**plain[name], **definition[name]} for name in NESTED if isinstance(definition.get(name), dict)}
    return {**plain, **definition, **nested}


GROWS = {"search": "narrower ranges", "published": "fewer published points"}
"""What an extension may add to, and what there was of it before."""


def _not_grown(old: dict[str, Any], new: dict[str, Any], different: list[str]) -> str | None:
    """Why what is different is no extension; None where it is one."""
    if not GROWS.keys() >= set(different):
        return f"{', '.join(different)} differ"
    return not_wider(old["search"], new["search"]) or lost_point(old["published"], new["published"])


NESTED = ("search_algorithm", "resources", "tracking")
"""Sections whose own fields have been added to."""


def _check_same(folder: SweepFolder, old: dict[str, Any], new: dict[str, Any], extending: bool) -> None:
    different = sorted(
        name for name in old.keys() | new.keys() if name not in MAY_CHANGE and old.get(name) != new.get(name)
    )
    if different and (what := _not_grown(old, new, different)):
        raise RecordsError(
            f"{folder.path} holds a sweep that asked something else ({what}). "
            f"Try: --name {folder.name}-2, or remove the folder"
        )
    if different and not extending and folder.next_number(SEARCH):
        less = " and ".join(GROWS[name] for name in different)
        raise RecordsError(
            f"{folder.path} holds this sweep with {less}. Try: --extend 20, which goes on with what is new, "
            f"or --name {folder.name}-2"
        )
    if old["resources"].get("workers") != new.get("resources", {}).get("workers"):
        raise RecordsError(f"{folder.path}: resources.workers is part of every run's key. Try: --name {folder.name}-2")
