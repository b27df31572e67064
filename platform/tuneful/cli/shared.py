"""Options and output that several commands share."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from analysis.records.sweep import SweepFolder, sweep_folder, sweep_names
from analysis.records.sweep_tables import SweepTables
from trainers.config.paths import nearest
from trainers.errors import SpecError
from tuneful.cli.plain import visible

if TYPE_CHECKING:
    from tuneful.finished import FinishedRun

PLAIN_WIDTH = 300
"""Columns of output that is no terminal: wide enough that tables keep all of theirs."""

console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH)

Results = Annotated[
    Path, typer.Option("--results", envvar="TUNEFUL_RESULTS", help="Folder of all results.", show_default=True)
]
DEFAULT_RESULTS = Path("results")
Report = Callable[[str, int, int], None]


def say(text: str, style: str = "", end: str = "\n", fold: bool = False) -> None:
    """Print lines as they are: names and messages in them are data, never markup, emoji or control sequences.

    `fold` breaks long ones between words in a terminal, which makes them harder to copy.
    """
    console.print(Text(visible(text), style), soft_wrap=not (fold and console.is_terminal), end=end)


@contextmanager
def preparation() -> Iterator[Report]:
    """Shows preparation: a bar in a terminal, a line at the start and the end of each step elsewhere."""
    if not console.is_terminal:
        yield _plain_report()
        return
    under_way: dict[str, Progress] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in under_way:
            under_way[what] = bars()
            under_way[what].start()
            under_way[what].add_task(what, total=total)
        under_way[what].update(TaskID(0), completed=done)
        if done >= total:  # a bar that stayed would draw over what comes next
            under_way.pop(what).stop()

    try:
        yield report
    finally:
        for bar in under_way.values():
            bar.stop()


def bars(*more: str) -> Progress:
    """Progress bars that vanish when they are done; `more` are formats of further columns."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, *map(TextColumn, more), console=console, transient=True)


def typed() -> str:
    """The command line as it was typed, for a shell."""
    return shlex.join(["platform", *sys.argv[1:]])


def existing_sweep(results: Path, name: str) -> SweepFolder:
    """The folder of a sweep that is there.

    Raises:
        SpecError: there is none of that name; the known ones are listed.
    """
    names = sweep_names(results)
    if name not in names:
        known = nearest(name, names) if names else f"There are none in {results}."
        raise SpecError(f"no sweep is called {name!r}. {known} Try: platform sweep FILE")
    return sweep_folder(results, name)


def tables_of(folder: SweepFolder) -> SweepTables:
    """A sweep's tables, straight from its ledgers."""
    from analysis.records.tables import collect
    from tuneful.sweep.lock import owner

    return collect(folder, "running" if owner(folder.path) else "interrupted")


def _plain_report() -> Report:
    started: set[str] = set()

    def report(what: str, done: int, total: int) -> None:
        if what not in started:
            started.add(what)
            say(f"{what}: {total} to do")
        if done == total:
            say(f"{what}: done")

    return report


def named_runs(results: Path, texts: Sequence[str]) -> "list[FinishedRun]":
    """The finished runs that are meant by `SWEEP`, `SWEEP:TRIAL` or `SWEEP:KEY`, each once."""
    from tuneful.finished import finished_runs

    found: dict[str, FinishedRun] = {}
    for text in texts:
        sweep, _, which = text.partition(":")
        for run in finished_runs(existing_sweep(results, sweep), which or None):
            found.setdefault(run.key, run)
    return list(found.values())
