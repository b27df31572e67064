"""A trial of one worker: a reused Tune trainable that advances its runs in its own process.

A mistake that the user can mend ends its trial; the process is as good as before, and takes the next one. After any
other error it may not be: once an assertion has failed on a GPU, every later call of CUDA in that process fails. Tune
lets a process go only when it raises, and then tries the trial once more in a new one, from its newest checkpoint.
What fails by chance or with its process is saved so. A bug in our own code fails twice, for the price of an epoch:
the two can't be told apart, since torch raises `RuntimeError` for both.

A process that has grown is not replaced: Tune (2.60) has no way to it but a failure of the next trial. It gives back
what it can after each trial.
"""

import contextlib
import math
import os
import traceback
from pathlib import Path
from typing import Any

from ray import tune

from analysis.errors import RecordsError, UserError
from analysis.records.sweep import SweepFolder
from trainers.errors import SpecError
from tuneful.sweep.recorder import FAILED
from tuneful.sweep.trials.course import Course, open_course
from tuneful.sweep.trials.lockstep import TrialEpoch
from tuneful.sweep.trials.output import TrialOutput


class OneWorkerTrial(tune.Trainable):  # type: ignore[misc]
    """Advances a trial's runs by one epoch per step; the process is reused for the next trial."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take a new trial; nothing is loaded before the first step."""
        self._config = config
        self._course: Course | None = None
        self._output: TrialOutput | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial into this process, which keeps torch and the store's memory maps."""
        self.cleanup()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """One more epoch of every run.

        Raises:
            BrokenTrialError: something unexpected happened; Tune then replaces this process.
        """
        try:
            if self._course is None:
                self._course = self._open()
            epoch = self._course.advance()
            self._told(epoch)
            return result_of(epoch, self._course.ends_with(epoch))
        except UserError as error:
            return failure(error)
        except Exception as error:
            raise BrokenTrialError(keep_traceback(self._config, error)) from None

    def cleanup(self) -> None:
        """Let go of the runs; what they reported is in the ledger."""
        if self._course is not None:
            self._course.close()
            self._course = None
            from trainers.training.memory import release  # torch is there: the runs were trained with it

            release()
        if self._output is not None:
            self._output.close()
            self._output = None

    def _told(self, epoch: TrialEpoch) -> None:
        if self._output is not None:
            self._output.epoch(epoch.epoch, epoch.score, epoch.metrics)

    def _open(self) -> Course:
        os.umask(self._config["umask"])
        self._output = self._output or TrialOutput(Path(self._config["folder"]), self._config["trial"])
        import torch

        from trainers.training.device import pick_device
        from trainers.training.session import LedgerSession

        resources = self._config["resources"]
        if torch.get_num_threads() != resources["cpus_per_worker"]:
            torch.set_num_threads(resources["cpus_per_worker"])
        device = pick_device("cuda" if resources["gpus_per_worker"] else "cpu")
        return open_course(
            self._config, lambda ledger, identity, resume: LedgerSession(ledger, identity, device, resume=resume)
        )


def result_of(epoch: TrialEpoch, done: bool) -> dict[str, Any]:
    """A trial's epoch as Tune's result; after one that is `done` Tune asks for no other."""
    return {
        "epoch": epoch.epoch,
        "score": epoch.score,
        "state": epoch.state,
        "values": epoch.values,
        "metrics": epoch.metrics,
        "error": None,
        "done": done,
    }


def failure(mistake: UserError | None) -> dict[str, Any]:
    """A trial that can't go on, as Tune's last result of it; None: what happened is in its traceback."""
    return {
        "epoch": 0,
        "score": math.nan,
        "state": FAILED,
        "metrics": {},
        "error": None if mistake is None else str(mistake),
        "by_settings": isinstance(mistake, SpecError),
        "done": True,
    }


class BrokenTrialError(Exception):
    """A trial failed unexpectedly. In words alone: the error itself may be of a class that Ray can't send."""


def keep_traceback(config: dict[str, Any], error: BaseException, whole: BaseException | None = None) -> str:
    """Keep what happened to a trial beside its record, if the disk takes it, and return it in a line.

    Args:
        config: of the trial.
        error: what happened.
        whole: the error that has the traceback, where `error` came from another process without one.
    """
    what = f"{type(error).__name__}: {error}".split("\n")[0]
    with contextlib.suppress(RecordsError):
        text = "".join(traceback.format_exception(whole or error))
        SweepFolder(Path(config["folder"])).write_traceback(config["trial"], f"{what}\n\n{text}")
    return what
