"""`platform ensemble`: what trials gain together, on clips that chose nothing."""

import json
from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, say


def ensemble(
    trials: Annotated[
        list[str], typer.Argument(metavar="SWEEP[:TRIAL]...", help="Trials; a sweep: all its complete ones.")
    ],
    metric: Annotated[str, typer.Option(help="What is gained; of a mean of ranks, macro_auc or map.")] = "macro_auc",
    how: Annotated[str, typer.Option(help="arithmetic, geometric or rank mean.")] = "arithmetic",
    by: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="A setting that makes kinds, such as loss.name; again.")
    ] = None,
    ungrouped: Annotated[
        bool, typer.Option("--ungrouped", help="Each clip by itself, without the catalogue's recordings and groups.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON with every number, for other programs.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Say what an ensemble gains over the best single trial: the mean of all, and greedy selection with replacement."""
    from analysis.records.stored_trials import find_trials
    from tuneful.ensembling import ensemble_of, lines

    found = ensemble_of(find_trials(results, trials), metric, how, by or [], ungrouped)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
        return
    for line in lines(found):
        say(line)
