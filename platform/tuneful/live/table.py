"""The live table in a terminal of any size. Names and values are data: no markup, no control characters."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from analysis.records.states import state_word
from tuneful.cli.plain import plain
from tuneful.live.settings import cut_apart, differing, settings_text, short_names, value_text
from tuneful.live.view import RUNNING, UNFINISHED, TrialRow, View

STYLES = {"complete": "green", "pruned": "yellow", "diverged": "red", "failed": "red", RUNNING: "cyan"}
ORDER = ("complete", "pruned", "diverged", "failed", *UNFINISHED)
FEWEST, MOST = 4, 30
"""Rows of the table, whatever the height of the terminal."""
REASONS = 3
NARROW = 100
"""Columns below which a trial of the search is called by its number alone."""
LONGEST = (24, 16, 9)
"""Characters of a setting's name and values: the first of these with which all settings fit."""
TITLES = ("trial", "state", "epoch", "score")
GAP = 2


@dataclass(frozen=True)
class Column:
    """A setting, as it is drawn: of a cell for each trial shown."""

    title: str
    cells: Sequence[str]

    @property
    def width(self) -> int:
        """Columns of the terminal, with the gap to the next one."""
        return max(len(self.title), *map(len, self.cells)) + GAP


class LiveTable:
    """A view, rendered for the terminal as wide and high as it is at that moment."""

    def __init__(self, view: View) -> None:
        self.view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The headline, the best, the counts; the table; the reasons of failures."""
        width, height = options.max_width, options.height or console.height
        why = _reasons(self.view)
        top = headline(self.view)
        top = top.partition(" (till ")[0] if len(top) > width else top
        head = [text for text in (top, best_line(self.view), counts_line(self.view), gpu_line(self.view)) if text]
        rows = min(MOST, max(FEWEST, height - len(head) - len(why) - 3))
        yield Group(
            *(_line(text, "bold" if number == 0 else "") for number, text in enumerate(head)),
            *([_table(self.view, rows, width)] if self.view.rows else []),
            *(_line(text, "red") for text in why),
        )


def headline(view: View) -> str:
    """`loss: 7/20 trials, 2 of 2 slots busy, 31 epochs/min, about 4 min left (till 15:42)`"""
    what = "trials" if view.stage == "search" else f"{view.stage} runs"
    parts = [f"{plain(view.sweep)}: {view.ended}/{view.total} {what}"]
    if view.pace is None:
        parts.append(view.owner or "nobody works on it")
    else:
        busy = min(len(view.pace.running), view.pace.slots)
        parts.append(f"{busy} of {view.pace.slots} slots busy")
        if view.pace.epochs_per_minute is not None:
            parts.append(f"{view.pace.epochs_per_minute:.3g} epochs/min")
        if left := time_left(view):
            parts.append(left)
    return ", ".join(parts)


def time_left(view: View) -> str:
    """`about 4 min left (till 15:42)`, or nothing where that is not known."""
    left = view.pace.seconds_left if view.pace else None
    if left is None or view.ended >= view.total:
        return ""
    until = time.localtime(time.time() + left)
    at = time.strftime("%H:%M" if left < 20 * 3600 else "%a %H:%M", until)
    return f"about {duration(left)} left (till {at})"


def best_line(view: View) -> str:
    """`best val/macro_auc 0.9123 by search-0003: lr=0.00123 name=focal`"""
    best = view.best
    if best is None:
        return ""
    names = short_names(differing([row.settings for row in view.rows]) or best.settings)
    text = settings_text(best.settings, names)
    return f"best {view.objective.metric} {best.score:.4f} by {best.name}" + (f": {text}" if text else "")


def counts_line(view: View) -> str:
    """`4 complete, 2 stopped early, 1 failed, 2 running, 3 reused`"""
    parts = [f"{view.counts[state]} {state_word(state)}" for state in ORDER if view.counts[state]]
    if view.pace and view.pace.reused:
        parts.append(f"{view.pace.reused} reused")
    return ", ".join(parts)


def gpu_line(view: View) -> str:
    """`GPU 0 87% 12.0/80 GiB`, of several `GPUs 87% 3% busy, 12.0 0.4 of 80 GiB`"""
    gpus = view.pace.gpus if view.pace else ()
    if len(gpus) < 2:
        return "".join(map(str, gpus))
    busy, used = (" ".join(f"{gpu.percent}%" for gpu in gpus), " ".join(f"{gpu.used_mib / 1024:.1f}" for gpu in gpus))
    return f"GPUs {busy} busy, {used} of {max(gpu.total_mib for gpu in gpus) / 1024:.0f} GiB"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _table(view: View, most: int, width: int) -> Table:
    running, best, newest = view.telling(most)
    shown = [*running, *best, *newest]
    names = short_names(_most_common_first(differing([row.settings for row in view.rows]), view.rows))
    fixed = [_fixed(row, view, width < NARROW) for row in shown]
    room = width - sum(max(map(len, cells)) + GAP for cells in zip(TITLES, *fixed, strict=True))
    columns = _columns(shown, names, room)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in TITLES:
        table.add_column(title, no_wrap=True, justify="right" if title in ("epoch", "score") else "left")
    for column in columns:
        table.add_column(Text(column.title), no_wrap=True, overflow="ellipsis")
    for number, (row, cells) in enumerate(zip(shown, fixed, strict=True)):
        table.add_row(*_styled(row, cells, view.best), *(Text(column.cells[number]) for column in columns))
    return table


def _most_common_first(paths: Iterable[str], rows: Sequence[TrialRow]) -> list[str]:
    """Where there is no room for all, what only some trials have is left out first."""
    return sorted(paths, key=lambda path: -sum(path in row.settings for row in rows))


def _fixed(row: TrialRow, view: View, narrow: bool) -> tuple[str, str, str, str]:
    name = str(int(row.name.rsplit("-", 1)[1])) if narrow and row.name.startswith("search-") else row.name
    score = "" if math.isnan(row.score) else f"{row.score:.4f}"
    return name, state_word(row.state), f"{row.epoch}/{view.epochs}", score


def _styled(row: TrialRow, cells: Sequence[str], best: TrialRow | None) -> list[Text]:
    texts = [Text(cell) for cell in cells]
    texts[1].style = STYLES.get(row.state, "")
    if best is not None and row.name == best.name:
        texts[0].style = texts[3].style = "bold green"
    return texts


def _columns(rows: Sequence[TrialRow], names: Mapping[str, str], room: int) -> list[Column]:
    """The settings as columns: cut shorter, then the last ones left out and counted, until they fit."""
    columns: list[Column] = []
    for longest in LONGEST:
        columns = [
            Column(title, [value_text(row.settings[path], longest) if path in row.settings else "" for row in rows])
            for path, title in zip(names, cut_apart(list(names.values()), longest), strict=True)
        ]
        if sum(column.width for column in columns) <= room:
            return columns
    more = 0
    while columns and sum(column.width for column in columns) + GAP + len(f"+{more}") > room:
        columns.pop()
        more += 1
    return [*columns, Column(f"+{more}", [""] * len(rows))]


def _reasons(view: View) -> list[str]:
    """The newest trials that failed or were stopped by hand, and why."""
    told = [row for row in view.rows if row.reason]
    return [f"{row.name} {state_word(row.state)}: {plain(_first_line(row.reason))}" for row in told[-REASONS:]]


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0] if lines else ""


def _line(text: str, style: str) -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")
