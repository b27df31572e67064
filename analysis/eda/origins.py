"""How many authors, sites and subjects a class depends on: what a random split leaks."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.axes import log_axis
from analysis.eda.bars import MOST_BARS, bars_figure
from analysis.eda.parts import Absent, Panel, Section, table_of
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, ORANGE, blank_figure
from analysis.report.tables import Table

TITLE = "Authors, sites and subjects"
COLUMNS = {"author": "authors", "site": "sites", "subject": "subjects"}
DOMINATED = 0.9
MOST_ROWS = 15
FEWEST = 3
"""Sources that a figure is drawn of."""


def origins_section(view: DataView) -> Section | Absent:
    """Sources per class, clips per source, and the classes that nearly all come from one."""
    known = [column for column in COLUMNS if view.labelled[column].notna().any()]
    if not known:
        return Absent(TITLE, "no labelled training clip names an author, a site or a subject")
    tables = {column: sources_per_class(view, column) for column in known}
    table, title = _dominated_table(tables)
    return Section(
        TITLE,
        "A class that one source recorded is learnt as that source's microphone: a random split then scores what no "
        "new recording will. Clips without a value are not counted.",
        facts=[_fact(tables[column], column) for column in known],
        panels=[panel for column in known for panel in _panels(view, tables[column], column)],
        table=table,
        table_title=title,
    )


def _dominated_table(tables: dict[str, pd.DataFrame]) -> tuple[Table | None, str]:
    """The classes that one source dominates, those with most clips first, and a title."""
    found = [row for column, table in tables.items() for row in _dominated(table, column)]
    if not found:
        return None, ""
    rows = sorted(found, key=lambda row: -row[2])[:MOST_ROWS]
    cells = [[*row[:3], f"{row[3]:.0%}", row[4]] for row in rows]
    header = ["class", "column", "clips", "share of the largest", "the largest"]
    more = f" The {MOST_ROWS} with the most clips of {len(found)}." if len(found) > MOST_ROWS else ""
    title = f"Classes with {DOMINATED:.0%} or more of their clips from one source.{more}"
    return table_of(header, cells, [False, False, True, True, False]), title


def sources_per_class(view: DataView, column: str) -> pd.DataFrame:
    """A row per class, as `classes`: `clips` with a source, `sources`, `share` of the largest, `largest`."""
    pairs = view.labelled[["labels", column]].explode("labels").dropna()
    counts = pairs.groupby(["labels", column]).size().sort_values(ascending=False, kind="stable").rename("n")
    by_class = counts.reset_index().groupby("labels", sort=True)
    table = by_class["n"].agg(clips="sum", sources="size", most="max")
    shares = {"share": table["most"] / table["clips"], "largest": by_class[column].first()}
    found = pd.DataFrame({"clips": table["clips"], "sources": table["sources"], **shares})
    return found.reindex([name for name in view.classes.index if name in found.index])


def sources_figure(table: pd.DataFrame, plural: str) -> go.Figure:
    """Sources over clips, a mark per class, those of the same place spread a little; of few classes, a bar each."""
    if len(table) <= MOST_BARS:
        return bars_figure(table["sources"], what=plural)
    spread = np.exp(np.random.default_rng(0).uniform(-0.06, 0.06, (2, len(table))))
    figure = blank_figure(300)
    figure.add_scatter(
        x=np.round(table["clips"] * spread[0], 3).tolist(),
        y=np.round(table["sources"] * spread[1], 3).tolist(),
        mode="markers",
        marker={"color": [ORANGE if each == 1 else BLUE for each in table["sources"]], "size": 7, "opacity": 0.6},
        text=[for_plotly(name) for name in table.index],
        customdata=table[["clips", "sources", "share"]].to_numpy().tolist(),
        hovertemplate=f"<b>%{{text}}</b><br>%{{customdata[0]}} clips, {plural}: %{{customdata[1]}}"
        "<br>the largest has %{customdata[2]:.0%}<extra></extra>",
    )
    figure.update_xaxes(title_text="clips of the class", **_log(table["clips"]))
    figure.update_yaxes(title_text=f"{plural} of the class", **_log(table["sources"]))
    return figure


def per_source_figure(view: DataView, column: str) -> go.Figure:
    """Clips of each source, the largest first: a bar each of a few, else a curve over their ranks."""
    counts = view.labelled[column].value_counts()
    if len(counts) <= MOST_BARS:
        return bars_figure(counts)
    keep = np.unique(np.geomspace(1, len(counts), 500).astype(int)) - 1
    figure = blank_figure(300)
    figure.add_scatter(
        x=(keep + 1).tolist(),
        y=counts.iloc[keep].tolist(),
        mode="lines+markers",
        line={"color": BLUE, "width": 1.5},
        marker={"size": 5},
        text=[for_plotly(name) for name in counts.index[keep]],
        hovertemplate="<b>%{text}</b>: %{y} clips<br>number %{x}<extra></extra>",
    )
    figure.update_xaxes(title_text=f"{COLUMNS[column]}, the largest first", **_log(pd.Series([1, len(counts)])))
    figure.update_yaxes(title_text="clips", **_log(counts))
    return figure


def single_source(view: DataView, column: str) -> int:
    """How many classes have more than one clip and all of them from one source."""
    table = sources_per_class(view, column)
    return int(((table["sources"] == 1) & (table["clips"] > 1)).sum())


def _panels(view: DataView, table: pd.DataFrame, column: str) -> Iterator[Panel]:
    plural = COLUMNS[column]
    if view.labelled[column].nunique() < FEWEST:  # a sentence says as much
        return
    first = plot_of(sources_figure(table, plural), f"{plural} per class")
    second = plot_of(per_source_figure(view, column), f"Clips per {column}")
    if first is not None and second is not None:
        alone = "Orange: a single source." if len(table) > MOST_BARS and (table["sources"] == 1).any() else ""
        yield Panel(f"{plural.capitalize()} per class", first, alone)
        yield Panel(f"Clips per {column}", second)


def _fact(table: pd.DataFrame, column: str) -> str:
    median, plural = table["sources"].median(), COLUMNS[column]
    alone, half = int((table["sources"] == 1).sum()), int((table["share"] >= 0.5).sum())
    return (
        f"The median of {len(table)} classes has {median:g} {column if median == 1 else plural}; {alone} depend on one "
        f"{column}; in {half} one {column} has at least half of the clips."
    )


def _dominated(table: pd.DataFrame, column: str) -> Iterator[tuple[str, str, int, float, str]]:
    rows = table[(table["share"] >= DOMINATED) & (table["clips"] > 1)]
    for name, clips, share, largest in zip(rows.index, rows["clips"], rows["share"], rows["largest"], strict=True):
        yield str(name), column, int(clips), float(share), str(largest)


def _log(values: pd.Series) -> dict[str, object]:
    return log_axis(values.min(), values.max())
