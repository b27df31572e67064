"""How often each class was recorded, and how long the tail is."""

import numpy as np
import plotly.graph_objects as go

from analysis.eda.parts import Absent, Panel, Section, Wide, table_of
from analysis.eda.view import TRAIN, DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, blank_figure

TITLE = "Classes"
FEW_CLASSES = 30
"""Up to here a row per class, with its name beside it; more are columns to scroll through."""
COLUMN_PX, ROW_PX = 14, 22
FEWER_THAN = (2, 5, 10, 20, 50, 100)
OTHER_MARKS = ((GREEN, "square-open"), (PURPLE, "triangle-up-open"), (INK, "circle-open"))


def classes_section(view: DataView) -> Section | Absent:
    """Clips per class of the training clips, the rare classes counted."""
    if view.classes.empty:
        return Absent(TITLE, "no training clip has a label")
    width = COLUMN_PX * len(view.classes) + 80 if len(view.classes) > FEW_CLASSES else 0
    plot = plot_of(class_figure(view), "Clips per class")
    tail = plot_of(tail_figure(view), "Cumulative share of clips over the classes")
    assert plot is not None
    assert tail is not None
    counts = view.classes["clips"]
    rows = [[f"fewer than {k}", (counts < k).sum(), f"{(counts < k).mean():.0%}"] for k in FEWER_THAN]
    rows.insert(0, ["none: secondary label only", (counts == 0).sum(), f"{(counts == 0).mean():.0%}"])
    return Section(
        TITLE,
        "Clips with a class as a label, the most frequent first, on a logarithmic axis; orange: clips that have it "
        "as a secondary label. Training clips; other labelled subsets as marks of their own." + _scroll_hint(width),
        wide=Wide(plot, width),
        panels=[Panel("The tail", tail, tail_sentence(view))],
        table=table_of(["clips", "classes", "share"], rows, [False, True, True]),
        table_title="Rare classes",
    )


def class_figure(view: DataView) -> go.Figure:
    """Clips of each class: bars of labels, marks of secondary labels and of other labelled subsets."""
    table = view.classes
    flat = len(table) <= FEW_CLASSES
    figure = blank_figure(90 + ROW_PX * len(table) if flat else 420)
    names = [for_plotly(name, 60) for name in table.index]
    places = list(range(len(table)))
    _add(figure, flat, go.Bar, places, table["clips"].tolist(), names, name="label", marker_color=BLUE, width=0.7)
    if table["secondary"].any():
        mark = {"color": ORANGE, "symbol": "diamond", "size": 7}
        _add(figure, flat, go.Scatter, places, table["secondary"].tolist(), names, name="secondary label", marker=mark)
    for (subset, counts), (color, symbol) in zip(_others(view).items(), OTHER_MARKS, strict=False):
        mark = {"color": color, "symbol": symbol, "size": 7, "line": {"width": 1.5}}
        _add(figure, flat, go.Scatter, places, counts, names, name=f"label in {for_plotly(subset, 24)}", marker=mark)
    _class_axes(figure, flat, names, int(table.to_numpy().max(initial=1)))
    figure.update_layout(
        showlegend=len(figure.data) > 1, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    )
    return figure


def tail_figure(view: DataView) -> go.Figure:
    """The share of all labels that the most frequent classes have, over the share of classes."""
    counts = view.classes["clips"].to_numpy()
    ranks = np.arange(len(counts) + 1)
    share = np.concatenate([[0], np.cumsum(counts)]) / max(1, counts.sum())
    keep = np.unique(np.linspace(0, len(counts), 400).astype(int))
    figure = blank_figure(260)
    figure.add_scatter(
        x=ranks[keep].tolist(),
        y=share[keep].tolist(),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        hovertemplate="the first %{x} classes: %{y:.1%}<extra></extra>",
    )
    even = {"color": QUIET, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, len(counts)], y=[0, 1], mode="lines", line=even, hoverinfo="skip")
    figure.update_xaxes(title_text="classes, the most frequent first (dotted: all alike)", rangemode="tozero")
    figure.update_yaxes(title_text="share of labels", tickformat=".0%", range=[0, 1.03])
    return figure


def tail_sentence(view: DataView) -> str:
    """How few classes hold half of the labels."""
    counts = view.classes["clips"].to_numpy()
    if not counts.sum():
        return "All labels are secondary ones."
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    rarest = counts[counts > 0].min()
    return (
        f"{half} of {len(counts)} hold half of the labels; the most "
        f"frequent has {counts.max()} clips, the rarest {rarest}: {counts.max() / rarest:.0f} to 1."
    )


def _others(view: DataView) -> dict[str, list[int]]:
    """Clips per class of the labelled subsets beside the training clips, in the order of `classes`."""
    found = {}
    for subset, rows in view.clips[view.clips["labels"].notna()].groupby(view.subset):
        if subset != TRAIN:
            counts = rows["labels"].explode().value_counts()
            found[str(subset)] = [int(counts.get(name, 0)) for name in view.classes.index]
    return {subset: counts for subset, counts in found.items() if any(counts)}


def _add(
    figure: go.Figure, flat: bool, kind: type, places: list[int], values: list[int], names: list[str], **look: object
) -> None:
    """A trace of counts; zeros have no place on a logarithmic axis."""
    kept = [(place, value, name) for place, value, name in zip(places, values, names, strict=True) if value]
    along, across, labels = (list(each) for each in zip(*kept, strict=True)) if kept else ([], [], [])
    shown = {"x": across, "y": along, "orientation": "h"} if flat else {"x": along, "y": across}
    if kind is go.Scatter:
        look["mode"] = "markers"
    value = "%{x}" if flat else "%{y}"
    hover = f"<b>%{{text}}</b><br>{look['name']}: {value}<extra></extra>"
    more = {"textposition": "none"} if kind is go.Bar else {}
    figure.add_trace(kind(**shown, text=labels, hovertemplate=hover, **more, **look))


def _class_axes(figure: go.Figure, flat: bool, names: list[str], most: int) -> None:
    counts = {"type": "log", "title_text": "clips", "range": [np.log10(0.7), np.log10(most * 1.3)], "dtick": 1}
    short = [name if len(name) <= 26 else name[:25] + "…" for name in names]
    ticks = {"tickvals": list(range(len(names))), "ticktext": short, "showgrid": False}
    if flat:
        figure.update_xaxes(**counts, showgrid=True)
        figure.update_yaxes(**ticks, range=[len(names) - 0.4, -0.6])
    else:
        figure.update_yaxes(**counts)
        figure.update_xaxes(**ticks, tickangle=-90, range=[-0.7, len(names) - 0.3], tickfont={"size": 10})


def _scroll_hint(width: int) -> str:
    return " Scroll sideways for the rare ones, hover for names." if width > 1100 else ""
