"""One run without Ray, into the same ledger as a sweep's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from trainers.data.prepare import open_catalogue, prepare_store
from trainers.spec import RunSpec
from tuneful.checks.registry import refuse_errors, run_checks
from tuneful.sweep.driver import settle
from tuneful.sweep.lock import locked
from tuneful.sweep.lockstep import Lockstep, TrialEpoch
from tuneful.sweep.objective import Objective

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainOptions:
    """How a run is run."""

    results: Path
    name: str | None
    recipe: str
    device: str
    console: Console
    report: Report


def train_run(spec: RunSpec, options: TrainOptions) -> TrialEnd:
    """Train one run, or go on with it, and put it on record as a sweep of single trials.

    Raises:
        DataError, DeviceError, CheckError: before anything is written to the results.
    """
    catalogue = open_catalogue(spec.data.name, options.report)
    refuse_errors(run_checks([spec], catalogue), ())
    prepare_store(catalogue, spec.data.sample_rate, options.report)

    from trainers.training.device import pick_device, resolve_precision
    from trainers.training.session import LedgerSession

    device = pick_device(options.device)
    key = spec.key(catalogue.digest, 1, resolve_precision(spec.training.precision, device))
    run = RunPlan(key, spec.resolved(), spec.data.fold, spec.seed, 0, spec.data.split.scheme)
    folder = sweep_folder(options.results, options.name or f"train-{Path(options.recipe).stem}")
    objective = Objective("val/macro_auc", "max", "last")
    with locked(folder.path):
        plan = _plan(folder, run, options.recipe, objective)
        lockstep = Lockstep(
            folder.path,
            (run,),
            objective,
            lambda ledger, identity, resume: LedgerSession(ledger, identity, device, resume=resume),
        )
        try:
            end = _advance(lockstep, spec.training.epochs, options)
            folder.end(plan, end)
        finally:
            settle(folder, options.results)
    options.console.print(f"{end.state}: run {key} in {folder.path}", highlight=False, soft_wrap=True)
    return end


def _plan(folder: SweepFolder, run: RunPlan, recipe: str, objective: Objective) -> TrialPlan:
    """The trial that stands for the run: the one on record, or a new one."""
    trials = folder.trials(SEARCH)
    for plan, _ in trials:
        if plan.runs[0].key == run.key:
            return plan
    plan = TrialPlan(SEARCH, len(trials), {}, {}, (run,))
    folder.write_definition(
        {
            "name": folder.name,
            "recipe": recipe,
            "objective": vars(objective),
            "trials": len(trials) + 1,
            "folds": [run.fold],
            "search": {},
        }
    )
    folder.ask(plan)
    return plan


def _advance(lockstep: Lockstep, epochs: int, options: TrainOptions) -> TrialEnd:
    scores: list[tuple[int, float]] = []
    state = "running"
    while state == "running":
        epoch = lockstep.advance()
        scores.append((epoch.epoch, epoch.score))
        state = epoch.state
        options.report("training", epoch.epoch, epochs)
        options.console.print(_line(epoch, epochs), highlight=False, soft_wrap=True)
    return TrialEnd("complete" if state == "finished" else state, tuple(scores))


def _line(epoch: TrialEpoch, epochs: int) -> str:
    shown = ("train/loss", "val/loss", "val/macro_auc", "val/macro_f1", "val/map")
    metrics = "  ".join(f"{name} {epoch.metrics[name]:.4f}" for name in shown)
    return f"epoch {epoch.epoch}/{epochs}  {metrics}  {epoch.metrics['clips_per_second']:.0f} clips/s"
