"""The look of the figures: few colours that differ for colour-blind readers, quiet axes, system fonts."""

from typing import Any

import plotly.graph_objects as go

INK = "#1f2933"
QUIET = "#52606d"
GRID = "#e8ecf0"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#00805f", "#9c4f86"  # after Okabe and Ito 2008, two darkened
STOPPED = "#7b8794"
SERIES = (BLUE, ORANGE, GREEN, PURPLE)
SERIES_SYMBOLS = ("circle", "diamond", "square", "triangle-up")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

STATE_MARKERS: dict[str, dict[str, Any]] = {
    "complete": {"symbol": "circle", "color": BLUE, "size": 9, "line": {"color": "white", "width": 1}},
    "pruned": {"symbol": "circle-open", "color": STOPPED, "size": 8, "line": {"width": 1.5}},
    "diverged": {"symbol": "x-thin", "color": ORANGE, "size": 8, "line": {"color": ORANGE, "width": 2}},
    "failed": {"symbol": "cross-thin", "color": ORANGE, "size": 9, "line": {"color": ORANGE, "width": 2}},
    "running": {"symbol": "triangle-up-open", "color": STOPPED, "size": 8, "line": {"width": 1.5}},
    "interrupted": {"symbol": "triangle-up-open", "color": STOPPED, "size": 8, "line": {"width": 1.5}},
}
AXIS: dict[str, Any] = {
    "gridcolor": GRID,
    "linecolor": "#cbd2d9",
    "tickcolor": "#cbd2d9",
    "ticks": "outside",
    "ticklen": 4,
    "automargin": True,
    "tickfont": {"size": 12, "color": QUIET},
    "title": {"font": {"size": 12, "color": QUIET}, "standoff": 8},
}
"""Of every axis: quiet, with room for its labels."""
BEST_MARKER = {"symbol": "diamond", "color": INK, "size": 12, "line": {"color": "white", "width": 1.5}}


def blank_figure(height: int) -> go.Figure:
    """Return an empty figure in the house style; ``height`` in pixels, the width follows the page."""
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 12, "r": 12, "t": 10, "b": 12},
        showlegend=False,
        hovermode="closest",
        hoverlabel={"bgcolor": "white", "bordercolor": STOPPED, "align": "left", "font": {"family": FONT, "size": 12}},
        dragmode=False,
    )
    figure.update_xaxes(**AXIS, zeroline=False, showline=True, showgrid=False)
    figure.update_yaxes(**AXIS, zeroline=False, showline=False, showgrid=True)
    return figure
