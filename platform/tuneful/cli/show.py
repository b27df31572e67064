"""`platform data show`: what a catalogue holds."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.shared import console, preparation

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue

MOST_CLASSES = 12
MOST_VALUES = 8
LABEL_WIDTH = 12


def show(
    name: Annotated[str, typer.Argument(help="The catalogue.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
) -> None:
    """Say what a catalogue holds: clips, classes, hours, authors, what is missing."""
    from trainers.data.summary import summary

    described = summary(_catalogue(name, quiet=as_json))
    if as_json:
        print(json.dumps(described, indent=1))
        return
    for line in _lines(described):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _catalogue(name: str, quiet: bool) -> "Catalogue":
    from trainers.data.prepare import open_catalogue

    if quiet:
        return open_catalogue(name)
    with preparation() as report:
        return open_catalogue(name, report)


def _lines(about: dict[str, Any]) -> Iterator[str]:
    yield f"{about['name']}: {about['source']}, {_amount(about)}, {len(about['classes'])} classes, {about['digest']}"
    yield _labelled("folder", _plain(about["folder"]))
    durations = about["durations_s"]
    yield _labelled("clips", f"{durations['min']:.2f} to {durations['max']:.2f} s, median {durations['median']:.2f} s")
    for name, amount in about["subsets"].items():
        yield _labelled("subset", f"{_plain(name)}: {_amount(amount)}")
    for column, values in about["values"].items():
        yield _labelled(column, _value_text(values))
    if about["polyphony"]:
        yield _labelled("labels", "clips with " + ", ".join(f"{n}: {clips}" for n, clips in about["polyphony"].items()))
    if about["empty_columns"]:
        yield _labelled("empty", ", ".join(about["empty_columns"]))
    if about["extra_columns"]:
        yield _labelled("extra", ", ".join(_plain(name.removeprefix("extra_")) for name in about["extra_columns"]))
    yield from _class_lines(about["classes"])


def _labelled(label: str, text: str) -> str:
    return f"  {label:<{LABEL_WIDTH}}{text}"


def _amount(about: dict[str, Any]) -> str:
    unlabelled = f", {about['unlabelled']} unlabelled" if about["unlabelled"] else ""
    return f"{about['clips']} clips of {about['recordings']} recordings, {about['hours']:.2f} hours{unlabelled}"


def _value_text(values: dict[str, Any]) -> str:
    """How many values a column has; each with its clips where they are few."""
    missing = f", missing in {values['missing']} clips" if values["missing"] else ""
    if values["distinct"] > MOST_VALUES:
        counts = values["clips"].values()
        return f"{values['distinct']} values with {min(counts)} to {max(counts)} clips{missing}"
    return ", ".join(f"{_plain(value)}: {clips}" for value, clips in values["clips"].items()) + missing


def _class_lines(classes: list[dict[str, Any]]) -> Iterator[str]:
    """The most frequent classes, a line each, and the rest counted."""
    if not classes:
        return
    first, rest = classes[:MOST_CLASSES], classes[MOST_CLASSES:]
    if len(rest) == 1:
        first, rest = classes, []
    width = max(5, *(len(_plain(row["name"])) for row in first))
    yield f"  {'class':<{width}}  clips  secondary"
    for row in first:
        yield f"  {_plain(row['name']):<{width}}  {row['clips']:>5}  {row['secondary']:>9}"
    if rest:
        yield f"  and {len(rest)} more with {rest[-1]['clips']} to {rest[0]['clips']} clips"


def _plain(text: str) -> str:
    """A name from a dataset, its control and bidirectional characters escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]
