"""A trial of one worker: a reused Tune trainable that advances its runs in its own process."""

import math
import os
import traceback
from pathlib import Path
from typing import Any

from ray import tune

from analysis.errors import UserError
from analysis.objective import Objective
from analysis.records.sweep import RunPlan
from tuneful.sweep.lockstep import Lockstep, TrialEpoch
from tuneful.sweep.recorder import FAILED


def payload(folder: Path, plan: Any, objective: Objective, resources: dict[str, Any]) -> dict[str, Any]:
    """What a trial's process needs, as Tune's configuration of the trial: paths and plain values, no data."""
    mask = os.umask(0)
    os.umask(mask)
    return {
        "trial": plan.name,
        "umask": mask,  # results are as open as the user's other files; Ray's processes start with a stricter one
        "folder": str(folder),
        "runs": [vars(run) for run in plan.runs],
        "objective": vars(objective),
        "resources": resources,
    }


class OneWorkerTrial(tune.Trainable):  # type: ignore[misc]
    """Advances a trial's runs by one epoch per step; the process is reused for the next trial."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take a new trial; nothing is loaded before the first step."""
        self._config = config
        self._lockstep: Lockstep | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial into this process, which keeps torch and the store's memory maps."""
        self.cleanup()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """One more epoch of every run. A failure is this trial's result: the sweep goes on."""
        try:
            if self._lockstep is None:
                self._lockstep = self._open()
            return result_of(self._lockstep.advance())
        except Exception as error:
            return failure(error)

    def cleanup(self) -> None:
        """Let go of the runs; what they reported is in the ledger."""
        if self._lockstep is not None:
            self._lockstep.close()
            self._lockstep = None

    def _open(self) -> Lockstep:
        import torch

        from trainers.training.device import pick_device
        from trainers.training.session import LedgerSession

        os.umask(self._config["umask"])
        resources = self._config["resources"]
        if torch.get_num_threads() != resources["cpus_per_worker"]:
            torch.set_num_threads(resources["cpus_per_worker"])
        device = pick_device("cuda" if resources["gpus_per_worker"] else "cpu")
        return Lockstep(
            Path(self._config["folder"]),
            runs_of(self._config),
            Objective(**self._config["objective"]),
            lambda ledger, identity, resume: LedgerSession(ledger, identity, device, resume=resume),
        )


def runs_of(config: dict[str, Any]) -> tuple[RunPlan, ...]:
    """The runs named in a trial's configuration."""
    return tuple(RunPlan(**run) for run in config["runs"])


def result_of(epoch: TrialEpoch) -> dict[str, Any]:
    """A trial's epoch as Tune's result."""
    return {
        "epoch": epoch.epoch,
        "score": epoch.score,
        "state": epoch.state,
        "metrics": epoch.metrics,
        "error": None,
        "done": epoch.state != "running",
    }


def failure(error: BaseException) -> dict[str, Any]:
    """A trial that can't go on, as Tune's last result of it."""
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    where = "" if isinstance(error, UserError) else traceback.format_exc()
    return {
        "epoch": 0,
        "score": math.nan,
        "state": FAILED,
        "metrics": {},
        "error": text,
        "traceback": where,
        "done": True,
    }
