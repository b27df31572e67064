"""How long clips are, and how the columns with few values divide them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.axes import log_axis
from analysis.eda.bars import bars_figure
from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import SERIES, blank_figure

COUNTED = {"collection": "Collections", "rating": "Ratings", "verified": "Verified by hand", "fold": "Published folds"}
BINS = 40
WIDE_SPAN = 5
"""From this ratio of the longest clip to the shortest on, lengths are drawn on a logarithmic axis."""


def durations_section(view: DataView) -> Section | Absent:
    """Lengths of clips, a line per subset."""
    seconds = view.clips["duration_s"].dropna()
    if seconds.empty:
        return Absent("Lengths", "no clip has a length")
    title = "Lengths"
    quartiles = ", ".join(f"{value:.3g}" for value in seconds.quantile([0.25, 0.5, 0.75]))
    if seconds.max() - seconds.min() < 0.01:
        return Absent(title, f"every clip is {seconds.median():.4g} s long")
    plot = plot_of(duration_figure(view), "Clips by length")
    note = f"Seconds. Shortest {seconds.min():.3g}, quartiles {quartiles}, longest {seconds.max():.4g}."
    return Section(title, note, panels=[Panel("Clips by length", plot)] if plot else [])


def duration_figure(view: DataView) -> go.Figure:
    """Clips by length as steps, a colour per subset."""
    seconds = view.clips["duration_s"].clip(lower=1e-3)
    least, most = float(seconds.min()), float(seconds.max())
    logarithmic = most / least >= WIDE_SPAN
    edges = np.geomspace(least / 1.02, most * 1.02, BINS) if logarithmic else np.linspace(least, most, BINS)
    figure = blank_figure(280)
    largest = view.subset.value_counts().index[: len(SERIES)]
    for color, subset in zip(SERIES, largest, strict=False):
        counts = np.histogram(seconds[view.subset == subset], edges)[0]
        _add_steps(figure, edges, counts, for_plotly(subset, 24), color)
    figure.update_xaxes(title_text="seconds", **(log_axis(least, most) if logarithmic else {}))
    figure.update_yaxes(title_text="clips", rangemode="tozero")
    figure.update_layout(showlegend=len(largest) > 1, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})
    return figure


def _add_steps(figure: go.Figure, edges: np.ndarray, counts: np.ndarray, name: str, color: str) -> None:
    """A histogram's outline between its first and its last clip: lines along zero would hide each other."""
    filled = np.flatnonzero(counts)
    if not len(filled):
        return
    first, last = filled[0], filled[-1]
    figure.add_scatter(
        x=[edges[first], *edges[first : last + 2].tolist(), edges[last + 1]],
        y=[0, *counts[first : last + 1].tolist(), int(counts[last]), 0],
        name=name,
        line={"shape": "hv", "color": color, "width": 2},
        fill="tozeroy",
        fillcolor=f"{color}22",
        mode="lines",
        hovertemplate="from %{x:.3g} s: %{y} clips<extra></extra>",
    )


def values_section(view: DataView) -> Section | Absent:
    """Clips by subset, collection, rating, verification and published fold, as far as they are known."""
    panels = list(_panels(view))
    if not panels:
        return Absent("Parts", "one subset, and no collection, rating, verification or fold is known")
    return Section("Parts", "Clips by the columns that divide them; grey: not known.", panels=panels)


def _panels(view: DataView) -> Iterator[Panel]:
    subsets = view.subset.value_counts()
    if len(subsets) > 1:
        yield _panel("Subsets", subsets)
        minutes = view.clips.groupby(view.subset)["duration_s"].sum()[subsets.index] / 60
        yield _panel(
            "Minutes by subset",
            minutes.round(1) if minutes.max() < 100 else minutes.round().astype(int),
            what="minutes",
        )
    for column, title in COUNTED.items():
        values = view.clips[column]
        if values.notna().any():
            ordered = _named(values).value_counts()
            yield _panel(title, ordered if column == "collection" else ordered.sort_index(), int(values.isna().sum()))


def _named(values: pd.Series) -> pd.Series:
    """Booleans as words."""
    return values.map(lambda value: {True: "yes", False: "no"}[value] if isinstance(value, bool) else value)


def _panel(title: str, counts: pd.Series, missing: int = 0, what: str = "clips") -> Panel:
    plot = plot_of(bars_figure(counts, missing, what), title)
    assert plot is not None
    return Panel(title, plot)
