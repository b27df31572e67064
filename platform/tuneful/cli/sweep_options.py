"""Options that lay something over a sweep file, which several commands share."""

from typing import Annotated

import typer

Data = Annotated[str | None, typer.Option(help="Catalogue to run on, in place of the recipe's.")]
Recipe = Annotated[str | None, typer.Option(help="Recipe to start from, in place of the file's.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="path=value for every trial; repeatable.")]
Trials = Annotated[int | None, typer.Option(help="How many trials, in place of the file's number.")]
Allow = Annotated[
    list[str] | None, typer.Option(help="Code of a check whose error is no mistake here, such as TF004; repeatable.")
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Run the trials that failed again.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes that train one run together.")]
CpusPerWorker = Annotated[int | None, typer.Option(min=1, help="CPU cores of each.")]
GpusPerWorker = Annotated[float | None, typer.Option(min=0, help="GPUs of each; 0.5 shares one between two.")]
MaxConcurrentTrials = Annotated[int | None, typer.Option(min=1, help="Trials at once at most; else all that fit.")]


def resources(
    workers: int | None,
    cpus_per_worker: int | None,
    gpus_per_worker: float | None,
    max_concurrent_trials: int | None = None,
) -> dict[str, float]:
    """What was said of `resources`; the file has the rest."""
    said = {
        "workers": workers,
        "cpus_per_worker": cpus_per_worker,
        "gpus_per_worker": gpus_per_worker,
        "max_concurrent_trials": max_concurrent_trials,
    }
    return {name: amount for name, amount in said.items() if amount is not None}
