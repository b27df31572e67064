"""`platform simulate`: which search algorithm would have been best, on recorded learning curves."""

import json
from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console
from tuneful.cli.sweep_options import Data, Recipe, Set


def simulate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A sweep file or its name: space, objective, scheduler.")],
    source: Annotated[
        str, typer.Option("--from", metavar="SWEEP|TABLE", help="Recorded curves: a sweep, or a parquet or CSV file.")
    ],
    sampler: Annotated[
        list[str] | None, typer.Option(help="Repeatable. [default: random and the file's]", show_default=False)
    ] = None,
    scheduler: Annotated[
        list[str] | None, typer.Option(help="Repeatable. [default: fifo and the file's]", show_default=False)
    ] = None,
    data: Data = None,
    recipe: Recipe = None,
    set_: Set = None,
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
    from tuneful.space.locate import find_sweep_file
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    sweep = load_sweep(find_sweep_file(file), SweepOptions(data, recipe, tuple(set_ or ())))
    from tuneful.simulator import text
    from tuneful.simulator.simulate import Asked
    from tuneful.simulator.simulate import simulate as compared

    asked = Asked(source, sampler or (), scheduler or (), seeds, slots, budget_epochs, within)
    found = compared(sweep, asked, results)
    if as_json:
        print(json.dumps(text.as_json(*found), indent=1))
    else:
        console.print(text.draw(*found))
