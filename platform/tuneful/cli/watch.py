"""`platform watch`: the live table of a sweep, in another shell than its own."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, existing_sweep, say

if TYPE_CHECKING:
    from tuneful.live.records import RecordsView

SHARE = 5
"""A look takes at most one part in so many of the time."""


def watch(
    sweep: Annotated[str, typer.Argument(help="A sweep's name.")],
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Watch a sweep until it ends. Ctrl-C ends the watching, not the sweep."""
    from tuneful.live.records import RecordsView
    from tuneful.live.status import closing_lines

    folder = existing_sweep(results, sweep)
    records = RecordsView(folder)
    try:
        (_table if console.is_terminal else _lines)(records, every)
    except KeyboardInterrupt:
        say(f"{sweep} goes on. To stop it: platform stop {sweep}")
        return
    for line in closing_lines(folder):
        say(line)


def _table(records: "RecordsView", every: float) -> None:
    from tuneful.live.screen import Screen
    from tuneful.sweep.lock import holder

    screen = Screen(console, records.look)
    screen.start()
    try:
        took = _timed(screen.refresh)
        while holder(records.folder.path):
            time.sleep(max(every, SHARE * took))
            took = _timed(screen.refresh)
    finally:
        screen.stop()


def _timed(look: Callable[[], None]) -> float:
    """Seconds of a look: of a sweep of thousands of trials it takes some."""
    began = time.monotonic()
    look()
    return time.monotonic() - began


def _lines(records: "RecordsView", every: float) -> None:
    """What happens, a line each."""
    from tuneful.live.lines import changes
    from tuneful.sweep.lock import holder

    before = None
    running = True
    while running:
        running = holder(records.folder.path) is not None
        view = records.look()
        for line in changes(before, view):
            say(line)
        before = view
        time.sleep(every if running else 0)
