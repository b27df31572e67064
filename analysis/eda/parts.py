"""What a page of data is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.escape import visible
from analysis.report.html import Plot
from analysis.report.tables import Table


@dataclass(frozen=True)
class Wide:
    """A figure that scrolls sideways."""

    plot: Plot
    width: int
    """pixels, at least"""


@dataclass(frozen=True)
class Panel:
    """A small figure with its title, beside others."""

    title: str
    plot: Plot
    caption: str = ""


@dataclass(frozen=True)
class SheetRow:
    """Spectrograms of one class by subset: (image URI, caption, share of the width) each."""

    label: str
    subsets: Sequence[tuple[str, Sequence[tuple[str, str, float]]]]


@dataclass(frozen=True)
class Section:
    """A part of the page; what is empty isn't drawn."""

    title: str
    note: str = ""
    facts: Sequence[str] = ()
    """sentences in larger type"""
    wide: Wide | None = None
    panels: Sequence[Panel] = ()
    table: Table | None = None
    table_title: str = ""
    sheet: Sequence[SheetRow] = ()


@dataclass(frozen=True)
class Absent:
    """A section that isn't drawn, and why."""

    title: str
    reason: str


def table_of(header: Sequence[str], rows: Sequence[Sequence[object]], numeric: Sequence[bool]) -> Table:
    """A table of texts, invisible characters spelled out."""
    cells = [[visible(cell, 120) for cell in row] for row in rows]
    return Table([visible(cell) for cell in header], cells, list(numeric))
