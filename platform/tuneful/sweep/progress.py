"""What a person sees of a running sweep: a live table in a terminal, plain lines elsewhere, `live.json` from afar."""

import contextlib
import dataclasses
import math
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan
from tuneful.live.gpus import GpuUse, gpu_use
from tuneful.live.lines import end_line, standing, start_line
from tuneful.live.pace import Meter
from tuneful.live.pace_file import LiveStage, remove_live, write_live
from tuneful.live.screen import Screen
from tuneful.live.table import duration
from tuneful.live.view import RUNNING, Pace, TrialRow, View, ended_row, settings_of
from tuneful.sweep.sweep_log import SweepLog

TICK_S = 0.5
"""How often the table is drawn."""
FILE_TICKS, GPU_TICKS = 4, 12
"""The file is written, the GPUs are asked every so many ticks."""
SILENCE_S = 300.0
"""Where there is no table, a line says at least so often how far the sweep is."""


@dataclass(frozen=True)
class ShownStage:
    """The stage of a sweep that is shown."""

    folder: SweepFolder
    stage: str
    objective: Objective
    total: int
    """trials of the stage when it is done"""
    epochs: int
    """of a full trial"""
    slots: int
    """trials that can run at once"""


class Progress:
    """Hears of every trial and shows where the sweep stands. A context; shows nothing before it is entered."""

    def __init__(self, console: Console, stage: ShownStage, reused: Mapping[str, str]) -> None:
        self._console, self._stage, self._reused = console, stage, reused
        self._log = SweepLog(stage.folder.path)
        self._meter = Meter()
        self._rows: dict[str, TrialRow] = {}
        self._running: dict[str, None] = {}
        self._gpus: tuple[GpuUse, ...] = ()
        self._said = self._began = time.monotonic()
        self._screen = Screen(console, self.view) if console.is_terminal else None
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True, name="progress")

    def __enter__(self) -> "Progress":
        if self._screen is not None:
            self._screen.start()
        self._ticker.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._ticker.join()
        remove_live(self._stage.folder.path)
        if self._screen is not None:
            self._screen.stop()

    def already(self, trials: Iterable[tuple[TrialPlan, TrialEnd | None]]) -> None:
        """Take the trials that ended before this process began."""
        for plan, end in trials:
            if end is not None:
                self._rows[plan.name] = ended_row(plan, end)

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self._meter.started(plan.name)
        self._running[plan.name] = None
        self._rows[plan.name] = TrialRow(plan.name, RUNNING, 0, math.nan, settings_of(plan))
        self._line(start_line(self._rows[plan.name]))

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""
        seconds = result.get("metrics/seconds")  # Tune hands on flat results
        trained = None if seconds is None else seconds + result.get("metrics/eval_seconds", 0)
        self._meter.epoch(plan.name, len(plan.runs), trained)
        self._rows[plan.name] = dataclasses.replace(
            self._rows[plan.name], epoch=result["epoch"], score=result["score"], settings=settings_of(plan)
        )

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        self._running.pop(plan.name, None)
        row = self._rows[plan.name] = ended_row(plan, end)
        text = end_line(row, self.view())
        # Why a trial failed stays on the screen: above the table, whose rows move on.
        self._line(f"{text}  [{self._standing()}]", always=bool(end.error))

    def view(self) -> View:
        """The stage as it stands."""
        stage, rows = self._stage, tuple(self._rows.values())
        pace = Pace(
            stage.slots,
            self._meter.epochs_per_minute(),
            self._meter.seconds_left(rows, stage.total, stage.epochs),
            self._gpus,
            sum(row.name in self._reused for row in rows),
            tuple(self._running),
        )
        return View(stage.folder.name, stage.stage, stage.objective, stage.epochs, stage.total, rows, pace)

    def _standing(self) -> str:
        return standing(self.view(), f"{duration(time.monotonic() - self._began)} so far")

    def _line(self, text: str, always: bool = False) -> None:
        """Say a line where there is no table; in any case it is on record."""
        self._said = time.monotonic()
        if always or not self._console.is_terminal:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            self._log.line(text)

    def _tick(self) -> None:
        """Beside the sweep: what takes time or must go on while no trial reports."""
        ticks = 0
        while not self._over.wait(TICK_S if ticks else 0):
            with contextlib.suppress(Exception):  # whatever is wrong with the screen, the sweep goes on
                if ticks % GPU_TICKS == 0 and (self._gpus or not ticks):
                    self._gpus = gpu_use()
                if ticks % FILE_TICKS == 0:
                    self._tell_afar(self.view())
                if self._screen is not None:
                    self._screen.refresh()
            ticks += 1

    def _tell_afar(self, view: View) -> None:
        if view.pace is not None:
            write_live(self._stage.folder.path, LiveStage(view.stage, view.total, view.epochs, view.pace))
        if time.monotonic() - self._said > SILENCE_S:
            self._line(self._under_way(view))

    def _under_way(self, view: View) -> str:
        running = [row for row in view.rows if row.name in self._running]
        told = ", ".join(f"{row.name} {row.epoch}/{view.epochs}" for row in running)
        return f"running: {told or 'none'}  [{self._standing()}]"
