"""One run without Ray, into the same ledger as a sweep's."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from analysis.errors import RecordsError
from analysis.objective import Objective
from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from trainers.data.catalogue import Catalogue
from trainers.data.prepare import Report, open_catalogue, prepare_store
from trainers.data.splits.record import record_split
from trainers.spec import RunSpec
from tuneful.checks.registry import on_record, refuse_errors, run_checks
from tuneful.checks.subject import Finding
from tuneful.sweep.lock import locked, taken_over
from tuneful.sweep.outcome import settle
from tuneful.sweep.trials.lockstep import Lockstep, TrialEpoch

OBJECTIVE = Objective("val/macro_auc", "max", "last")


@dataclass(frozen=True)
class TrainOptions:
    """How a run is run and shown."""

    results: Path
    name: str
    recipe: str
    settings: Mapping[str, Any]
    """what was set on the command line, to tell the runs of one name apart"""
    command: str
    """what was typed, to be repeated"""
    device: str
    going_on: Callable[[int], None]
    """hears how many epochs are on record already"""
    show: Callable[[TrialEpoch], None]
    """hears of every new epoch"""
    findings: Sequence[Finding] = ()
    """of the preflight checks, to be kept with the results"""
    allow: Sequence[str] = ()
    """codes of checks whose errors were consented to"""


@dataclass(frozen=True)
class Trained:
    """A run that has ended."""

    key: str
    folder: SweepFolder
    end: TrialEnd
    new: bool
    """False: it had ended before, nothing was trained"""


def prepare_run(
    spec: RunSpec, report: Report, warn: Callable[[str], None], allow: Sequence[str] = ()
) -> tuple[Catalogue, list[Finding]]:
    """Everything that can be refused before anything is written to the results.

    Args:
        spec: the run.
        report: hears of preparation.
        warn: hears what the preflight checks find that stops nothing.
        allow: codes of checks whose errors stop nothing either.

    Returns:
        The catalogue of the run, and what the checks found.

    Raises:
        DataError, CheckError: what is wrong with the data.
    """
    catalogue = open_catalogue(spec.data.name, report)
    findings = run_checks([spec], catalogue)
    for finding in findings:
        if finding.severity == "warning" or finding.code in allow:
            warn(str(finding))
    refuse_errors(findings, allow)
    record_split(catalogue, spec.data)
    prepare_store(catalogue, spec.data.sample_rate, report)
    return catalogue, findings


def train_run(spec: RunSpec, catalogue: Catalogue, options: TrainOptions) -> Trained:
    """Train one run, or go on with it, and put it on record as a sweep of single trials.

    Raises:
        DeviceError, RecordsError: before anything is trained.
    """
    from trainers.training.device import pick_device, resolve_precision
    from trainers.training.session import LedgerSession

    device = pick_device(options.device)
    key = spec.key(catalogue.digest, 1, resolve_precision(spec.training.precision, device))
    run = RunPlan(key, spec.resolved(), spec.data.fold, spec.seed, 0, spec.data.split.scheme)
    folder = sweep_folder(options.results, options.name)
    with locked(folder.path), _sigterm_unwinds():
        plan, end = _trial(folder, run, options)
        _keep_findings(folder, key, options)
        if end is not None:
            return Trained(key, folder, end, new=False)
        try:
            lockstep = Lockstep(
                folder.path,
                (run,),
                OBJECTIVE,
                lambda ledger, identity, resume: LedgerSession(ledger, identity, device, resume=resume),
            )
            end = _advance(lockstep, len(folder.ledger(key).epochs()), options)
            folder.end(plan, end)
        finally:
            if not taken_over(folder.path):  # the process that took it over does it in its time
                settle(folder, options.results)
    return Trained(key, folder, end, new=True)


def _trial(folder: SweepFolder, run: RunPlan, options: TrainOptions) -> tuple[TrialPlan, TrialEnd | None]:
    """The trial that stands for the run: the one on record, or a new one."""
    if (folder.definition() or {}).get("search"):
        raise RecordsError(f"{folder.path} holds a sweep. Try: another --name")
    trials = folder.trials(SEARCH)
    for plan, end in trials:
        if plan.runs[0].key == run.key:
            return plan, end
    plan = TrialPlan(SEARCH, folder.next_number(SEARCH), {}, dict(options.settings), (run,))
    folder.write_definition(
        {
            "name": folder.name,
            "recipe": options.recipe,
            "objective": vars(OBJECTIVE),
            "trials": len(trials) + 1,
            "folds": sorted({run.fold, *(plan.runs[0].fold for plan, _ in trials)}),
            "search": {},
        }
    )
    folder.write_command(options.command)
    folder.ask(plan)
    return plan, None


def _keep_findings(folder: SweepFolder, key: str, options: TrainOptions) -> None:
    """Beside those of the other runs of this name."""
    others = [finding for finding in folder.checks() if finding.run != key]
    folder.write_checks([*others, *on_record(options.findings, options.allow, key)])


def _advance(lockstep: Lockstep, on_record: int, options: TrainOptions) -> TrialEnd:
    scores: list[tuple[int, float]] = []
    state = "running"
    if on_record:
        options.going_on(on_record)
    while state == "running":
        epoch = lockstep.advance()
        scores.append((epoch.epoch, epoch.score))
        state = epoch.state
        if epoch.epoch > on_record:
            options.show(epoch)
    return TrialEnd("complete" if state == "finished" else state, tuple(scores))


@contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """SIGTERM ends the process as Ctrl-C does: locks are given back, tables written."""

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    old = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)
