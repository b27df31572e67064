"""`platform predict`: recordings in, a table of probabilities out."""

from pathlib import Path
from typing import Annotated

import typer

from tuneful.cli.chosen import RUN_HELP, chosen
from tuneful.cli.shared import DEFAULT_RESULTS, Results, preparation, say


def predict(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN[@EPOCH]... AUDIO", help=f"{RUN_HELP} Last: a recording or a folder.")
    ],
    out: Annotated[Path, typer.Option(help="The table to write.")],
    format_: Annotated[str, typer.Option("--format", help="csv: every window; birdclef: row_id and classes.")] = "csv",
    sample: Annotated[
        Path | None, typer.Option(help="sample_submission.csv: its rows and columns, in its order (birdclef).")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Score every window of recordings with finished runs; several are averaged."""
    from trainers.errors import SpecError
    from trainers.inference.command import Wanted, check_wanted, predict_files

    *runs, audio = names
    if not runs:
        raise SpecError(f"want at least a run and a recording, got {audio!r} only. Try: platform predict SWEEP AUDIO")
    wanted = Wanted((Path(audio),), out, format_, sample)
    check_wanted(wanted)
    members = chosen(results, runs)
    from tuneful.bundle.ensemble import ensemble_of

    with preparation() as report:
        rows = predict_files(ensemble_of(members, device), wanted, lambda done, n: report("predicting", done, n))
    text = f"{out}: {rows} rows, the mean of {len(members)} runs." if len(members) > 1 else f"{out}: {rows} rows."
    say(text)
