"""The sweep's side of the mirror: tells the process what happens to trials, and never waits for it."""

import json
import queue
import subprocess
import threading
from typing import IO, Any

import pandas as pd

from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan
from tuneful.tracking.messages import Messages
from tuneful.tracking.processes import wandb_command, wandb_environment

METRICS = "metrics/"
"""Tune flattens a trial's results: what stands in front of each metric's name."""
GRACE_S = 20.0
"""How long the end of a sweep waits for what is still on its way; `platform wandb-sync` writes the rest."""


class WandbListener:
    """Hears of every trial (a `Listener` of the recorder) and passes it on to a process of its own."""

    def __init__(self, folder: SweepFolder, spec: dict[str, Any], mode: str) -> None:
        self._folder, self._spec, self._mode = folder, spec, mode
        self._messages = Messages(folder, spec["checkpoints"])
        self._told: dict[str, TrialPlan] = {}
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None

    @property
    def heard(self) -> bool:
        """Whether there was anything to mirror."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self._told[plan.name] = plan
        self._put(self._messages.started(plan))

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch, perhaps its first with what it took over from another."""
        if plan != self._told.get(plan.name):
            self.started(plan)
        metrics = {name.removeprefix(METRICS): value for name, value in result.items() if name.startswith(METRICS)}
        self._put(self._messages.epoch(plan, result["epoch"], result["score"], metrics))

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        self._told.pop(plan.name, None)
        self._put(self._messages.ended(plan, end))

    def tables(self, tables: dict[str, pd.DataFrame]) -> None:
        """The sweep's final tables."""
        self._put(self._messages.tables({name: as_table(table) for name, table in tables.items()}))

    def close(self, grace_s: float = GRACE_S) -> bool:
        """End the process, if there is one, after `grace_s` seconds at most; whether everything was mirrored."""
        if self._process is None:
            return True
        self._lines.put(None)
        try:
            return self._process.wait(grace_s) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()  # wandb's own process ends with it, within half a second
            self._process.wait()
            return False

    def _put(self, line: str) -> None:
        if self._process is None:
            self._process = self._start()
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True, name="wandb-mirror").start()
        self._lines.put(line)

    def _start(self) -> subprocess.Popen[str]:
        environment = wandb_environment(self._folder.path)
        asked = [str(self._folder.path.absolute()), json.dumps(self._spec), self._mode]
        with (self._folder.path / "wandb" / "mirror.log").open("ab") as output:
            return subprocess.Popen(
                wandb_command("tuneful.tracking.mirror", *asked),
                cwd=self._folder.path,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,  # Ctrl-C is the sweep's affair
            )

    def _write(self, pipe: IO[str]) -> None:
        """In a thread: a full pipe must not hold up the sweep."""
        try:
            while (line := self._lines.get()) is not None:
                pipe.write(line + "\n")
                pipe.flush()
            pipe.close()
        except OSError:  # the process has died; its log says why, the ledger has what it missed
            return


def as_table(table: pd.DataFrame) -> dict[str, Any]:
    """A table as JSON values: what is neither number nor truth value as text, no value as null."""
    plain = json.loads(table.to_json(orient="split", default_handler=str, double_precision=15))
    rows = [[json.dumps(cell) if isinstance(cell, list | dict) else cell for cell in row] for row in plain["data"]]
    return {"columns": [str(column) for column in plain["columns"]], "rows": rows}
