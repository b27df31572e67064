"""The figures of a run's mistakes: ``class_figure(by_class(clips)).show()``."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.report.escape import for_plotly
from analysis.report.style import BLUE, INK, STOPPED, blank_figure

MOST_ROWS = 40
"""Classes or groups in a figure."""
MOST_CELLS = 30
"""Classes on a side of the heat map."""


def class_figure(table: pd.DataFrame, score: str = "average_precision") -> go.Figure:
    """A dot per class of `by_class`, the lowest score on top, at most 40; the hover says how many clips it rests on."""
    return _dots(table[table[score].notna()].sort_values(score, kind="stable"), score)


def group_figure(table: pd.DataFrame, score: str = "macro_auc") -> go.Figure:
    """A dot per group of `by_column` or `by_polyphony`, in the table's order, at most 40."""
    return _dots(table[table[score].notna()], score)


def co_activation_figure(matrix: pd.DataFrame, most: int = MOST_CELLS) -> go.Figure:
    """The heat map of `co_activation`: the classes with the strongest confusion, the diagonal left out."""
    values = matrix.to_numpy(float, copy=True)
    np.fill_diagonal(values, np.nan)
    known = np.nan_to_num(values)
    strongest = np.sort(np.argsort(-np.maximum(known.max(axis=0), known.max(axis=1)), kind="stable")[:most])
    names = [for_plotly(name) for name in matrix.index[strongest]]
    figure = blank_figure(180 + 18 * len(strongest))
    figure.add_heatmap(
        z=values[np.ix_(strongest, strongest)],
        colorscale=[[0, "white"], [1, BLUE]],
        zmin=0,
        zmax=float(known[np.ix_(strongest, strongest)].max()) or 1.0,
        colorbar={"title": {"text": "mean probability", "side": "right"}, "thickness": 12},
        customdata=[[[row, column] for column in names] for row in names],
        hovertemplate="true %{customdata[0]}, predicted %{customdata[1]}: <b>%{z:.3f}</b><extra></extra>",
    )
    places = list(range(len(names)))
    figure.update_xaxes(tickvals=places, ticktext=names, title_text="predicted, not true", tickangle=-60)
    figure.update_yaxes(tickvals=places, ticktext=names, title_text="true", autorange="reversed", showgrid=False)
    return figure


def _dots(table: pd.DataFrame, score: str) -> go.Figure:
    shown = table.head(MOST_ROWS)
    places = list(range(len(shown)))
    figure = blank_figure(90 + 22 * len(shown))
    figure.add_scatter(
        x=shown[score].astype(float).tolist(),
        y=places,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        text=[f"{int(clips)} clips" for clips in shown["clips"]],
        hovertemplate="<b>%{x:.3f}</b>, %{text}<extra></extra>",
    )
    if "prevalence" in shown and score == "average_precision":
        chance = {"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": STOPPED}}
        text = "chance %{x:.3f}<extra></extra>"
        figure.add_scatter(x=shown["prevalence"].tolist(), y=places, mode="markers", marker=chance, hovertemplate=text)
    figure.update_xaxes(title_text=for_plotly(score), showgrid=True)
    ticks = [for_plotly(f"{name} ({int(clips)})") for name, clips in shown["clips"].items()]
    figure.update_yaxes(tickvals=places, ticktext=ticks, autorange="reversed", showgrid=False, tickfont={"color": INK})
    return figure
