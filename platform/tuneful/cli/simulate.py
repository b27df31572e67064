"""`platform simulate`: which search algorithm would have been best, on recorded learning curves."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console


def simulate(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The sweep file: its space, objective and scheduler.")],
    source: Annotated[
        str, typer.Option("--from", metavar="SWEEP|TABLE", help="Recorded curves: a sweep, or a parquet or CSV file.")
    ],
    sampler: Annotated[
        list[str] | None, typer.Option(help="Repeatable. [default: random and the file's]", show_default=False)
    ] = None,
    scheduler: Annotated[
        list[str] | None, typer.Option(help="Repeatable. [default: fifo and the file's]", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Searches of each algorithm.")] = 20,
    slots: Annotated[int, typer.Option(min=1, help="Trials at a time.")] = 2,
    budget_epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of each search. [default: the file's trials, none stopped]")
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(min=0, help="How far from the best true score counts as reached. [default: its standard error]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Compare search algorithms on recorded learning curves, in simulated time."""
    from tuneful.space.sweep import load_sweep

    sweep = load_sweep(path)
    from tuneful.simulator import text
    from tuneful.simulator.simulate import Asked
    from tuneful.simulator.simulate import simulate as compared

    asked = Asked(source, sampler or (), scheduler or (), seeds, slots, budget_epochs, within)
    found = compared(sweep, asked, results)
    if as_json:
        print(json.dumps(text.as_json(*found), indent=1))
    else:
        console.print(text.draw(*found))
