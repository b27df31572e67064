"""`platform data show`: what a catalogue holds, as text, JSON or a page."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import DEFAULT_RESULTS, Results, preparation, say

if TYPE_CHECKING:
    from trainers.data.catalogue import Catalogue

MOST_CLASSES = 12
MOST_VALUES = 8
LABEL_WIDTH = 12


def show(
    name: Annotated[str, typer.Argument(help="The catalogue.")],
    page: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="--html: where to; default: RESULTS/data/NAME.html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="A page with figures, the recordings measured.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=0, help="--html: recordings to measure at most; 0: open none. [default: 1000]")
    ] = None,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say what a catalogue holds: clips, classes, hours, authors, what is missing."""
    from trainers.data.summary import summary

    _refuse_stray_options(as_json, as_html, page, sample)
    if as_html:
        _write_page(name, page or results / "data" / f"{name}.html", sample)
        return
    described = summary(_catalogue(name, quiet=as_json))
    if as_json:
        print(json.dumps(described, indent=1))
        return
    for line in _lines(described):
        say(line)


def _refuse_stray_options(as_json: bool, as_html: bool, page: Path | None, sample: int | None) -> None:
    from trainers.errors import DataError

    if as_json and as_html:
        raise DataError("--json and --html are two ways to show a catalogue. Try: one of them")
    if not as_html and (page is not None or sample is not None):
        raise DataError("FILE and --sample go with --html. Try: platform data show NAME --html")


def _refuse_unwritable(path: Path) -> None:
    """Before minutes of measuring."""
    from trainers.errors import DataError

    if path.is_dir():
        raise DataError(f"{path}: a folder, not a file to write. Try: {path / 'data.html'}")
    above = next(each for each in path.absolute().parents if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise DataError(
            f"{path}: can't be written, since {above} is no folder that may be written to. Try: another FILE"
        )


def _write_page(name: str, path: Path, sample: int | None) -> None:
    from trainers.data.audio_facts.collect import DEFAULT_SAMPLE
    from trainers.data.prepare import open_catalogue
    from tuneful.data_page import data_view, write_data_page

    _refuse_unwritable(path)
    with preparation() as report:
        view = data_view(open_catalogue(name, report), DEFAULT_SAMPLE if sample is None else sample, report)
    write_data_page(view, path)
    if len(view.audio) < view.n_recordings:
        say(f"Measured {len(view.audio)} of {view.n_recordings} recordings.")
    say(f"Page: {path}")


def _catalogue(name: str, quiet: bool) -> "Catalogue":
    from trainers.data.prepare import open_catalogue

    if quiet:
        return open_catalogue(name)
    with preparation() as report:
        return open_catalogue(name, report)


def _lines(about: dict[str, Any]) -> Iterator[str]:
    from trainers.data.layers.review import review_sentence

    yield f"{about['name']}: {about['source']}, {_amount(about)}, {len(about['classes'])} classes, {about['digest']}"
    yield _labelled("folder", plain(about["folder"]))
    if about["review"]:
        yield _labelled("review", review_sentence(about["review"]))
    durations = about["durations_s"]
    yield _labelled("clips", f"{durations['min']:.2f} to {durations['max']:.2f} s, median {durations['median']:.2f} s")
    for name, amount in about["subsets"].items():
        yield _labelled("subset", f"{plain(name)}: {_amount(amount)}")
    for column, values in about["values"].items():
        yield _labelled(column, _value_text(values))
    if about["polyphony"]:
        yield _labelled("labels", "clips with " + ", ".join(f"{n}: {clips}" for n, clips in about["polyphony"].items()))
    if about["empty_columns"]:
        yield _labelled("empty", ", ".join(about["empty_columns"]))
    if about["extra_columns"]:
        yield _labelled("extra", ", ".join(plain(name.removeprefix("extra_")) for name in about["extra_columns"]))
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
    return ", ".join(f"{plain(value)}: {clips}" for value, clips in values["clips"].items()) + missing


def _class_lines(classes: list[dict[str, Any]]) -> Iterator[str]:
    """The most frequent classes, a line each, and the rest counted."""
    if not classes:
        return
    first, rest = classes[:MOST_CLASSES], classes[MOST_CLASSES:]
    if len(rest) == 1:
        first, rest = classes, []
    width = max(5, *(len(plain(row["name"])) for row in first))
    yield f"  {'class':<{width}}  clips  secondary"
    for row in first:
        yield f"  {plain(row['name']):<{width}}  {row['clips']:>5}  {row['secondary']:>9}"
    if rest:
        yield f"  and {len(rest)} more with {rest[-1]['clips']} to {rest[0]['clips']} clips"
