"""A sweep from its file to its tables."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan, sweep_folder
from analysis.records.tables import collect, write_tables
from trainers.data.catalogue import Catalogue
from trainers.data.prepare import prepare_store
from trainers.data.splits.record import record_splits
from trainers.errors import SpecError
from tuneful.checks.registry import on_record
from tuneful.checks.subject import Finding
from tuneful.checks.sweeps import specs_to_check
from tuneful.space.ranges import ChoiceEntry
from tuneful.space.sweep import Sweep
from tuneful.sweep.cluster import Cluster, check_fit, local_cluster
from tuneful.sweep.folder import adopt
from tuneful.sweep.lock import locked
from tuneful.sweep.plans import Planner, best_trials, confirm_left
from tuneful.sweep.recorder import Listener
from tuneful.tracking.session import mirrored


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is run; what is run is the sweep's own affair."""

    results: Path
    console: Console
    command: str
    """what was typed, to be repeated"""
    dashboard: bool = True
    report: Callable[[str, int, int], None] | None = None
    """hears of preparation: (what, done, in all)"""
    findings: Sequence[Finding] = ()
    """of the preflight checks, to be kept with the results"""


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended."""

    folder: SweepFolder
    states: Counter[str]
    """trials of both stages by state"""
    exit_code: int
    """0, 1 when trials failed, 130 or 143 when a signal stopped it"""
    unfinished: int
    """trials and confirm runs that the same command would still run"""


def run_sweep(sweep: Sweep, catalogue: Catalogue, options: SweepOptions) -> Outcome:
    """Run a checked sweep, or go on with it where it was left.

    Nothing that is on record runs again: finished trials fill Optuna's study and the scheduler's rungs, interrupted
    ones go on from their newest whole checkpoint.

    Raises:
        DataError: recordings that can't be decoded; nothing has been written then.
        RecordsError: the results can't be written, another process holds the sweep, or its folder holds another one.
    """
    for rate in sample_rates(sweep):
        prepare_store(catalogue, rate, options.report)
    record_splits(catalogue, (spec.data for spec in specs_to_check(sweep)))
    folder = sweep_folder(options.results, sweep.name)
    with locked(folder.path):
        adopt(folder, sweep.resolved())
        folder.write_command(options.command)
        folder.write_checks(on_record(options.findings, sweep.definition.allow))
        with mirrored(sweep.definition.tracking.wandb, folder, options.console) as mirror:
            try:
                exit_code = _run_stages(sweep, catalogue, folder, options, mirror)
            finally:
                settle(folder, options.results)
    return _outcome(sweep, folder, exit_code)


def sample_rates(sweep: Sweep) -> list[int]:
    """The sample rates (Hz) that trials of the sweep use: recordings are decoded once for each.

    Raises:
        SpecError: the rate is searched in a range.
    """
    searched = sweep.space.parameters.get("data.sample_rate")
    rates = set() if searched else {sweep.spec_for({}).data.sample_rate}
    for entry in searched.entries if searched else ():
        if not isinstance(entry, ChoiceEntry):
            raise SpecError("data.sample_rate is searched in a range. Try: {choice: [16000, 32000]}")
        rates.update(entry.choice)
    return sorted(rates)


def settle(folder: SweepFolder, results: Path) -> None:
    """Compact the runs of ended trials and write the tables. Call it when no trial runs."""
    for stage in (SEARCH, CONFIRM):
        for plan, end in folder.trials(stage):
            if end is not None:
                for run in plan.runs:
                    _compact(folder, run.key, end.state)
    write_tables(results, folder.name, collect(folder, "interrupted"), folder)


def _run_stages(
    sweep: Sweep, catalogue: Catalogue, folder: SweepFolder, options: SweepOptions, mirror: Listener | None
) -> int:
    definition = sweep.definition
    searched = folder.trials(SEARCH)
    missing = definition.trials - sum(end is not None for _, end in searched)
    if missing <= 0 and confirm_left(folder, sweep.resolved()) <= 0:
        options.console.print("Everything of this sweep is on record already; nothing to run.")
        return 0
    with local_cluster(options.dashboard) as cluster:
        check_fit(definition.resources.model_dump(), cluster.cpus, cluster.gpus)
        _tell(cluster, options.console)
        # Only here: what these import takes seconds, and a refused sweep must not wait for it.
        from tuneful.sweep.stages import Stages

        precision = _precision(definition.resources.gpus_per_worker)
        planner = Planner(sweep, catalogue.digest, precision)
        stages = Stages(sweep, folder, planner, cluster, options.console)
        if mirror is not None:
            stages.listen(mirror)
        with stages.interrupt.listening():
            if missing > 0:
                stages.search(missing)
            if not stages.interrupt.stopping:
                stages.confirm(_candidates(sweep, folder))
        return stages.interrupt.exit_code or 0


def _precision(gpus: float) -> str:
    """What precision `auto` is on a worker, asked of one."""
    if not gpus:
        return "fp32"
    import ray

    @ray.remote(num_cpus=0, num_gpus=gpus)  # type: ignore[untyped-decorator]
    def ask() -> str:
        from trainers.training.device import pick_device, resolve_precision

        return resolve_precision("auto", pick_device("cuda"))

    return str(ray.get(ask.remote()))


def _candidates(sweep: Sweep, folder: SweepFolder) -> list[TrialPlan]:
    confirm = sweep.definition.confirm
    objective = Objective.of(sweep.resolved())
    return best_trials(folder.trials(SEARCH), objective, confirm.top) if confirm else []


def _compact(folder: SweepFolder, key: str, state: str) -> None:
    ledger = folder.ledger(key)
    epochs = ledger.epochs()
    finished = ledger.finished
    if not epochs or (finished is not None and len(finished["epochs"]) == len(epochs)):
        return
    last = epochs[-1]
    ledger.finish("finished" if last["state"] == "finished" else state, last["kept_epoch"])


def _outcome(sweep: Sweep, folder: SweepFolder, exit_code: int) -> Outcome:
    ends = [end for stage in (SEARCH, CONFIRM) for _, end in folder.trials(stage)]
    states = Counter(end.state for end in ends if end is not None)
    searched = sum(end is not None for _, end in folder.trials(SEARCH))
    unfinished = max(0, sweep.definition.trials - searched) or max(0, confirm_left(folder, sweep.resolved()))
    return Outcome(folder, states, exit_code or (1 if states["failed"] else 0), unfinished)


def _tell(cluster: Cluster, console: Console) -> None:
    if cluster.dashboard is not None:
        console.print(
            f"Ray dashboard: {cluster.dashboard}  (log in with the token in {cluster.token_file})", soft_wrap=True
        )
