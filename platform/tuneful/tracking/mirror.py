"""The process that writes Weights & Biases' runs: it hears of trials on its standard input, a JSON line each.

It is a process of its own so that nothing of wandb, which may wait, print or die, is in the sweep's process. What it
misses is not lost: the ledger has it, and `platform wandb-sync` writes it later. It works in the sweep's folder
(`processes`), and one at a time: whoever starts it holds the sweep's lock.
"""

import hashlib
import json
import math
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tuneful.tracking.state import MirrorState, offline_parts, plain_name, read_state, write_state

TABLES = "tables"


class Mirror:
    """One run of Weights & Biases per trial, all of a sweep in one group."""

    def __init__(self, folder: Path, spec: dict[str, Any], mode: str) -> None:
        self._folder, self._spec, self._mode = folder, spec, mode
        self._state: MirrorState = read_state(folder)
        self._runs: dict[str, Any] = {}
        self._epochs: dict[str, int] = dict(self._state.epochs)
        self._remove_torn()

    def take(self, message: dict[str, Any]) -> None:
        """Do what one message says."""
        kind, trial = message["kind"], message.get("trial", "")
        if kind == "started":
            self._start(trial, message["stage"], message["config"])
        elif kind == "scores":
            self._scores(trial, message["values"])
        elif kind == "tables":
            self._tables(message["tables"])
        elif kind == "epoch":
            self._epoch(trial, message["epoch"], message["values"])
        elif kind == "ended":
            self._ended(trial, message["summary"], message["checkpoints"])

    def close(self) -> None:
        """End what is still open, as interrupted."""
        for trial in list(self._runs):
            self._finish(trial, 1)

    def _remove_torn(self) -> None:
        """Remove what a killed mirror left: it can't be uploaded, and its epochs are not counted as mirrored."""
        for part in offline_parts(self._folder):
            if part.name not in self._state.parts:
                shutil.rmtree(part)

    def _start(self, trial: str, stage: str, config: dict[str, Any]) -> None:
        if trial in self._runs:  # it took over from another trial of its population
            self._runs[trial].config.update(config, allow_val_change=True)
            return
        self._runs[trial] = self._init(trial, job_type=stage, config=config)

    def _epoch(self, trial: str, epoch: int, values: dict[str, float]) -> None:
        if epoch <= self._epochs.get(trial, 0):  # a trial that goes on reports its first epochs once more
            return
        self._runs[trial].log({"epoch": epoch, **values}, step=epoch)
        self._epochs[trial] = epoch

    def _ended(self, trial: str, summary: dict[str, Any], checkpoints: dict[str, str]) -> None:
        run = self._runs[trial]
        mended = {"error": ""} if trial in self._state.ended else {}  # else the error of its earlier end would stay
        run.summary.update(mended | {name: value for name, value in summary.items() if _worth(value)})
        for name, folder in checkpoints.items():
            self._keep(run, name, folder)
        self._state.ended[trial] = summary["state"]
        self._finish(trial, 0 if summary["state"] in ("complete", "pruned") else 1)

    def _scores(self, trial: str, values: dict[str, float]) -> None:
        """Leaderboard scores, which come after the run: it is opened again for them."""
        if self._state.scores.get(trial) == values:
            return
        self._runs[trial] = self._init(trial, job_type=None, config=None)
        self._runs[trial].summary.update(values)
        self._state.scores[trial] = values
        self._finish(trial, 0)

    def _tables(self, tables: dict[str, dict[str, Any]]) -> None:
        digest = digest_of(tables)
        if digest == self._state.tables:
            return
        import wandb

        self._runs[TABLES] = run = self._init(TABLES, job_type="sweep", config={})
        artifact = wandb.Artifact(plain_name(f"{self._folder.name}-{TABLES}"), type=TABLES)
        for name, body in tables.items():
            table = wandb.Table(columns=body["columns"], data=body["rows"], allow_mixed_types=True)
            artifact.add(table, name)
        self._log_artifact(run, artifact)
        self._state.tables = digest
        self._finish(TABLES, 0)

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

        artifact = wandb.Artifact(plain_name(name), type="model")
        artifact.add_dir(str(self._folder / folder))
        self._log_artifact(run, artifact)

    def _log_artifact(self, run: Any, artifact: Any) -> None:
        """Log an artifact with its files named from the sweep's folder: where they lie is sent with its manifest."""
        for entry in artifact.manifest.entries.values():
            if entry.local_path:
                entry.local_path = os.path.relpath(entry.local_path, self._folder)
        run.log_artifact(artifact)

    def _finish(self, trial: str, exit_code: int) -> None:
        """End a run. Only then its part is whole, and what it holds is mirrored."""
        run = self._runs.pop(trial)
        run.finish(exit_code=exit_code)
        self._state.parts.add(Path(run.settings.sync_dir).name)
        if trial in self._epochs:
            self._state.epochs[trial] = self._epochs[trial]
        write_state(self._folder, self._state)


def quiet_settings(mode: str) -> Any:
    """Wandb's settings: nothing printed, and nothing sent or kept of the machine, the code or the environment."""
    import wandb

    return wandb.Settings(
        mode=mode,
        host="",
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


def digest_of(tables: dict[str, dict[str, Any]]) -> str:
    """The same for the same tables."""
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def _worth(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def follow(lines: Iterable[str], folder: Path, spec: dict[str, Any], mode: str) -> None:
    """Mirror every line until there are no more."""
    mirror = Mirror(folder, spec, mode)
    try:
        for line in lines:
            mirror.take(json.loads(line))
    finally:
        mirror.close()


if __name__ == "__main__":
    follow(sys.stdin, Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
