"""`platform promote`: one run trained on, with more epochs and workers."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, named_runs, say, typed
from tuneful.cli.sweep_options import Allow, CpusPerWorker, GpusPerWorker, RetryFailed, Workers, resources

if TYPE_CHECKING:
    from tuneful.finished import FinishedRun


def promote(
    run: Annotated[str, typer.Argument(help="SWEEP (its best trial), SWEEP:TRIAL or SWEEP:KEY; a single run.")],
    epochs: Annotated[int, typer.Option(min=1, help="Further epochs.")],
    workers: Workers = 1,
    cpus_per_worker: CpusPerWorker = 1,
    gpus_per_worker: GpusPerWorker = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="path=value that changes, such as optimizer.lr; repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name in the results; default: promoted-<sweep>-<trial>.")] = None,
    allow: Allow = None,
    retry_failed: RetryFailed = False,
    results: Results = DEFAULT_RESULTS,
    dashboard: Annotated[bool, typer.Option(help="Ray's dashboard, on loopback, with a token.")] = True,
    address: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Join a running Ray cluster.")] = None,
) -> None:
    """Train a finished run on from its checkpoint. The same command again goes on where it was stopped."""
    from tuneful.cli.sweep import RunHow, run_asked
    from tuneful.promote import promotion
    from tuneful.space.options import SweepOptions
    from tuneful.space.sweep import load_sweep

    parent = _single(named_runs(results, [run]))
    file = promotion(parent, epochs, resources(workers, cpus_per_worker, gpus_per_worker))
    name = name or f"promoted-{parent.folder.name}-{parent.trial.name}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "promotion.yaml"
        path.write_text(json.dumps(file))  # JSON is YAML
        asked = load_sweep(path, SweepOptions(sets=tuple(set_ or ()), name=name, allow=tuple(allow or ())))
    say(f"{name}: {epochs} epochs more of {parent.where}")
    run_asked(asked, results, RunHow(typed(), dashboard, address=address, retry_failed=retry_failed))


def _single(runs: "list[FinishedRun]") -> "FinishedRun":
    from trainers.errors import SpecError

    if len(runs) > 1:
        listed = ", ".join(f"{run.key} (fold {run.spec.data.fold}, seed {run.spec.seed})" for run in runs)
        raise SpecError(
            f"the trial has {len(runs)} runs, each with a checkpoint of its own: {listed}. "
            f"Try: {runs[0].folder.name}:{runs[0].key}"
        )
    return runs[0]
