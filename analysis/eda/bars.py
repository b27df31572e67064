"""Horizontal bars with their numbers: what most columns with few values are drawn as."""

import pandas as pd
import plotly.graph_objects as go

from analysis.report.escape import for_plotly
from analysis.report.style import BLUE, INK, QUIET, blank_figure

MOST_BARS = 14
ROW_PX = 26
UNKNOWN = "#b8c4ce"


def bars_figure(counts: pd.Series, missing: int = 0, what: str = "clips") -> go.Figure:
    """A bar per value in the order given, the rest in one, and those without a value in grey."""
    rows = _rows(counts, missing)
    names, values, colors = (list(each) for each in zip(*rows, strict=True))
    places = list(range(len(rows)))
    figure = blank_figure(30 + ROW_PX * len(rows))
    figure.add_bar(
        x=values,
        y=places,
        orientation="h",
        width=0.7,
        marker_color=colors,
        text=[f"{value:,}" for value in values],
        textposition="outside",
        textfont={"color": INK, "size": 11},
        cliponaxis=False,
        hovertemplate="%{x} " + what + "<extra></extra>",
    )
    figure.update_xaxes(showticklabels=False, ticks="", showline=False, range=[0, max(1e-9, *values) * 1.25])
    figure.update_yaxes(tickvals=places, ticktext=names, ticks="", ticklabelstandoff=6)
    figure.update_yaxes(range=[len(rows) - 0.4, -0.6], showgrid=False)
    return figure


def _rows(counts: pd.Series, missing: int) -> list[tuple[str, float, str]]:
    """Name, value and colour of each bar."""
    rest = counts.iloc[MOST_BARS:]
    rows = [(for_plotly(name, 26), value, BLUE) for name, value in zip(counts.index, counts.tolist(), strict=True)]
    rows = rows[:MOST_BARS]
    rows += [(f"{len(rest)} more", sum(rest.tolist()), QUIET)] if len(rest) else []
    return [*rows, ("not known", missing, UNKNOWN)] if missing else rows
