"""`platform report`: one self-contained page about a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.records.sweep import SweepFolder
from tuneful.cli.shared import DEFAULT_RESULTS, Results, console, existing_sweep, tables_of


def report(
    sweep: Annotated[str, typer.Argument(help="A sweep's name.")],
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Write the page of a sweep, finished or not, and name it."""
    page = write_report(existing_sweep(results, sweep), results)
    console.print(f"Report: {page}", highlight=False, soft_wrap=True)


def write_report(folder: SweepFolder, results: Path) -> Path:
    """Write `reports/<sweep>.html` below the results; returns its path."""
    from analysis.records.files import write_atomically
    from analysis.report.page import sweep_page

    path = results / "reports" / f"{folder.name}.html"
    write_atomically(path, sweep_page(tables_of(folder)).encode())
    return path
