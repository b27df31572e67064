"""Candidates in order of their worth, and what to expect of the private leaderboard."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.correlation import THRESHOLDS
from analysis.leaderboard.shake_up import ShakeUp
from analysis.report.escape import for_plotly
from analysis.report.style import BLUE, GREEN, INK, ORANGE, STOPPED, blank_figure
from analysis.selection.selection_facts import Ranked

MOST_CANDIDATES = 15
MOST_OUTLOOKS = 20
LABEL = 40
"""Characters of a row's name."""
ROW = 26
"""Pixels of a row."""


def ranking_figure(ranking: tuple[Ranked, ...]) -> go.Figure:
    """Rank agreement of every candidate with the leaderboard, the best first; solid where p is small."""
    shown = list(ranking[:MOST_CANDIDATES])[::-1]
    figure = blank_figure(90 + ROW * len(shown))
    figure.add_vline(x=0, line_width=1, line_color=STOPPED)
    figure.add_bar(
        y=list(range(len(shown))),
        x=[one.spearman for one in shown],
        orientation="h",
        width=0.55,
        marker={"color": [BLUE if one.p_corrected <= THRESHOLDS.alpha else "#b8c4ce" for one in shown]},
        text=[f"p {one.p_corrected:.2g}, best in {one.bootstrap:.0%} of resamples" for one in shown],
        textposition="none",
        hovertemplate="Spearman <b>%{x:+.2f}</b><br>%{text}<extra></extra>",
    )
    figure.update_xaxes(title_text="Spearman with the leaderboard", range=[-1.05, 1.05], showgrid=True)
    _name_rows(figure, [one.name for one in shown])
    return figure


def outlook_figure(names: list[str], public: pd.Series, private: pd.Series | None, found: ShakeUp | None) -> go.Figure:
    """Public scores, the interval of the private ones where it is known what to expect, and these where they are known.

    Args:
        names: submissions, best first.
        public: their public scores, by name.
        private: their private scores, by name, or None.
        found: the outlook, or None.
    """
    shown = names[:MOST_OUTLOOKS][::-1]
    figure = blank_figure(120 + ROW * len(shown))
    if found:
        _add_intervals(figure, shown, found)
    _add_points(figure, public.reindex(shown), "public", {"color": BLUE, "symbol": "circle", "size": 9})
    if private is not None:
        _add_points(figure, private.reindex(shown), "private", {"color": ORANGE, "symbol": "diamond", "size": 10})
    figure.update_xaxes(title_text="score", tickformat=".4~g", showgrid=True)
    _name_rows(figure, shown)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"})
    return figure


def _add_intervals(figure: go.Figure, shown: list[str], found: ShakeUp) -> None:
    known = {one.name: one for one in found.outlooks}
    told = [(place, known[name]) for place, name in enumerate(shown) if name in known]
    figure.add_scatter(
        x=[one.private for _, one in told],
        y=[place for place, _ in told],
        name="private as expected, 95 %",
        mode="markers",
        marker={"color": GREEN, "symbol": "line-ns", "size": 12, "line": {"width": 2, "color": GREEN}},
        error_x={
            "type": "data",
            "array": [one.high - one.private for _, one in told],
            "arrayminus": [one.private - one.low for _, one in told],
            "thickness": 2,
            "width": 5,
        },
        text=[f"best of all with probability {one.best:.2f}" for _, one in told],
        hovertemplate="expected <b>%{x:.4f}</b><br>%{text}<extra></extra>",
    )


def _add_points(figure: go.Figure, scores: pd.Series, name: str, marker: dict[str, object]) -> None:
    values = scores.to_numpy(dtype=float)
    places = np.flatnonzero(np.isfinite(values))
    figure.add_scatter(
        x=values[places].tolist(),
        y=places.tolist(),
        name=name,
        mode="markers",
        marker=marker,
        hovertemplate=f"{name} <b>%{{x:.4f}}</b><extra></extra>",
    )


def _name_rows(figure: go.Figure, names: list[str]) -> None:
    figure.update_yaxes(
        range=[-0.6, len(names) - 0.4],
        tickvals=list(range(len(names))),
        ticktext=[for_plotly(name, LABEL) for name in names],
        tickfont={"size": 12, "color": INK},
        showgrid=False,
    )
