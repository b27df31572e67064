"""`platform prune`: give the disk back what a finished sweep's checkpoints hold and nothing needs."""

from typing import Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, existing_sweep, say

MIB = 2**20


def prune(
    sweep: Annotated[str, typer.Argument(help="A sweep's name.")],
    keep: Annotated[int, typer.Option(min=0, help="Best trials that keep their weights, beside the confirmed.")] = 3,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Remove weights of all but a sweep's best trials, and what only further training would need.

    Scores, predictions and submitted runs stay as they are.
    """
    from trainers.training.checkpoint_files import WEIGHTS
    from tuneful.pruning import spare
    from tuneful.sweep.lock import locked

    folder = existing_sweep(results, sweep)
    with locked(folder.path):
        found = spare(folder, results, keep)
        if not found:
            say(f"{sweep}: nothing to remove.")
            return
        weights = sum(not one.files or WEIGHTS in one.files for one in found)
        size = sum(one.bytes for one in found) / MIB
        say(f"{sweep}: {size:.1f} MiB can go: weights of {weights} runs, optimizer states of {len(found)}.")
        if not (yes or typer.confirm("Remove them? They can't be brought back but by training")):
            raise typer.Exit(1)
        for one in found:
            one.remove()
    say("Removed.")
