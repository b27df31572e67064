"""What picking by a validation score costs: the regret curve, and the spread of scores beside their noise."""

import numpy as np
import plotly.graph_objects as go

from analysis.correlation.facts import Slice
from analysis.correlation.noise import NoiseFloor
from analysis.correlation.pairs import Pairs
from analysis.correlation.regret_curve import regret_curve
from analysis.report.escape import for_plotly
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.subject import Subject
from analysis.report.style import BLUE, ORANGE, SERIES, STOPPED, blank_figure

MOST_CURVES = 3
"""Validation scores whose regret is drawn."""


def regret_figure(found: Examined) -> go.Figure | None:
    """The regret of the k best by each of the first scores, and of k at random; None below two submissions."""
    answers = [one for one in found.headlines if one.leaderboard == found.headline.leaderboard and one.n > 1]
    if not answers:
        return None
    figure = blank_figure(330)
    curve = regret_curve(*_xy(found.subject, answers[0]))
    _add_line(figure, [one.at_random for one in curve], "at random, on average", {"color": STOPPED, "dash": "dash"})
    for index, one in enumerate(answers[:MOST_CURVES]):
        values = [each.regret for each in regret_curve(*_xy(found.subject, one))]
        label = one.cv if one.kind == "all" else f"{one.cv} ({one.name})"
        _add_line(figure, values, label, {"color": SERIES[index], "width": 2.5})
    figure.update_xaxes(
        title_text="submissions made, k", rangemode="tozero", tick0=1, dtick=max(1, -(-len(curve) // 12))
    )
    figure.update_yaxes(title_text=f"lost of {for_plotly(found.headline.leaderboard)}", rangemode="tozero")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return figure


def noise_figure(values: np.ndarray, score: str, floor: NoiseFloor) -> go.Figure:
    """The submissions' scores ``(n,)`` above the ranges that one configuration has: as given, and of as many runs."""
    given = {"its range as given": floor.noise.range} if floor.noise.range else {}
    bars = {f"one configuration, {len(values)} runs": floor.range_of_noise, **given}
    figure = blank_figure(120 + 26 * len(bars))
    middle = float(values.min() + values.max()) / 2
    reach = 0.54 * max(float(np.ptp(values)), *bars.values())
    for place, width in enumerate(bars.values()):
        _add_bar(figure, middle, width, -place)
    figure.add_scatter(
        x=values.tolist(),
        y=[1.0] * len(values),
        mode="markers",
        marker={"symbol": "line-ns", "size": 18, "line": {"width": 2, "color": BLUE}},
        hovertemplate="%{x:.5~g}<extra></extra>",
    )
    figure.update_xaxes(title_text=for_plotly(score), tickformat=".5~g", range=[middle - reach, middle + reach])
    places = [1, *(-place for place in range(len(bars)))]
    names = ["submissions", *bars]
    figure.update_yaxes(tickvals=places, ticktext=names, range=[-len(bars) + 0.3, 1.7], showgrid=False)
    return figure


def _xy(subject: Subject, one: Slice) -> tuple[np.ndarray, np.ndarray]:
    pairs = Pairs.of(subject.table, one.cv, one.leaderboard, subject.options.lower_is_better)
    pairs = pairs if one.kind == "all" else pairs.where(one.column, one.value)
    return pairs.x, pairs.y


def _add_line(figure: go.Figure, values: list[float], name: str, line: dict[str, object]) -> None:
    figure.add_scatter(
        x=list(range(1, len(values) + 1)),
        y=values,
        name=for_plotly(name),
        mode="lines+markers",
        marker={"size": 6 if len(values) < 40 else 1},
        line=line,
        hovertemplate="%{x} submitted: %{y:.3~g} lost<extra></extra>",
    )


def _add_bar(figure: go.Figure, middle: float, width: float, y: float) -> None:
    figure.add_scatter(
        x=[middle - width / 2, middle + width / 2],
        y=[y, y],
        mode="lines",
        line={"color": ORANGE, "width": 10},
        opacity=0.6,
        text=[f"range {width:.3g}"] * 2,
        hovertemplate="%{text}<extra></extra>",
    )
