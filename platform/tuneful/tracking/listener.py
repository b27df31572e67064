"""The sweep's side of the mirror: tells the process what happens to trials, and never waits for it."""

import json
import queue
import subprocess
import sys
import threading
from typing import IO, Any

import pandas as pd

from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan
from tuneful.tracking import messages

METRICS = "metrics/"
"""Tune flattens a trial's results: what stands in front of each metric's name."""
GRACE_S = 20.0
"""How long the end of a sweep waits for what is still on its way; `platform wandb-sync` writes the rest."""


class WandbListener:
    """Hears of every trial (a `Listener` of the recorder) and passes it on to a process of its own."""

    def __init__(self, folder: SweepFolder, spec: dict[str, Any], mode: str) -> None:
        self._folder, self._spec, self._mode = folder, spec, mode
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None

    @property
    def heard(self) -> bool:
        """Whether there was anything to mirror."""
        return self._process is not None

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self._put(messages.started(plan, self._folder.name))

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""
        metrics = {name.removeprefix(METRICS): value for name, value in result.items() if name.startswith(METRICS)}
        self._put(messages.epoch(plan, result["epoch"], result["score"], metrics))

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        wanted = self._spec["checkpoints"] and end.state == "complete"
        self._put(messages.ended(plan, end, messages.checkpoints_of(self._folder, plan) if wanted else {}))

    def tables(self, tables: dict[str, pd.DataFrame]) -> None:
        """The sweep's final tables."""
        self._put({"kind": "tables", "tables": {name: as_table(table) for name, table in tables.items()}})

    def close(self) -> bool:
        """End the process, if there is one; whether everything was mirrored."""
        if self._process is None:
            return True
        self._lines.put(None)
        try:
            return self._process.wait(GRACE_S) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            return False

    def _put(self, message: dict[str, Any]) -> None:
        if self._process is None:
            self._process = self._start()
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True, name="wandb-mirror").start()
        self._lines.put(json.dumps(message))

    def _start(self) -> subprocess.Popen[str]:
        log = self._folder.path / "wandb" / "mirror.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        asked = [str(self._folder.path.absolute()), json.dumps(self._spec), self._mode]
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "tuneful.tracking.mirror", *asked],
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
