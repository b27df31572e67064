"""`platform export`: runs as a bundle that predicts without this installation."""

from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.chosen import Runs, chosen
from tuneful.cli.shared import DEFAULT_RESULTS, Results, say


def export(
    runs: Runs,
    to: Annotated[Path, typer.Option(help="Folder of the bundle; must not be there yet.")],
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Write finished runs as a folder with weights, settings, sources and `inference.py`, for a machine offline."""
    from tuneful.bundle.write import write_bundle

    made = write_bundle(chosen(results, runs), to)
    say(
        f"{to}: {made.members} runs, {made.size / 2**20:.1f} MiB, digest {made.digest}.\n{made.description}\n"
        f"Try: python {to / 'inference.py'} AUDIO --out submission.csv"
    )
