"""The runs of a trial, advancing together epoch by epoch. Knows nothing of Ray: the same in every kind of trial."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.objective import Objective
from analysis.records.ledger import RunLedger
from analysis.records.sweep import RunPlan
from trainers.errors import SpecError
from tuneful.sweep.ground import Ground
from tuneful.sweep.trials.memory import fit_within_memory

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
    values: tuple[float, ...] = ()
    """of all objectives where there are several, the first of them the score"""


class Lockstep:
    """The runs of one trial. `advance` brings each of them one epoch further."""

    def __init__(
        self,
        folder: Path,
        runs: tuple[RunPlan, ...],
        objective: Objective,
        open_session: OpenSession,
        further: tuple[Objective, ...] = (),
        ground: Ground | None = None,
    ) -> None:
        self._objectives = (objective, *further)
        self._iterators = [run_epochs(folder, run, open_session, ground) for run in runs]
        self._histories: list[list[dict[str, float]]] = [[] for _ in runs]
        self._reports: list[EpochReport | None] = [None] * len(runs)

    def advance(self) -> TrialEpoch:
        """Train (or read from the ledger) one more epoch of every run.

        A run that diverged ends the trial: the mean over the others would be of fewer runs. One that stopped early
        counts with its last epoch until the others have ended, too.
        """
        reports = [self._next(number) for number in range(len(self._iterators))]
        states = {report.state for report in reports}
        state = "diverged" if "diverged" in states else "finished" if states == {"finished"} else "running"
        values = tuple(math.nan if state == "diverged" else self._mean(objective) for objective in self._objectives)
        epoch = max(report.epoch for report in reports)
        return TrialEpoch(epoch, values[0], state, _means(reports), values if len(values) > 1 else ())

    def _mean(self, objective: Objective) -> float:
        """An objective's value so far: the mean over the runs. Of proxies there is none before the last epoch."""
        name = objective.metric
        scores = [objective.score([epoch[name] for epoch in run if name in epoch]) for run in self._histories]
        return sum(scores) / len(scores)

    def _next(self, number: int) -> "EpochReport":
        """A run's next epoch; the last one again when it has ended."""
        last = self._reports[number]
        if last is not None and last.state == "finished":
            return last
        report = next(self._iterators[number])
        self._histories[number].append(report.metrics)
        self._refuse_unreported(number, report.state)
        self._reports[number] = report
        return report

    def _refuse_unreported(self, number: int, state: str) -> None:
        for name in (objective.metric for objective in self._objectives):
            due = name.startswith("val/") or state == "finished"  # proxies are measured on the checkpoint that is kept
            if due and not any(name in epoch for epoch in self._histories[number]):
                # A group by a column's value, of which every fold has its own.
                raise SpecError(
                    f"objective.metric is {name}, which this run doesn't report: no validation clip is of it"
                )

    def close(self) -> None:
        """End the runs where they are; what they reported is in the ledger."""
        for iterator in self._iterators:
            iterator.close()


def run_epochs(
    folder: Path, run: RunPlan, open_session: OpenSession, ground: Ground | None = None
) -> Generator["EpochReport"]:
    """The epochs of one run: those on record that needn't run again, then new ones.

    Raises:
        DataError, DeviceError: what it would train on is not the `ground` that its key was made for.
    """
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
    session = open_session(ledger, identity, checkpoint)
    if ground is not None:
        ground.check(spec, data.digest, session.device)
    if (yield from fit_within_memory(spec, data, ledger.folder, session)):
        yield from fit_within_memory(
            spec, data, ledger.folder, open_session(ledger, identity, ledger.newest_checkpoint())
        )


def decided_scores(folder: Path, runs: Sequence[RunPlan], objective: Objective) -> list[tuple[int, float]]:
    """(epoch, score) of the epochs on record after which a trial went on; what followed its last one is not known."""
    records = [RunLedger(folder / "runs" / run.key).epochs() for run in runs]
    histories = [[record["metrics"].get(objective.metric, math.nan) for record in run] for run in records]
    going_on = [len(run) for run in records if not run or run[-1]["state"] == "running"]
    longest = max(map(len, records))
    scores = []
    for epoch in range(1, min([*going_on, longest - 1]) + 1):
        values = [objective.score(history[:epoch]) for history in histories]
        scores.append((epoch, sum(values) / len(values)))
    return scores


def _means(reports: list["EpochReport"]) -> dict[str, float]:
    """Of what all runs report: the groups of a column's values are those of each run's own validation clips."""
    names = [name for name in reports[0].metrics if all(name in report.metrics for report in reports)]
    return {name: sum(report.metrics[name] for report in reports) / len(reports) for name in names}


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
