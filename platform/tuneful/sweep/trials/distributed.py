"""A trial of several workers: a Tune trainable that owns a Ray Train run.

The documented way (`TorchTrainer.fit()` in a function trainable with `TuneReportCallback`) hangs, leaks or deadlocks in
Ray 2.60 when a scheduler stops a trial (docs/design.md, section 6). Here the trainable holds the handles of Train's
controller and placement group itself, and ends both when the trial ends. Two of the base classes are internal to Ray:
this is the only module that touches them.
"""

import contextlib
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray import tune
from ray.exceptions import RayActorError
from ray.train import WorkerGroupError
from ray.train.torch import TorchTrainer
from ray.train.v2._internal.execution.callback import ControllerCallback, WorkerGroupCallback
from ray.train.v2.api.callback import UserCallback
from ray.util.placement_group import remove_placement_group
from ray.util.queue import Empty, Queue

from analysis.errors import UserError
from tuneful.sweep.trials.course import open_course
from tuneful.sweep.trials.output import TrialOutput
from tuneful.sweep.trials.trial import failure, keep_traceback, result_of

POLL_S = 0.5
END = "end"


class _Reports(UserCallback):  # type: ignore[misc]
    """Sends what the first worker reports to the trial."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Any) -> None:
        """Runs in Train's controller, once all workers have reported."""
        del run_context, checkpoint
        self._queue.put(("report", metrics[0]))


class _Handles(ControllerCallback, WorkerGroupCallback):  # type: ignore[misc]
    """Sends the handles that the trial needs to end the run by itself."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def after_controller_start(self, *args: Any) -> None:
        """Runs in the controller's actor."""
        del args
        self._queue.put(("controller", ray.get_runtime_context().current_actor))

    def after_worker_group_start(self, worker_group: Any) -> None:
        """Runs when the workers' placement group is there."""
        state = worker_group.get_worker_group_state()
        self._queue.put(("placement_group", state.placement_group_handle.placement_group))


class DistributedTrial(tune.Trainable):  # type: ignore[misc]
    """Advances a trial's runs by one epoch per step, each run trained by several workers with DDP."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take a new trial; workers start at the first step."""
        self._config = config
        self._queue: Queue | None = None
        self._controller: Any = None
        self._placement_groups: list[Any] = []
        self._thread: threading.Thread | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial; the workers of the last one are gone."""
        self.cleanup()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Wait for one more epoch of every run."""
        if self._queue is None:
            self._start()
        while True:
            kind, value = self._next()
            if kind == "report":
                return dict(value)
            if kind == END:
                return self._failure(value or RuntimeError("the workers ended before their runs"))

    def _failure(self, error: BaseException) -> dict[str, Any]:
        """The end of the trial. Train has tried twice, and its workers are gone: this process is as good as before."""
        cause = first_cause(error)
        if isinstance(cause, UserError):
            return failure(cause)
        keep_traceback(self._config, cause, error)
        return failure(None)

    def cleanup(self) -> None:
        """End the Train run and give its resources back, whatever state it is in."""
        if self._queue is None:
            return
        self._drain()
        if self._controller is not None:
            ray.kill(self._controller)
        for group in self._placement_groups:
            remove_placement_group(group)
        if self._thread is not None:
            self._thread.join(10)
        self._queue.shutdown(force=True)
        self._queue = None

    def _start(self) -> None:
        self._queue = queue = Queue(actor_options={"num_cpus": 0})
        trainer = self._trainer(queue)

        def run() -> None:
            error: BaseException | None = None
            try:
                trainer.fit()
            except BaseException as caught:
                error = caught
            with contextlib.suppress(RayActorError):  # the trial was ended first: nobody waits
                queue.put((END, error if error is None or _sendable(error) else RuntimeError(str(error))))

        self._thread = threading.Thread(target=run, daemon=True, name="train")
        self._thread.start()

    def _trainer(self, queue: Queue) -> TorchTrainer:
        resources = self._config["resources"]
        gpus = resources["gpus_per_worker"]
        per_worker = {"CPU": resources["cpus_per_worker"], **({"GPU": gpus} if gpus else {})}
        return TorchTrainer(
            train_trial,
            train_loop_config=self._config,
            scaling_config=ray.train.ScalingConfig(
                num_workers=resources["workers"], use_gpu=bool(gpus), resources_per_worker=per_worker
            ),
            run_config=ray.train.RunConfig(
                # A name of its own: Train would otherwise load the checkpoint of the run that had it before.
                name=f"{self._config['trial']}-{uuid.uuid4().hex[:6]}",
                storage_path=self._config["train_storage"],
                failure_config=ray.train.FailureConfig(max_failures=1, controller_failure_limit=3),
                callbacks=[_Reports(queue), _Handles(queue)],
            ),
        )

    def _next(self) -> tuple[str, Any]:
        """The next message that isn't a handle."""
        while True:
            assert self._queue is not None
            try:
                kind, value = self._queue.get(timeout=POLL_S)
            except Empty:
                continue
            if not self._keep(kind, value):
                return kind, value

    def _keep(self, kind: str, value: Any) -> bool:
        if kind == "controller":
            self._controller = value
        elif kind == "placement_group":
            self._placement_groups.append(value)
        return kind in ("controller", "placement_group")

    def _drain(self) -> None:
        """Take the handles that are still on their way."""
        assert self._queue is not None
        for kind, value in self._queue.get_nowait_batch(self._queue.qsize()):
            self._keep(kind, value)


def train_trial(config: dict[str, Any]) -> None:
    """What each worker does: the same `fit` as in a trial of one worker, over all runs of the trial."""
    import torch
    from ray.train.torch import get_device

    from trainers.training.session import LedgerSession

    os.umask(config["umask"])
    context = ray.train.get_context()
    rank, world_size = context.get_world_rank(), context.get_world_size()
    torch.set_num_threads(config["resources"]["cpus_per_worker"])
    output = TrialOutput(Path(config["folder"]), config["trial"], rank)  # till the process ends: it is this trial's
    device = get_device()
    course = open_course(
        config,
        lambda ledger, identity, resume: LedgerSession(ledger, identity, device, rank, world_size, resume),
    )
    done = False
    while not done:
        epoch = course.advance()
        done = course.ends_with(epoch)
        output.epoch(epoch.epoch, epoch.score, epoch.metrics)
        ray.train.report(result_of(epoch, done))


def first_cause(error: BaseException) -> BaseException:
    """What the first worker failed of; a mistake of the user's comes before what the others say of its end."""
    failures: list[BaseException] = [*error.worker_failures.values()] if isinstance(error, WorkerGroupError) else []
    mistakes = [each for each in failures if isinstance(each, UserError)]
    return [*mistakes, *failures, error][0]


def _sendable(error: BaseException) -> bool:
    try:
        ray.cloudpickle.dumps(error)
    except Exception:
        return False
    return True
