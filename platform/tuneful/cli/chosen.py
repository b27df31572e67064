"""Runs as they are typed: SWEEP, SWEEP:TRIAL or SWEEP:KEY, each perhaps with @EPOCH."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import existing_sweep

if TYPE_CHECKING:
    from tuneful.leaderboard.chosen import ChosenRun

RUN_HELP = (
    "SWEEP (its best trial), SWEEP:TRIAL (7, confirm-0003) or SWEEP:RUN (a key), each perhaps with @EPOCH; "
    "several are an ensemble."
)
Runs = Annotated[list[str], typer.Argument(metavar="RUN[@EPOCH]...", help=RUN_HELP, show_default=False)]


def chosen(results: Path, texts: list[str]) -> "list[ChosenRun]":
    """The runs that are meant, each once.

    Raises:
        SpecError: a name is of no finished run.
    """
    from tuneful.leaderboard.chosen import ChosenRun, chosen_runs, split_name

    found: dict[tuple[str, int], ChosenRun] = {}
    for text in texts:
        sweep, which, epoch = split_name(text)
        for one in chosen_runs(existing_sweep(results, sweep), which, epoch):
            found.setdefault((one.run.key, one.epoch), one)
    return list(found.values())
