"""A sweep from its file to its tables."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from analysis.records.sweep import SEARCH, SweepFolder, sweep_folder
from trainers.data.catalogue import Catalogue
from trainers.data.prepare import prepare_store
from trainers.data.splits.record import record_splits
from tuneful.checks.registry import on_record
from tuneful.checks.subject import Finding
from tuneful.checks.sweeps import specs_to_check
from tuneful.space.extremes import values
from tuneful.space.sampler_limits import drawn_blindly
from tuneful.space.sweep import Sweep
from tuneful.sweep.clusters.cluster import Cluster, local_cluster
from tuneful.sweep.clusters.patience import on_worker
from tuneful.sweep.clusters.ray_log import kept_ray_log
from tuneful.sweep.clusters.ray_where import session_folder, told_where
from tuneful.sweep.clusters.room import check_fit, slots
from tuneful.sweep.folder import adopted
from tuneful.sweep.gpu_questions import auto_precision, check_memory_of
from tuneful.sweep.ground import Ground, keep_ground
from tuneful.sweep.lock import locked, taken_over
from tuneful.sweep.outcome import Outcome, outcome_of, settle
from tuneful.sweep.plans import Planner, confirm_left, finalists
from tuneful.sweep.recorder import Listener
from tuneful.sweep.remaining import missing_trials, stalled_sweep
from tuneful.sweep.retrying import failed_trials, retry_failed
from tuneful.sweep.schedulers.spent import budget_spent
from tuneful.sweep.sweep_log import KeptConsole
from tuneful.sweep.timing import timed_on
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
    extending: bool = False
    """whether the sweep goes on with more trials, and may have wider ranges"""
    address: str | None = None
    """of a running cluster to join; None starts one on this machine"""
    retry_failed: bool = False
    """whether trials that failed run again"""


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
    with locked(folder.path), adopted(folder, sweep.resolved(), options.extending):
        options = dataclasses.replace(options, console=KeptConsole(options.console, folder.path))
        folder.write_command(options.command)
        folder.write_checks(on_record(options.findings, sweep.definition.allow))
        with mirrored(sweep.definition.tracking.wandb, folder, options.console) as mirror:
            try:
                exit_code = _run_stages(sweep, catalogue, folder, options, mirror)
            finally:
                if not taken_over(folder.path):  # the process that took the sweep over does it in its time
                    settle(folder, options.results)
    return outcome_of(sweep, folder, exit_code)


def sample_rates(sweep: Sweep) -> list[int]:
    """The sample rates (Hz) that trials of the sweep use: recordings are decoded once for each."""
    return sorted(set(values("data.sample_rate", sweep)))


def _run_stages(
    sweep: Sweep, catalogue: Catalogue, folder: SweepFolder, options: SweepOptions, mirror: Listener | None
) -> int:
    definition = sweep.definition
    if not _anything_left(sweep, folder, options):
        _tell_stall(sweep, folder, options.console)
        options.console.print("Everything of this sweep is on record already; nothing to run.")
        return 0
    if budget_spent(definition, folder):
        return 0
    with _cluster(options, folder, definition.resources.workers) as cluster, _ray_told(folder, cluster):
        resources, say = definition.resources.model_dump(), partial(_say, options.console)
        check_fit(resources, cluster.nodes)
        if not folder.trials(SEARCH) and (text := drawn_blindly(definition, slots(cluster.nodes, resources))):
            say(text)
        check_memory_of(sweep, say)
        _tell(cluster, options.console)
        # Only here: what these import takes seconds, and a refused sweep must not wait for it.
        from tuneful.sweep.stages import Stages

        precision = auto_precision(definition.resources.gpus_per_worker, say)
        timed = timed_on(definition, lambda ask, need: on_worker(ask, need, say)())
        keep_ground(folder, Ground(catalogue.digest, precision, timed), "auto" in values("training.precision", sweep))
        _reopen_failed(folder, options)  # only now: a start that is refused forgets no failure
        planner = Planner(sweep, catalogue.digest, precision)
        stages = Stages(sweep, folder, planner, cluster, options.console)
        if mirror is not None:
            stages.listen(mirror)
        with stages.interrupt.listening():
            if (missing := missing_trials(sweep, folder)) > 0:
                stages.search(missing)
            if not stages.interrupt.stopping:
                _tell_stall(sweep, folder, options.console)
                stages.confirm(finalists(folder, sweep.resolved()))
        return stages.interrupt.exit_code or 0


def _anything_left(sweep: Sweep, folder: SweepFolder, options: SweepOptions) -> bool:
    again = options.retry_failed and failed_trials(folder)
    return bool(again) or missing_trials(sweep, folder) > 0 or confirm_left(folder, sweep.resolved()) > 0


def _reopen_failed(folder: SweepFolder, options: SweepOptions) -> None:
    if options.retry_failed:
        options.console.print(f"Failed trials that run again: {retry_failed(folder)}", highlight=False)


def _cluster(options: SweepOptions, folder: SweepFolder, workers: int) -> contextlib.AbstractContextManager[Cluster]:
    if options.address is None:
        return local_cluster(options.dashboard)
    from tuneful.sweep.clusters.joining import joined_cluster

    return joined_cluster(options.address, folder.path.absolute(), head_works=workers > 1)


@contextlib.contextmanager
def _ray_told(folder: SweepFolder, cluster: Cluster) -> Iterator[None]:
    """Keep where Ray is while it runs, and what it says."""
    with told_where(folder.path, cluster), kept_ray_log(folder.path, session_folder(cluster) / "logs"):
        yield


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _tell_stall(sweep: Sweep, folder: SweepFolder, console: Console) -> None:
    if why := stalled_sweep(sweep, folder):
        console.print(f"{why} To search on: more trials or less gain under `stall`, or without it.", soft_wrap=True)


def _tell(cluster: Cluster, console: Console) -> None:
    if cluster.dashboard is not None:
        console.print(
            f"Ray dashboard: {cluster.dashboard}  (log in with the token in {cluster.token_file})", soft_wrap=True
        )
