"""What a person sees of a running sweep: a live table in a terminal, plain lines elsewhere."""

import math
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd, TrialPlan

ROWS = 12
STYLES = {"complete": "green", "pruned": "yellow", "diverged": "red", "failed": "red", "running": "cyan"}


class Progress:
    """Hears of every trial and shows where the sweep stands. A context; prints nothing before it is entered."""

    def __init__(self, console: Console, objective: Objective, total: int, epochs: int) -> None:
        self._console, self._objective = console, objective
        self._total, self._epochs = total, epochs
        self._started = time.monotonic()
        self._trials: dict[str, dict[str, Any]] = {}
        self._before = 0
        """trials that ended before this process began"""
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=2, transient=False)

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def already(self, trials: Iterable[tuple[TrialPlan, TrialEnd | None]]) -> None:
        """Take the trials that ended before this process began."""
        for plan, end in trials:
            if end is not None:
                self._before += 1
                self._trials[plan.name] = {"text": settings_text(plan), **_ended(end)}

    def started(self, plan: TrialPlan) -> None:
        """A trial begins, or goes on."""
        self._trials[plan.name] = {"state": "running", "epoch": 0, "score": math.nan, "text": settings_text(plan)}
        self._line(f"{plan.name} starts: {settings_text(plan)}")

    def epoch(self, plan: TrialPlan, result: dict[str, Any]) -> None:
        """A trial has finished an epoch."""
        self._trials[plan.name] |= {"epoch": result["epoch"], "score": result["score"]}

    def ended(self, plan: TrialPlan, end: TrialEnd) -> None:
        """A trial has ended."""
        self._trials[plan.name] |= (shown := _ended(end))
        why = f": {end.error}" if end.error else ""
        score = f", {self._objective.metric} {end.score:.4f}" if not math.isnan(end.score) else ""
        text = f"{plan.name} {WORDS[end.state]} after {shown['epoch']} epochs{score}{why}"
        # Why a trial failed stays on the screen: above the table, whose rows move on.
        self._line(f"{text}  [{self._standing()}]", always=bool(end.error))

    def _line(self, text: str, always: bool = False) -> None:
        if always or not self._console.is_terminal:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _standing(self) -> str:
        done = sum(trial["state"] != "running" for trial in self._trials.values())
        best = self._best()
        best_text = f", best {best[1]:.4f} by {best[0]}" if best else ""
        return f"{done}/{self._total} trials{best_text}, {self._eta(done)}"

    def _best(self) -> tuple[str, float] | None:
        """The best finished trial; one with fewer epochs doesn't count."""
        best: tuple[str, float] | None = None
        for name, trial in self._trials.items():
            if trial["state"] == "complete" and (best is None or self._objective.better(trial["score"], best[1])):
                best = name, trial["score"]
        return best

    def _eta(self, done: int) -> str:
        here = done - self._before
        elapsed = time.monotonic() - self._started
        if here == 0 or done >= self._total:
            return f"{_minutes(elapsed)} so far"
        return f"about {_minutes(elapsed / here * (self._total - done))} left"

    def _render(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        for title, options in COLUMNS:
            table.add_column(title, **options)
        for name, trial in list(self._trials.items())[-ROWS:]:
            score = "" if math.isnan(trial["score"]) else f"{trial['score']:.4f}"
            state = Text(WORDS.get(trial["state"], trial["state"]), STYLES[trial["state"]])
            table.add_row(name, state, f"{trial['epoch']}/{self._epochs}", score, trial["text"])
        return Group(table, Text(self._standing(), "bold"))


WORDS = {"complete": "complete", "pruned": "stopped early", "diverged": "diverged", "failed": "failed"}
COLUMNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("trial", {"no_wrap": True}),
    ("state", {"no_wrap": True}),
    ("epoch", {"no_wrap": True, "justify": "right"}),
    ("score", {"no_wrap": True, "justify": "right"}),
    ("settings", {"no_wrap": True, "overflow": "ellipsis", "ratio": 1}),
)


def _ended(end: TrialEnd) -> dict[str, Any]:
    return {"state": end.state, "epoch": end.scores[-1][0] if end.scores else 0, "score": end.score}


def settings_text(plan: TrialPlan) -> str:
    """A trial's settings on one line, numbers to three digits."""
    parts = [f"{path}={_value(value)}" for path, value in plan.settings.items()]
    if plan.candidate is not None:
        run = plan.runs[0]
        parts = [f"trial {plan.candidate}", f"{run.split} fold {run.fold}", f"seed {run.seed}"]
    return " ".join(parts)


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
