"""The runs of a trial, advancing together epoch by epoch. Knows nothing of Ray: the same in every kind of trial."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.objective import Objective
from analysis.records.ledger import RunLedger
from analysis.records.sweep import RunPlan
from trainers.errors import SpecError

if TYPE_CHECKING:
    from trainers.training.session import EpochReport, Session

OpenSession = Callable[[RunLedger, dict[str, Any], tuple[int, Path] | None], "Session"]
"""(ledger, identity, checkpoint to go on from) -> this worker's session for one run."""


@dataclass(frozen=True)
class TrialEpoch:
    """What a trial reports after an epoch of all its runs."""

    epoch: int
    score: float
    """mean over the runs"""
    state: str
    """running, finished or diverged"""
    metrics: dict[str, float]
    """means over the runs"""


class Lockstep:
    """The runs of one trial. `advance` brings each of them one epoch further."""

    def __init__(
        self, folder: Path, runs: tuple[RunPlan, ...], objective: Objective, open_session: OpenSession
    ) -> None:
        self._objective = objective
        self._iterators = [run_epochs(folder, run, open_session) for run in runs]
        self._histories: list[list[float]] = [[] for _ in runs]
        self._reports: list[EpochReport | None] = [None] * len(runs)

    def advance(self) -> TrialEpoch:
        """Train (or read from the ledger) one more epoch of every run.

        A run that diverged ends the trial: the mean over the others would be of fewer runs. One that stopped early
        counts with its last epoch until the others have ended, too.
        """
        reports = [self._next(number) for number in range(len(self._iterators))]
        states = {report.state for report in reports}
        state = "diverged" if "diverged" in states else "finished" if states == {"finished"} else "running"
        scores = [self._objective.score(history) for history in self._histories]
        score = math.nan if state == "diverged" else sum(scores) / len(scores)
        return TrialEpoch(max(report.epoch for report in reports), score, state, _means(reports))

    def _next(self, number: int) -> "EpochReport":
        """A run's next epoch; the last one again when it has ended."""
        last = self._reports[number]
        if last is not None and last.state == "finished":
            return last
        report = next(self._iterators[number])
        metric = self._objective.metric
        if metric not in report.metrics:  # a group by a column's value, of which every fold has its own
            raise SpecError(f"objective.metric is {metric}, which this run doesn't report: no validation clip is of it")
        self._histories[number].append(report.metrics[metric])
        self._reports[number] = report
        return report

    def close(self) -> None:
        """End the runs where they are; what they reported is in the ledger."""
        for iterator in self._iterators:
            iterator.close()


def run_epochs(folder: Path, run: RunPlan, open_session: OpenSession) -> Generator["EpochReport"]:
    """The epochs of one run: those on record that needn't run again, then new ones."""
    from trainers.spec import RunSpec
    from trainers.training.session import EpochReport

    ledger = RunLedger(folder / "runs" / run.key)
    recorded = [EpochReport.from_record(record) for record in ledger.epochs()]
    if recorded and recorded[-1].state != "running":
        yield from recorded
        return
    checkpoint = ledger.newest_checkpoint()
    yield from recorded[: checkpoint[0] if checkpoint else 0]
    from trainers.data.dataset import load_run_data
    from trainers.fit import fit

    spec = RunSpec.model_validate_json(_json(run.spec))
    data = load_run_data(spec)
    identity = {
        "key": run.key,
        "spec": run.spec,
        "fold": run.fold,
        "seed": run.seed,
        "split": run.split,
        "split_digest": data.split_digest,
    }
    yield from fit(spec, data, open_session(ledger, identity, checkpoint))


def _means(reports: list["EpochReport"]) -> dict[str, float]:
    """Of what all runs report: the groups of a column's values are those of each run's own validation clips."""
    names = [name for name in reports[0].metrics if all(name in report.metrics for report in reports)]
    return {name: sum(report.metrics[name] for report in reports) / len(reports) for name in names}


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
