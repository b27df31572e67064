"""The process that writes Weights & Biases' runs: it hears of trials on its standard input, a JSON line each.

It is a process of its own so that nothing of wandb, which may wait, print or die, is in the sweep's process. What it
misses is not lost: the ledger has it, and `platform wandb-sync` writes it later.
"""

import json
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tuneful.tracking.state import MirrorState, read_state, write_state

TABLES = "tables"


class Mirror:
    """One run of Weights & Biases per trial, all of a sweep in one group."""

    def __init__(self, folder: Path, spec: dict[str, Any], mode: str) -> None:
        self._folder, self._spec, self._mode = folder, spec, mode
        self._state: MirrorState = read_state(folder)
        self._runs: dict[str, Any] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Do what one message says; unknown trials are those that are mirrored whole already."""
        kind, trial = message["kind"], message.get("trial", "")
        if kind == "started":
            self._start(trial, message["stage"], message["config"])
        elif kind == "scores":
            self._scores(trial, message["values"])
        elif kind == "tables":
            self._tables(message["tables"])
        elif kind == "epoch" and trial in self._runs:
            self._epoch(trial, message["epoch"], message["values"])
        elif kind == "ended" and trial in self._runs:
            self._ended(trial, message)

    def close(self) -> None:
        """End what is still open, as interrupted."""
        for trial in list(self._runs):
            self._finish(trial, 1)

    def _start(self, trial: str, stage: str, config: dict[str, Any]) -> None:
        if trial in self._runs or trial in self._state.ended:
            return
        self._runs[trial] = self._init(trial, job_type=stage, config=config)

    def _epoch(self, trial: str, epoch: int, values: dict[str, float]) -> None:
        if epoch <= self._state.epochs.get(trial, 0):  # a trial that goes on reports its first epochs once more
            return
        self._runs[trial].log({"epoch": epoch, **values}, step=epoch)
        self._state.epochs[trial] = epoch

    def _ended(self, trial: str, message: dict[str, Any]) -> None:
        run = self._runs[trial]
        run.summary.update({key: message[key] for key in ("state", "score", "error") if _worth(message[key])})
        for name, folder in message["checkpoints"].items():
            self._keep(run, name, folder)
        self._state.ended.add(trial)
        self._finish(trial, 0 if message["state"] in ("complete", "pruned") else 1)

    def _scores(self, trial: str, values: dict[str, float]) -> None:
        """Leaderboard scores, which come after the run: it is opened again for them."""
        if self._state.scores.get(trial) == values:
            return
        self._runs.setdefault(trial, self._init(trial, job_type=None, config=None)).summary.update(values)
        self._state.scores[trial] = values
        self._finish(trial, 0)

    def _tables(self, tables: dict[str, dict[str, Any]]) -> None:
        import wandb

        run = self._init(TABLES, job_type="sweep", config={})
        run.log({name: wandb.Table(columns=body["columns"], data=body["rows"]) for name, body in tables.items()})
        run.finish()

    def _init(self, trial: str, job_type: str | None, config: dict[str, Any] | None) -> Any:
        import wandb

        return wandb.init(
            project=self._spec["project"],
            entity=self._spec["entity"],
            id=self._state.run_id(trial),
            name=f"{self._folder.name}/{trial}",
            group=self._folder.name,
            job_type=job_type,
            config=config,
            dir=str(self._folder),
            resume="allow",
            reinit="create_new",  # several trials run at once
            settings=quiet_settings(self._mode),
        )

    def _keep(self, run: Any, name: str, folder: str) -> None:
        import wandb

        artifact = wandb.Artifact(name, type="model")
        artifact.add_dir(folder)
        run.log_artifact(artifact)

    def _finish(self, trial: str, exit_code: int) -> None:
        self._runs.pop(trial).finish(exit_code=exit_code)
        write_state(self._folder, self._state)


def quiet_settings(mode: str) -> Any:
    """Wandb's settings: nothing printed, and nothing sent or kept of the machine, the code or the environment."""
    import wandb

    return wandb.Settings(
        mode=mode,
        console="off",
        silent=True,
        save_code=False,
        disable_git=True,
        disable_code=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
        x_disable_stats=True,
        x_save_requirements=False,
        init_timeout=30,
    )


def own_folders(folder: Path) -> None:
    """Keep everything that wandb writes in the sweep's folder. Call it before wandb is imported."""
    data = folder / "wandb" / "data"
    data.mkdir(parents=True, exist_ok=True)
    for name in ("WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        os.environ[name] = str(data)
    os.environ["WANDB_ERROR_REPORTING"] = "false"


def _worth(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def follow(lines: Iterable[str], folder: Path, spec: dict[str, Any], mode: str) -> None:
    """Mirror every line until there are no more."""
    own_folders(folder)
    mirror = Mirror(folder, spec, mode)
    try:
        for line in lines:
            mirror.take(json.loads(line))
    finally:
        mirror.close()


if __name__ == "__main__":
    follow(sys.stdin, Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
