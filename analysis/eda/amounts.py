"""How long clips are, and how the columns with few values divide them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, INK, QUIET, SERIES, blank_figure

MOST_VALUES = 14
COUNTED = {"collection": "Collections", "rating": "Ratings", "verified": "Verified by hand", "fold": "Published folds"}
BINS = 40


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
    span = f"Shortest {seconds.min():.3g}, quartiles {quartiles}, longest {seconds.max():.4g}."
    note = f"Seconds, on a logarithmic axis. {span}"
    return Section(title, note, panels=[Panel("Clips by length", plot)] if plot else [])


def duration_figure(view: DataView) -> go.Figure:
    """Clips by length as steps, a colour per subset."""
    seconds = view.clips["duration_s"].clip(lower=1e-3)
    edges = np.geomspace(seconds.min() / 1.02, seconds.max() * 1.02, BINS + 1)
    figure = blank_figure(280)
    largest = view.subset.value_counts().index[: len(SERIES)]
    for color, subset in zip(SERIES, largest, strict=False):
        counts = np.histogram(seconds[view.subset == subset], edges)[0]
        figure.add_scatter(
            x=edges.tolist(),
            y=[*counts.tolist(), int(counts[-1])],
            name=for_plotly(subset, 24),
            line={"shape": "hv", "color": color, "width": 2},
            fill="tozeroy" if len(largest) == 1 else None,
            mode="lines",
            hovertemplate="from %{x:.3g} s: %{y} clips<extra></extra>",
        )
    figure.update_xaxes(type="log", title_text="seconds", dtick="D2" if edges[-1] / edges[0] < 50 else 1)
    figure.update_yaxes(title_text="clips", rangemode="tozero")
    figure.update_layout(showlegend=len(largest) > 1, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})
    return figure


def values_section(view: DataView) -> Section | Absent:
    """Clips by subset, collection, rating, verification and published fold, as far as they are known."""
    panels = list(_panels(view))
    if not panels:
        return Absent("Parts", "one subset, and no collection, rating, verification or fold is known")
    return Section("Parts", "Clips by the columns that divide them; grey: not known.", panels=panels)


def bars_figure(counts: pd.Series, missing: int, what: str = "clips") -> go.Figure:
    """A bar per value in the order given, the rest in one, and those without a value in grey."""
    rest = counts.iloc[MOST_VALUES:]
    rows = [(for_plotly(name, 26), int(n), BLUE) for name, n in counts.iloc[:MOST_VALUES].items()]
    rows += [(f"{len(rest)} more", int(rest.sum()), QUIET)] if len(rest) else []
    rows += [("not known", missing, "#b8c4ce")] if missing else []
    names, values, colors = (list(each) for each in zip(*rows, strict=True))
    places = list(range(len(rows)))
    figure = blank_figure(64 + 24 * len(rows))
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
    figure.update_xaxes(showticklabels=False, ticks="", showline=False, range=[0, max(values) * 1.18])
    figure.update_yaxes(tickvals=places, ticktext=names, range=[len(rows) - 0.4, -0.6], showgrid=False, ticks="")
    return figure


def _panels(view: DataView) -> Iterator[Panel]:
    subsets = view.subset.value_counts()
    if len(subsets) > 1:
        yield _panel("Subsets", subsets, 0)
        hours = view.clips.groupby(view.subset)["duration_s"].sum() / 3600
        yield _panel("Minutes by subset", (60 * hours).round().astype(int)[subsets.index], 0, "minutes")
    for column, title in COUNTED.items():
        values = view.clips[column]
        if values.notna().any():
            ordered = values.value_counts()
            yield _panel(title, ordered if column == "collection" else ordered.sort_index(), int(values.isna().sum()))


def _panel(title: str, counts: pd.Series, missing: int, what: str = "clips") -> Panel:
    plot = plot_of(bars_figure(counts, missing, what), title)
    assert plot is not None
    return Panel(title, plot)
