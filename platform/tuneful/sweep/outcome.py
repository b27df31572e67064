"""How a sweep ended: what is compacted and tabulated then, and what is said."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder
from analysis.records.tables import collect, write_tables
from tuneful.space.sweep import Sweep
from tuneful.sweep.plans import confirm_left
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.remaining import missing_trials
from tuneful.sweep.retrying import failed_trials
from tuneful.sweep.schedulers.spent import budget_spent
from tuneful.sweep.searchers.reuse import count_reused


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
    reused: int = 0
    """runs that were taken from other sweeps"""
    blocked: str | None = None
    """why the same command would run nothing of what is unfinished"""
    failed: tuple[str, ...] = ()
    """names of the trials that failed"""


def outcome_of(sweep: Sweep, folder: SweepFolder, exit_code: int) -> Outcome:
    """How a sweep ended, from its records."""
    ends = [end for stage in (SEARCH, CONFIRM) for _, end in folder.trials(stage)]
    states = Counter(end.state for end in ends if end is not None)
    unfinished = missing_trials(sweep, folder) or max(0, confirm_left(folder, sweep.resolved()))
    code = exit_code or (1 if states["failed"] else 0)
    blocked = budget_spent(sweep.definition, folder) if unfinished else None
    failed = tuple(plan.name for plan in failed_trials(folder))
    return Outcome(folder, states, code, unfinished, count_reused(folder), blocked, failed)


def settle(folder: SweepFolder, results: Path) -> None:
    """Compact the runs of ended trials and write the tables, if there are any. Call it when no trial runs.

    Those of trials that failed stay as they are: `--retry-failed` goes on from their newest checkpoints.
    """
    if not folder.trials(SEARCH):
        return
    for stage in (SEARCH, CONFIRM):
        for plan, end in folder.trials(stage):
            if end is not None and end.state != FAILED:
                for run in plan.runs:
                    _compact(folder, run.key, end.state)
    write_tables(results, folder.name, collect(folder, "interrupted"), folder)


def _compact(folder: SweepFolder, key: str, state: str) -> None:
    ledger = folder.ledger(key)
    epochs = ledger.epochs()
    finished = ledger.finished
    if not epochs or (finished is not None and len(finished["epochs"]) == len(epochs)):
        return
    last = epochs[-1]
    ledger.finish("finished" if last["state"] == "finished" else state, last["kept_epoch"])
