"""What settings did to validation and to the leaderboard, side by side."""

import math
from collections.abc import Iterable

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.correlation.contrasts import Contrast
from analysis.leaderboard.differences import Difference
from analysis.leaderboard.effect_words import step_text
from analysis.leaderboard.effects import Effect, Effects
from analysis.leaderboard.signs import Association, Sign
from analysis.report.escape import for_plotly
from analysis.report.style import AXIS, BLUE, INK, ORANGE, STOPPED, blank_figure

MOST_ROWS = 16
LABEL = 34
"""Characters of a row's name."""
MOST_NAMED = 4
"""Submissions of a set whose values are written beside their points."""
ROW = 34
"""Pixels of a row."""


def signs_figure(signs: tuple[Sign, ...], names: tuple[str, str]) -> go.Figure | None:
    """Rank correlations of every setting with both scores, called `names`; None without settings to compare."""
    if not signs:
        return None
    shown = list(signs[:MOST_ROWS])[::-1]
    figure = blank_figure(124 + ROW * len(shown))
    _zero_line(figure)
    _add_associations(figure, [one.cv for one in shown], 0.13, names[0], {"color": BLUE, "symbol": "circle"})
    _add_associations(
        figure, [one.leaderboard for one in shown], -0.13, names[1], {"color": ORANGE, "symbol": "diamond"}
    )
    figure.update_xaxes(title_text="Spearman with the score", range=[-1.05, 1.05], showgrid=True, zeroline=False)
    _name_rows(figure, [one.name for one in shown])
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"})
    return figure


def effects_figure(found: Effects) -> go.Figure | None:
    """Mean gains of changes that were made alone, those of most pairs first, a column per score; None without any."""
    shown = sorted(found.effects, key=lambda one: -len(one.pairs))[:MOST_ROWS][::-1]
    if not shown:
        return None
    scores = [*found.cv, found.leaderboard]
    figure = make_subplots(1, len(scores), shared_yaxes=True, horizontal_spacing=0.04)
    figure.update_layout(blank_figure(100 + ROW * len(shown)).layout)
    for column, score in enumerate(scores, 1):
        gains = [one.cv.get(score, one.leaderboard) for one in shown]
        colours = [_colour(one, score, found) for one in shown]
        figure.add_trace(_gains(gains, colours), row=1, col=column)
        title = f"gain of {for_plotly(score, 28)}"
        figure.update_xaxes(title_text=title, tickformat="+.2~g", nticks=5, row=1, col=column)
    figure.update_xaxes(**AXIS, showgrid=True, zeroline=True, zerolinecolor=STOPPED)
    figure.update_yaxes(**AXIS, zeroline=False)
    figure.update_yaxes(
        range=[-0.6, len(shown) - 0.4], tickvals=list(range(len(shown))), ticktext=_labels(map(_change, shown))
    )
    return figure


def contrast_figure(contrast: Contrast, cv: str, board: str) -> go.Figure:
    """Submissions that differ in one setting only: a line that falls says that the two scores contradict each other."""
    figure = blank_figure(250)
    colour = ORANGE if contrast.flipped else BLUE
    named = len(contrast.members) <= MOST_NAMED
    figure.add_scatter(
        x=[member.cv for member in contrast.members],
        y=[member.leaderboard for member in contrast.members],
        mode="lines+markers+text" if named else "lines+markers",
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 9},
        text=[for_plotly(member.value, 18) for member in contrast.members],
        textposition="top center",
        textfont={"size": 12, "color": INK},
        cliponaxis=False,
        customdata=[for_plotly(member.id) for member in contrast.members],
        hovertemplate="<b>%{customdata}</b>, %{text}<br>%{x:.5~g}, %{y:.5~g}<extra></extra>",
    )
    figure.update_xaxes(title_text=for_plotly(cv, 30), tickformat=".4~g", nticks=4, range=_room(contrast, "cv", 0.25))
    vertical = _room(contrast, "leaderboard", 0.3)
    figure.update_yaxes(title_text=for_plotly(board, 30), tickformat=".4~g", nticks=5, range=vertical)
    return figure


def _room(contrast: Contrast, name: str, share: float) -> list[float]:
    """A range with room for the names of the points."""
    values = [getattr(member, name) for member in contrast.members]
    margin = share * ((max(values) - min(values)) or abs(values[0]) * 0.01 or 1.0)
    return [min(values) - margin, max(values) + margin]


def _change(effect: Effect) -> str:
    return f"{step_text(effect.step)} ({len(effect.pairs)})"


def _colour(effect: Effect, score: str, found: Effects) -> str:
    flipped = bool(found.cv) and effect.flipped(found.cv[0])
    told = effect.cv.get(score, effect.leaderboard)
    return ORANGE if flipped else BLUE if told.status == "shown" else STOPPED


def _gains(gains: list[Difference], colours: list[str]) -> go.Scatter:
    margins = [0.0 if math.isnan(one.high) else one.high - one.mean for one in gains]
    return go.Scatter(
        x=[None if math.isnan(one.mean) else one.mean for one in gains],
        y=list(range(len(gains))),
        mode="markers",
        marker={"color": colours, "size": 10},
        error_x={"type": "data", "array": margins, "color": STOPPED, "thickness": 1.5, "width": 5},
        text=[f"{one.status}, {one.better} better and {one.worse} worse of {one.pairs} pairs" for one in gains],
        hovertemplate="<b>%{x:+.3~g}</b><br>%{text}<extra></extra>",
        showlegend=False,
    )


def _add_associations(
    figure: go.Figure, found: list[Association], offset: float, name: str, marker: dict[str, str]
) -> None:
    known = [not math.isnan(one.low) for one in found]
    up = [one.high - one.value if has else 0.0 for one, has in zip(found, known, strict=True)]
    down = [one.value - one.low if has else 0.0 for one, has in zip(found, known, strict=True)]
    figure.add_scatter(
        x=[one.value for one in found],
        y=[place + offset for place in range(len(found))],
        name=for_plotly(name),
        mode="markers",
        marker={**marker, "size": 10},
        error_x={"type": "data", "array": up, "arrayminus": down, "thickness": 1.5, "width": 4},
        hovertemplate="Spearman <b>%{x:+.2f}</b><extra>%{fullData.name}</extra>",
    )


def _zero_line(figure: go.Figure) -> None:
    figure.add_vline(x=0, line_width=1, line_color=STOPPED)


def _name_rows(figure: go.Figure, names: list[str]) -> None:
    figure.update_yaxes(
        range=[-0.6, len(names) - 0.4], tickvals=list(range(len(names))), ticktext=_labels(names), showgrid=False
    )


def _labels(names: Iterable[str]) -> list[str]:
    return [for_plotly(name, LABEL) for name in names]
