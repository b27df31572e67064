"""What happened to trials between two looks, as plain lines: for output that is no terminal."""

import math

from analysis.records.states import state_word
from tuneful.live.settings import settings_text
from tuneful.live.table import time_left
from tuneful.live.view import RUNNING, UNFINISHED, TrialRow, View


def start_line(row: TrialRow) -> str:
    """`search-0003 starts: loss.name=focal optimizer.lr=0.00123`"""
    return f"{row.name} starts: {settings_text(row.settings)}"


def end_line(row: TrialRow, view: View) -> str:
    """`search-0003 complete after 6 epochs, val/macro_auc 0.9123`"""
    why = f": {row.reason}" if row.reason else ""
    score = f", {view.objective.metric} {row.score:.4f}" if not math.isnan(row.score) else ""
    return f"{row.name} {state_word(row.state)} after {row.epoch} epochs{score}{why}"


def standing(view: View, otherwise: str = "") -> str:
    """`7/20 trials, best 0.9123 by search-0003, about 4 min left (till 15:42)`"""
    best = f"best {view.best.score:.4f} by {view.best.name}" if view.best else ""
    parts = [f"{view.ended}/{view.total} trials", best, time_left(view) or otherwise]
    return ", ".join(part for part in parts if part)


def changes(before: View | None, after: View) -> list[str]:
    """A line for each trial that has started or ended between two looks; at the first look those under way."""
    known = {row.name: row.state for row in before.rows} if before and before.stage == after.stage else {}
    lines = []
    for row in after.rows:
        old = known.get(row.name)
        if row.state == RUNNING and old != RUNNING:
            lines.append(start_line(row))
        elif row.state not in UNFINISHED and old in (None, *UNFINISHED) and before is not None:
            lines.append(f"{end_line(row, after)}  [{standing(after)}]")
    return lines
