"""What is missing in which column, and values that look the same."""

import pandas as pd
import plotly.graph_objects as go

from analysis.eda.parts import Absent, Section, Wide, table_of
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import blank_figure

MISSING, SPELLINGS = "What is missing", "Spellings"
ALWAYS = ("clip_id", "path", "recording_id", "start_s", "duration_s", "content", "subset")
MOST_SUBSETS, MOST_ROWS = 8, 20
INVISIBLE_DIFFERENCE = "case, space, or invisible characters"


def missing_section(view: DataView) -> Section | Absent:
    """Columns that hold nothing in some clips."""
    table = missing_shares(view)
    if table.empty:
        return Absent(MISSING, "every column of every clip has a value")
    plot = plot_of(missing_figure(table), "Share of clips without a value")
    empty = [str(name) for name, row in table.iterrows() if (row == 1).all()]
    partly = table.drop(index=empty)
    note = "Share of clips without a value, by column and subset."
    said = f"Columns that hold nothing at all: {', '.join(_plain(name) for name in empty)}." if empty else ""
    if partly.empty or plot is None:
        return Section(MISSING, said)
    return Section(MISSING, f"{note} {said}", wide=Wide(plot, 0))


def missing_shares(view: DataView) -> pd.DataFrame:
    """(columns, subsets): share of clips without a value, of the columns where that is ever so."""
    columns = [column for column in view.clips if column not in ALWAYS]
    shares = view.clips[columns].isna().groupby(view.subset).mean().T
    largest = view.subset.value_counts().index[:MOST_SUBSETS]
    return shares.loc[shares.max(axis=1) > 0, largest]


def missing_figure(table: pd.DataFrame) -> go.Figure:
    """A heat map of shares with the numbers in it; columns that are empty everywhere are left out."""
    shown = table[(table < 1).any(axis=1)]
    figure = blank_figure(70 + 26 * max(1, len(shown)))
    figure.add_heatmap(
        z=shown.to_numpy().round(4).tolist(),
        x=list(range(len(shown.columns))),
        y=list(range(len(shown))),
        text=[[_share(value) for value in row] for row in shown.to_numpy()],
        texttemplate="%{text}",
        colorscale=[[0, "#ffffff"], [1, "#e8a87c"]],
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        hovertemplate="%{z:.2%} missing<extra></extra>",
    )
    names = [for_plotly(name, 24) for name in shown.columns]
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=names, side="top", showline=False)
    columns = [for_plotly(_plain(str(name)), 26) for name in shown.index]
    figure.update_yaxes(tickvals=list(range(len(columns))), ticktext=columns, autorange="reversed", showgrid=False)
    return figure


def spellings_section(view: DataView) -> Section | Absent:
    """Values that a person reads as one."""
    rows = [
        [column, ", ".join(ascii(value) for value in values)]
        for column, sets in view.spellings.items()
        for values in sets
    ]
    if not rows:
        return Absent(SPELLINGS, f"no two labels, authors, sites or subjects differ by {INVISIBLE_DIFFERENCE} alone")
    note = f"Values that differ by {INVISIBLE_DIFFERENCE} or Unicode form alone: one thing under two names."
    more = f" The first {MOST_ROWS} of {len(rows)}." if len(rows) > MOST_ROWS else ""
    return Section(SPELLINGS, note + more, table=table_of(["column", "values"], rows[:MOST_ROWS], [False, False]))


def _plain(name: str) -> str:
    return name.removeprefix("extra_")


def _share(value: float) -> str:
    return "0" if value == 0 else "<1 %" if value < 0.005 else f"{100 * value:.0f} %"
