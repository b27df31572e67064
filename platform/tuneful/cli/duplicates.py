"""`platform data duplicates`: recordings that are copies of one sound."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import preparation, say

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue
    from trainers.data.duplicates import Found

SHOWN_GROUPS = 8
SHOWN_PATHS = 4


def duplicates(
    name: Annotated[str, typer.Argument(help="A catalogue's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every group, for other programs.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what an earlier search found.")] = False,
) -> None:
    """Find recordings that are copies of one sound, by content; splits by group never tear them apart then."""
    from trainers.data.catalogue import catalogue_folder
    from trainers.data.duplicates.summary import summary
    from trainers.data.layers.duplicates import forget_duplicates, write_duplicates
    from trainers.errors import DataError

    if forget and as_json:
        raise DataError("--forget searches nothing, so there is no JSON. Try: one of the two")
    catalogue = _catalogue(name, quiet=as_json)
    folder = catalogue_folder(name)
    if forget:
        say(f"{name}: " + ("near-duplicates forgotten" if forget_duplicates(folder) else "none were marked"))
        return
    found = _search(catalogue, quiet=as_json)
    write_duplicates(found.groups, folder)
    described = summary(catalogue, found)
    if as_json:
        print(json.dumps(described, indent=1))
        return
    for line in _lines(described):
        say(line)


def _catalogue(name: str, quiet: bool) -> "Catalogue":
    """The catalogue without what an earlier search found, which may be what can't be read."""
    from trainers.data.catalogue import load_catalogue
    from trainers.data.prepare import open_catalogue
    from trainers.data.sources.chorus.spec import PRESETS

    if name in PRESETS:
        with nullcontext() if quiet else preparation() as report:
            open_catalogue(name, report)
    return load_catalogue(name, without="duplicates")


def _search(catalogue: "Catalogue", quiet: bool) -> "Found":
    from trainers.data.duplicates import find_duplicates

    with nullcontext() if quiet else preparation() as report:
        return find_duplicates(catalogue, report)


def _lines(about: dict[str, Any]) -> Iterator[str]:
    groups = about["groups"]
    yield f"{about['name']}: {about['in_groups']} of {about['recordings']} recordings are in {_count(groups)}"
    for group in groups[:SHOWN_GROUPS]:
        yield _group_line(group)
    if len(groups) > SHOWN_GROUPS:
        yield f"  and {len(groups) - SHOWN_GROUPS} more groups. Try: --json for all of them"
    for what in ("labels", "authors", "subsets"):
        differing = sum(group[f"{what}_differ"] for group in groups)
        if differing:
            yield f"  {what} differ within {differing} of {_count(groups)}"
    yield from _not_judged(about)
    if groups:
        yield f"Splits by group keep them together. Try: platform data split {about['name']} scheme=stratified_group"


def _count(groups: list[Any]) -> str:
    return "1 group of near-duplicates" if len(groups) == 1 else f"{len(groups)} groups of near-duplicates"


def _group_line(group: dict[str, Any]) -> str:
    paths = [plain(path) for path in group["paths"]]
    more = f", ... ({len(paths)})" if len(paths) > SHOWN_PATHS else ""
    differing = [what for what in ("labels", "authors", "subsets") if group[f"{what}_differ"]]
    said = f" (other {', '.join(differing)})" if differing else ""
    return f"  {', '.join(paths[:SHOWN_PATHS])}{more}{said}"


def _not_judged(about: dict[str, Any]) -> Iterator[str]:
    from trainers.data.duplicates.verify import SHORTEST_S

    short, flat = len(about["too_short"]), len(about["too_plain"])
    if short:
        yield f"  not judged: {short} of {about['recordings']} recordings are shorter than {SHORTEST_S:g} s"
    if flat:
        yield f"  not judged: {flat} of {about['recordings']} recordings hold too little: silence, a steady tone"
