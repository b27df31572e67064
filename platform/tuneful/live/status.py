"""How all sweeps of a results folder stand, for `platform status` and for scripts."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder
from tuneful.live.records import RecordsView
from tuneful.live.settings import settings_text
from tuneful.live.table import counts_line, headline, time_left
from tuneful.live.view import UNFINISHED, TrialRow, View
from tuneful.sweep.lock import Holder, holder
from tuneful.sweep.remaining import Rest
from tuneful.sweep.searchers.reuse import count_reused


@dataclass(frozen=True)
class Standing:
    """How one sweep stands."""

    search: View
    confirm: View
    now: View
    """of the two the one under way, or that came last"""
    holder: Holder | None
    rest: Rest
    """what is left of it once nobody works on it"""
    reused: int
    """runs that were taken from other sweeps"""

    def lines(self) -> list[str]:
        """For a person: the sweep, then what runs or was cut off."""
        who = f"{self.holder} works on it" if self.holder else str(self.rest)
        search = self.search
        parts = [f"{search.ended}/{search.total} trials", f"{len(self.confirm.rows)} confirm runs", who]
        if best := search.best:
            parts.append(f"best {search.objective.metric} {best.score:.4f} by {best.name}")
        if left := time_left(self.now):
            parts.append(left)
        if self.reused:
            parts.append(f"{self.reused} runs taken from other sweeps")
        lines = [f"{search.sweep}: {', '.join(parts)}"]
        if self.holder and (pace := self.now.pace):
            rate = f", {pace.epochs_per_minute:.3g} epochs/min" if pace.epochs_per_minute is not None else ""
            busy = min(len(pace.running), pace.slots)
            lines.append(f"  {busy} of {pace.slots} slots busy{rate}; {counts_line(self.now)}")
        return lines + [f"  {_told(row)}" for row in self._under_way()]

    def record(self) -> dict[str, Any]:
        """For a script."""
        pace = self.now.pace if self.holder else None
        return {
            "sweep": self.search.sweep,
            "state": "running" if self.holder else self.rest.state,
            "why": None if self.holder else self.rest.why,
            "holder": dataclasses.asdict(self.holder) if self.holder else None,
            "stage": self.now.stage,
            "metric": self.search.objective.metric,
            "mode": self.search.objective.mode,
            "search": _counts(self.search),
            "confirm": _counts(self.confirm),
            "best": _row(self.search.best) if self.search.best else None,
            "reused": self.reused,
            "under_way": [_row(row) for row in self._under_way()],
            "slots": pace.slots if pace else None,
            "epochs_per_minute": pace.epochs_per_minute if pace else None,
            "seconds_left": pace.seconds_left if pace else None,
            "gpus": [dataclasses.asdict(gpu) for gpu in pace.gpus] if pace else [],
        }

    def _under_way(self) -> list[TrialRow]:
        return [row for view in (self.search, self.confirm) for row in view.rows if row.state in UNFINISHED]


def standing(folder: SweepFolder) -> Standing:
    """How a sweep stands.

    Raises:
        RecordsError: a record that can't be read.
    """
    records = RecordsView(folder)
    now = records.look()
    search, confirm = (now if now.stage == stage else records.stage(stage) for stage in (SEARCH, CONFIRM))
    who = holder(folder.path)
    return Standing(search, confirm, now, who, records.rest(), count_reused(folder))


def closing_lines(folder: SweepFolder) -> list[str]:
    """How a sweep was left, and the command that goes on with it where one would."""
    records = RecordsView(folder)
    unfinished = records.rest().state == "stopped" and folder.command
    return [headline(records.look()), *([f"To go on: {folder.command}"] if unfinished else [])]


def _counts(view: View) -> dict[str, Any]:
    return {"ended": view.ended, "total": view.total, **dict(view.counts)}


def _row(row: TrialRow) -> dict[str, Any]:
    return {
        "trial": row.name,
        "state": row.state,
        "epoch": row.epoch,
        "score": None if math.isnan(row.score) else row.score,
        "settings": dict(row.settings),
        "reason": row.reason,
    }


def _told(row: TrialRow) -> str:
    score = "" if math.isnan(row.score) else f", {row.score:.4f}"
    return f"{row.name} {row.state}, {row.epoch} epochs{score}: {settings_text(row.settings)}"
