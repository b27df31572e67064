"""The hardest clips to be looked at: their spectrograms, with what was missed and what was heard instead."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.eda.view import Example
from analysis.report.escape import for_plotly
from analysis.report.style import QUIET, blank_figure

ACROSS = 2
"""Pictures side by side."""
PICTURE_PX, BETWEEN_PX, TOP_PX, BOTTOM_PX = 130, 80, 56, 40
TICKS_HZ = (500, 1000, 2000, 4000, 8000, 16_000)
NAMED = 30
"""Characters of a name."""


def spectrogram_figure(hardest: pd.DataFrame, pictures: Sequence[Example], max_hz: float) -> go.Figure:
    """The clips of `hardest_clips` that could be drawn, the worst first, two to a row, each as wide as it is long.

    Args:
        hardest: what `hardest_clips` returned.
        pictures: of its clips, with one mel axis (HTK's) for all.
        max_hz: the upper end of that axis.
    """
    about = {str(row["clip_id"]): row for row in hardest.to_dict("records")}
    shown = [one for one in pictures if one.clip_id in about]
    rows = max(1, -(-len(shown) // ACROSS))
    inside = rows * PICTURE_PX + (rows - 1) * BETWEEN_PX
    figure = make_subplots(
        rows,
        ACROSS,
        figure=blank_figure(inside + TOP_PX + BOTTOM_PX),
        subplot_titles=[_title(about[one.clip_id], one) for one in shown],
        vertical_spacing=BETWEEN_PX / inside,
        horizontal_spacing=0.08,
    )
    figure.update_layout(margin={"l": 12, "r": 12, "t": TOP_PX, "b": BOTTOM_PX})
    figure.update_annotations(font={"size": 12}, xanchor="left", align="left", yshift=2)
    longest = max((one.seconds for one in shown), default=1.0)
    for place, picture in enumerate(shown):
        _draw(figure, divmod(place, ACROSS), picture)
        figure.layout.annotations[place].x = figure.layout[f"xaxis{place + 1}" if place else "xaxis"].domain[0]
    axis = {
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickfont": {"size": 10, "color": QUIET},
    }
    figure.update_xaxes(axis, range=[0, longest], ticksuffix=" s", nticks=6)
    ticks = [hz for hz in TICKS_HZ if hz < 0.95 * max_hz]
    places = [float(_mel(hz) / _mel(max_hz)) for hz in ticks]
    names = [f"{hz / 1000:g} kHz" for hz in ticks]
    figure.update_yaxes(axis, range=[0, 1], tickvals=places, ticktext=names)
    return figure


def _draw(figure: go.Figure, place: tuple[int, int], picture: Example) -> None:
    where: dict[str, Any] = {"row": place[0] + 1, "col": place[1] + 1}
    figure.add_scatter(x=[0], y=[0], mode="none", hoverinfo="skip", **where)  # without it plotly drops the axes
    box = {"x": 0, "y": 1, "sizex": picture.seconds, "sizey": 1}
    figure.add_layout_image(source=picture.image, sizing="stretch", layer="below", **box, **where)


def _title(row: Mapping[Hashable, Any], picture: Example) -> str:
    """Two lines: which clip it is, and what went wrong."""
    labels, missed, alarm = (for_plotly(row[name], NAMED) for name in ("labels", "missed", "alarm"))
    said = f"is {labels or 'nothing'}"
    if missed:
        said += (
            f" ({row['missed_probability']:.2f})" if missed == labels else f": {missed} {row['missed_probability']:.2f}"
        )
    if alarm:
        said += f", not {alarm} ({row['alarm_probability']:.2f})"
    first = f"<b>{for_plotly(picture.clip_id, NAMED)}</b>  loss {row['loss']:.1f}"
    return f"{first}<br><span style='color:{QUIET}'>{said}</span>"


def _mel(hz: float) -> float:
    return float(np.log10(1 + hz / 700))
