"""fit: one training run, start to end."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from analysis.metrics.names import INFERENCE_COST, direction
from analysis.records.predictions import Predictions, write_predictions
from trainers.data.dataset import RunData, windows_of
from trainers.errors import SpecError
from trainers.losses.functions import activation
from trainers.spec import RunSpec
from trainers.training import allocator
from trainers.training.checkpoint_files import PREDICTIONS
from trainers.training.evaluate import Evaluator, as_predictions, predict
from trainers.training.kept import of_kept
from trainers.training.learner import Learner
from trainers.training.session import EpochReport, Session, better
from trainers.training.stopping import EarlyStopping


def fit(spec: RunSpec, data: RunData, session: Session, micro_batches: int = 1) -> Iterator[EpochReport]:
    """Train one run and yield every epoch once the session has it.

    A run is deterministic for its key, and one that goes on from a checkpoint ends with the same numbers as one that
    was never stopped. Runs of one process can advance side by side: between epochs no global state is held.

    Args:
        spec: what to train.
        data: of `load_run_data(spec)`.
        session: this worker; with more than one the process group must be set up.
        micro_batches: parts in which a worker computes each batch, for a GPU whose memory is too little for it; order,
            steps and learning rates stay, but batch normalisation, mixing and what is drawn see the parts.

    Raises:
        SpecError: the spec and the data or the number of workers don't go together.
        CheckpointError: the checkpoint to go on from is of another model.
        NoMemoryError: the device's memory is too little to evaluate one window.
        torch.OutOfMemoryError: it is too little for a step.
    """
    if spec.training.batch_size % session.world_size:
        raise SpecError(
            f"training.batch_size must be a multiple of resources.workers ({session.world_size}), "
            f"got {spec.training.batch_size}"
        )
    if session.device.type == "cpu":
        allocator.keep_freed_memory()
    run = _Run(spec, data, session, micro_batches)
    first = run.resume() + 1
    if run.stopping.reached:  # the checkpoint is that of the epoch that ended the run
        return
    for epoch in range(first, spec.training.epochs + 1):
        report = run.epoch(epoch)
        yield report
        if report.state != "running":
            return


class _Run:
    """A run in training: the learner, what it is measured by, and the best epoch so far."""

    def __init__(self, spec: RunSpec, data: RunData, session: Session, micro_batches: int) -> None:
        self.spec, self.session = spec, session
        self.learner = Learner(spec, data, session, micro_batches)
        self.data = self.learner.data
        self.evaluator = Evaluator(spec, self.data, self.learner.loss)
        self.direction = direction(spec.training.monitor)
        training = spec.training
        self.stopping = EarlyStopping(
            training.early_stopping_patience, training.early_stopping_min_delta, self.direction
        )
        self.best: tuple[float, int | None] = (math.nan, None)
        self._refuse_unmeasured_group()

    def resume(self) -> int:
        """Load the session's checkpoint; returns the epoch it was made after, 0 without one."""
        folder = self.session.latest_checkpoint()
        if folder is None:
            return 0
        state = self.learner.load(folder)
        self.best = (state["best_value"], state["best_epoch"])
        self.stopping.load(state["stopping"])
        return int(state["epoch"])

    def _refuse_unmeasured_group(self) -> None:
        """Which values a column has in validation, only the data say."""
        monitor = self.spec.training.monitor
        if "=" in monitor and monitor not in (measured := self.evaluator.no_metrics()):
            metric, _, group = monitor.partition("@")
            same = [name.rpartition("=")[2] for name in measured if name.startswith(f"{metric}@{group.split('=')[0]}=")]
            raise SpecError(f"training.monitor is {monitor}, but the values in validation are {', '.join(same)}")

    def epoch(self, epoch: int) -> EpochReport:
        """Train, evaluate and report one epoch."""
        started = time.perf_counter()
        loss = self.learner.train_epoch(epoch)
        seconds = time.perf_counter() - started
        clips = self.learner.batches * self.spec.training.batch_size
        metrics = {"train/loss": loss, "seconds": seconds, "clips_per_second": clips / seconds}
        logits, cost = self._timed_logits() if math.isfinite(loss) else (np.full(1, math.nan), math.nan)
        diverged = not np.isfinite(logits).all()  # the last step can spoil weights whose loss was finite
        metrics |= self.evaluator.no_metrics() if diverged else self.evaluator.metrics(logits, self._train_logits())
        metrics |= {"eval_seconds": time.perf_counter() - started - seconds, INFERENCE_COST: cost}
        if diverged:
            return self._report(epoch, "diverged", metrics, None)
        state = self._judge(epoch, metrics[self.spec.training.monitor])
        parts = [as_predictions("val", self.spec, self.data.val, logits, labelled=True)]
        if self._may_stay(epoch, state):
            more = of_kept(self.learner, self.evaluator, logits)
            parts, metrics = [*parts, *more.parts], metrics | more.metrics
        return self._report(epoch, state, metrics, parts)

    def _judge(self, epoch: int, value: float) -> str:
        """Take the epoch's value of `training.monitor`; whether the run goes on."""
        if better(value, self.best[0], self.direction):
            self.best = (value, epoch)
        self.learner.observe(value)
        stop = self.stopping.update(value)
        return "finished" if stop or epoch == self.spec.training.epochs else "running"

    def _predict(self, clips: Any) -> np.ndarray:
        return predict(self.learner.evaluated, self.spec, clips, self.session)

    def _timed_logits(self) -> tuple[np.ndarray, float]:
        """Logits of the validation windows, and the device's seconds for a minute of audio, reading it included."""
        minutes = len(windows_of(self.spec, self.data.val)) * self.spec.segments.duration_s / 60
        started = time.perf_counter()
        logits = self._predict(self.data.val)
        seconds = (time.perf_counter() - started) * self.session.world_size
        return logits, seconds / minutes if minutes else math.nan

    def _train_logits(self) -> np.ndarray | None:
        return self._predict(self.data.train) if self.spec.evaluation.tune_thresholds else None

    def _may_stay(self, epoch: int, state: str) -> bool:
        """Whether the epoch's checkpoint may be the one that is kept in the end."""
        return self._kept(epoch, state) == epoch and (self.spec.training.keep == "best" or state == "finished")

    def _report(
        self, epoch: int, state: str, metrics: dict[str, float], parts: list[Predictions] | None
    ) -> EpochReport:
        report = EpochReport(epoch, state, metrics, self.data.protocol, self._kept(epoch, state))

        def save(folder: Path) -> None:
            rest = {
                "epoch": epoch,
                "best_value": self.best[0],
                "best_epoch": self.best[1],
                "stopping": self.stopping.state(),
            }
            self.learner.save(folder, rest)
            write_predictions(folder / PREDICTIONS, parts or [], self.data.classes, activation(self.spec.loss.name))

        self.session.report(report, save if parts is not None else None)
        return report

    def _kept(self, epoch: int, state: str) -> int | None:
        """The best epoch or the last with a checkpoint; the last, too, while no epoch's score is a number."""
        last = epoch - 1 if state == "diverged" else epoch
        best = self.best[1] if self.spec.training.keep == "best" else None
        return best or last or None
