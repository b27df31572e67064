"""`platform data split`: what a split of a catalogue looks like."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.plain import plain
from tuneful.cli.shared import console, preparation, say

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from trainers.data.splits.summary import SplitSummary
    from trainers.spec import RunSpec

SHOWN = 5
"""Classes that are named; the others are counted."""
MOST_ROWS = 20
"""Classes of the grid."""
MOST_LETTERS = 30


def split(
    name: Annotated[str, typer.Argument(help="A catalogue's name.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="path=value; n_folds=5 is short for data.split.n_folds=5.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="The recipe whose split it is, before the overrides.")] = "chorus",
    scheme: Annotated[str | None, typer.Option(help="stratified, group, ...: short for scheme=SCHEME.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every class, for other programs.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="The splits on record, in place of a new one.")] = False,
    grid: Annotated[bool, typer.Option("--show", help="Clips of each class in each fold, too.")] = False,
) -> None:
    """Split a catalogue and put that on record: clips, hours, groups and classes of each fold, and what is missing."""
    if listed:
        _list(name, [*(overrides or []), *([scheme] if scheme else [])])
        return
    from trainers.data.dataset import labelled_clips
    from trainers.data.prepare import open_catalogue
    from trainers.data.splits.record import record_split
    from trainers.data.splits.summary import summarise

    texts = [*(overrides or []), *([f"scheme={scheme}"] if scheme else [])]
    spec = _spec(name, recipe, texts)
    with preparation() as report:
        catalogue = open_catalogue(name, report)
    summary = summarise(labelled_clips(catalogue, spec.data), spec.data.split)
    record_split(catalogue, spec.data)
    if as_json:
        print(json.dumps(_as_json(spec, catalogue.digest, summary), indent=1))
        return
    _show(spec, summary)
    if grid:
        console.print(_grid(summary))


def _spec(name: str, recipe: str, texts: list[str]) -> "RunSpec":
    from trainers.config.build import Layer, build_spec, load_recipe, parse_overrides
    from trainers.errors import SpecError

    given = parse_overrides(texts).values
    values = {path if "." in path else f"data.split.{path}": value for path, value in given.items()}
    if len(values) < len(given):
        raise SpecError("a field of data.split is set twice. Try: keep one of the two")
    for path in values:
        if not path.startswith("data."):
            raise SpecError(f"{path} changes no split. Try: a field of data or data.split, such as n_folds=5")
    command_line = Layer(values, dict.fromkeys(values, "command line"))
    return build_spec(load_recipe(recipe), [Layer({"data.name": name}), command_line])


def _show(spec: "RunSpec", summary: "SplitSummary") -> None:
    asked = spec.data.split
    console.print(_table(summary, bool(asked.validate_where)))
    by = ", ".join(["recording", *summary.grouped_by])
    say(f"groups by {by}: {summary.shared_groups} of {summary.groups} are in more than one fold")
    say(f"split {asked.scheme}, seed {asked.seed}: digest {summary.digest}")


def _table(summary: "SplitSummary", validates_some: bool) -> "Table":
    from rich.table import Table

    counted = ["validated"] if validates_some else []
    columns = ("fold", "clips", *counted, "hours", "groups", "classes", "missing here", "only here")
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for fold in summary.folds:
        numbers = [fold.clips, *([fold.validated] if validates_some else [])]
        hours = f"{fold.hours:.2f}"
        counts = [*map(str, numbers), hours, str(fold.groups), str(fold.classes)]
        table.add_row(fold.name, *counts, _named(fold.missing), _named(fold.only_here))
    return table


def _grid(summary: "SplitSummary") -> "Table":
    """Clips of each class in each fold; of many classes those that most folds lack, then the rarest."""
    from rich.table import Table
    from rich.text import Text

    folds = summary.folds
    counts = {name: [fold.clips_of[name] for fold in folds] for name in folds[0].clips_of}
    worst = sorted(counts, key=lambda name: (-sum(not n for n in counts[name]), sum(counts[name]), name))
    shown = sorted(worst[:MOST_ROWS])
    heading = "clips of" if len(shown) == len(counts) else f"worst {MOST_ROWS} of {len(counts)}"
    table = Table(heading, *(fold.name for fold in folds), box=None, pad_edge=False, header_style="bold")
    for name in shown:
        table.add_row(Text(plain(name)[:MOST_LETTERS]), *(str(n or "-") for n in counts[name]))
    return table


def _list(name: str, stray: list[str]) -> None:
    """Every split on record with what was asked for."""
    from rich.table import Table
    from rich.text import Text

    from trainers.data.prepare import open_catalogue
    from trainers.data.splits.record import recorded_splits
    from trainers.errors import SpecError

    if stray:
        raise SpecError(f"--list takes no {stray[0]!r}. Try: platform data split {name} --list")
    with preparation() as report:
        current = open_catalogue(name, report).digest
    table = Table("digest", "asked for", "clips", "catalogue", box=None, pad_edge=False, header_style="bold")
    for split in recorded_splits(name):
        for asked in split.asked:
            whose = "as it is" if asked["catalogue"] == current else f"was {asked['catalogue']}"
            table.add_row(split.digest, Text(_asked_text(asked)), str(len(split.clips)), whose)
    if table.row_count:
        console.print(table)
    else:
        say(f"No split of {name} is on record. Try: platform data split {name}")


def _asked_text(asked: dict[str, Any]) -> str:
    """The fields that differ from their defaults, the scheme first."""
    from trainers.data.spec import DataSpec

    plain_data = DataSpec().model_dump(mode="json")
    split = {path: value for path, value in asked["split"].items() if value != plain_data["split"][path]}
    data = {path: asked[path] for path in asked if path in plain_data and path != "split"}
    rest = {**split, **{path: value for path, value in data.items() if value != plain_data[path]}}
    scheme = asked["split"]["scheme"]
    return " ".join([scheme, *(f"{path}={json.dumps(value)}" for path, value in rest.items() if path != "scheme")])


def _named(classes: tuple[str, ...]) -> "Text":
    from rich.text import Text

    more = f", ... ({len(classes)})" if len(classes) > SHOWN else ""
    return Text(", ".join(plain(name) for name in classes[:SHOWN]) + more)  # as Text: a name is no markup


def _as_json(spec: "RunSpec", digest: str, summary: "SplitSummary") -> dict[str, Any]:
    asked = spec.data.split.model_dump(mode="json")
    return {"name": spec.data.name, "catalogue": digest, "split": asked, **asdict(summary)}
