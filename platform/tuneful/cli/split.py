"""`platform data split`: what a split of a catalogue looks like."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuneful.cli.shared import console, preparation

if TYPE_CHECKING:
    from rich.table import Table

    from trainers.data.splits.summary import SplitSummary
    from trainers.spec import RunSpec

SHOWN = 5
"""Classes that are named; the others are counted."""


def split(
    name: Annotated[str, typer.Argument(help="A catalogue's name.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="path=value; n_folds=5 is short for data.split.n_folds=5.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="The recipe whose split it is, before the overrides.")] = "chorus",
    scheme: Annotated[str | None, typer.Option(help="stratified, group, ...: short for scheme=SCHEME.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every class, for other programs.")] = False,
) -> None:
    """Show the folds of a split: clips, hours, groups and classes of each, and which classes are missing where."""
    from trainers.data.dataset import labelled_clips
    from trainers.data.prepare import open_catalogue
    from trainers.data.splits.summary import summarise

    texts = [*(overrides or []), *([f"scheme={scheme}"] if scheme else [])]
    spec = _spec(name, recipe, texts)
    with preparation() as report:
        catalogue = open_catalogue(name, report)
    summary = summarise(labelled_clips(catalogue, spec.data), spec.data.split)
    if as_json:
        print(json.dumps(_as_json(spec, catalogue.digest, summary), indent=1))
    else:
        _show(spec, summary)


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
    _say(f"groups by {by}: {summary.shared_groups} of {summary.groups} are in more than one fold")
    _say(f"split {asked.scheme}, seed {asked.seed}: digest {summary.digest}")


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


def _named(classes: tuple[str, ...]) -> str:
    more = f", ... ({len(classes)})" if len(classes) > SHOWN else ""
    return ", ".join(classes[:SHOWN]) + more


def _as_json(spec: "RunSpec", digest: str, summary: "SplitSummary") -> dict[str, Any]:
    asked = spec.data.split.model_dump(mode="json")
    return {"name": spec.data.name, "catalogue": digest, "split": asked, **asdict(summary)}


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
