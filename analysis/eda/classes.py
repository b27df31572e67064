"""How often each class was recorded, and how long the tail is."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.axes import log_axis
from analysis.eda.bars import bars_figure
from analysis.eda.parts import Absent, Panel, Section, Wide
from analysis.eda.view import TRAIN, DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, blank_figure
from analysis.report.words import count

TITLE = "Classes"
FEW_CLASSES = 30
"""Up to here a row per class, with its name beside it; more are columns to scroll through."""
COLUMN_PX, ROW_PX = 14, 22
FEWER_THAN = (2, 5, 10, 20, 50, 100)
OTHER_MARKS = ((GREEN, "square"), (PURPLE, "triangle-up"), (INK, "circle"))
OUTLINE = {"width": 1, "color": "white"}
WIDE_SPAN = 30
"""From this ratio of the most to the fewest clips on, the axis is logarithmic."""


def classes_section(view: DataView) -> Section | Absent:
    """Clips per class of the training clips, the rare classes counted."""
    if view.classes.empty:
        return Absent(TITLE, "no training clip has a label")
    width = COLUMN_PX * len(view.classes) + 80 if len(view.classes) > FEW_CLASSES else 0
    plot = plot_of(class_figure(view), "Clips per class")
    assert plot is not None
    panels = list(_panels(view)) if len(view.classes) > FEW_CLASSES else []
    return Section(TITLE, _note(view, width), facts=[tail_sentence(view)], wide=Wide(plot, width), panels=panels)


def _note(view: DataView, width: int) -> str:
    words = ["Clips with a class as a label, the most frequent first."]
    words += ["The axis is logarithmic."] if _is_logarithmic(view) else []
    words += ["Orange: clips that have it as a secondary label."] if view.classes["secondary"].any() else []
    words += ["Training clips; other labelled subsets as marks of their own."] if _others(view) else []
    words += ["Scroll sideways for the rare ones, hover for names."] if width > 1100 else []
    return " ".join(words)


def _panels(view: DataView) -> Iterator[Panel]:
    """The tail of more classes than have a row each."""
    tail = plot_of(tail_figure(view), "Cumulative share of clips over the classes")
    rare = rare_counts(view)
    bars = plot_of(bars_figure(rare, what="classes"), "Rare classes") if len(rare) else None
    if tail is not None:
        yield Panel("The tail", tail)
    if bars is not None:
        yield Panel("Classes with few clips", bars)


def rare_counts(view: DataView) -> pd.Series:
    """How many classes have fewer than 2, 5, ... clips; where none has, nothing."""
    clips = view.classes["clips"]
    found = {"secondary label only": int((clips == 0).sum())}
    found |= {f"fewer than {k}": int((clips < k).sum()) for k in FEWER_THAN}
    return pd.Series({name: n for name, n in found.items() if n}, dtype=int)


def class_figure(view: DataView) -> go.Figure:
    """Clips of each class: bars of labels, marks of secondary labels and of other labelled subsets."""
    table = view.classes
    flat = len(table) <= FEW_CLASSES
    figure = blank_figure(90 + ROW_PX * len(table) if flat else 420)
    names = [for_plotly(name, 60) for name in table.index]
    places = list(range(len(table)))
    marks = list(_marks(view))
    bars = {"color": BLUE, "opacity": 0.5 if marks else 1}
    _add(figure, flat, go.Bar, places, table["clips"].tolist(), names, name="label", marker=bars, width=0.7)
    for name, counts, mark in marks:
        _add(figure, flat, go.Scatter, places, counts, names, name=name, marker=mark, mode="markers")
    _class_axes(figure, flat, names, _counts_axis(view))
    figure.update_layout(showlegend=bool(marks), legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})
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
    if counts.max() == counts.min():
        return f"Each of {len(counts)} classes has {count(int(counts.max()), 'clip')}."
    half = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 1
    rarest = counts[counts > 0].min()
    return (
        f"{half} of {len(counts)} classes hold half of the labels; the most "
        f"frequent has {counts.max()} clips, the rarest {rarest}: {counts.max() / rarest:.0f} to 1."
    )


def _marks(view: DataView) -> Iterator[tuple[str, list[int], dict[str, object]]]:
    """Name, clips per class and look of what is drawn over the bars."""
    secondary = view.classes["secondary"].tolist()
    if any(secondary):
        yield "secondary label", secondary, {"color": ORANGE, "symbol": "diamond", "size": 8, "line": OUTLINE}
    for (subset, counts), (color, symbol) in zip(_others(view).items(), OTHER_MARKS, strict=False):
        look = {"color": color, "symbol": symbol, "size": 8, "line": OUTLINE}
        yield f"label in {for_plotly(subset, 24)}", counts, look


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
    value = "%{x}" if flat else "%{y}"
    hover = f"<b>%{{text}}</b><br>{look['name']}: {value}<extra></extra>"
    more = {"textposition": "none"} if kind is go.Bar else {}
    figure.add_trace(kind(**shown, text=labels, hovertemplate=hover, **more, **look))


def _is_logarithmic(view: DataView) -> bool:
    counts = view.classes["clips"]
    return bool(counts.max() >= WIDE_SPAN * counts[counts > 0].min())


def _counts_axis(view: DataView) -> dict[str, object]:
    most = max(int(view.classes.to_numpy().max()), *(max(counts) for counts in _others(view).values()), 1)
    shown = (
        log_axis(1, most) if _is_logarithmic(view) else {"range": [0, 1.05 * most], "dtick": 1 if most <= 10 else None}
    )
    return {"title_text": "clips", **shown}


def _class_axes(figure: go.Figure, flat: bool, names: list[str], counts: dict[str, object]) -> None:
    short = [name if len(name) <= 26 else name[:25] + "…" for name in names]
    ticks = {"tickvals": list(range(len(names))), "ticktext": short, "showgrid": False}
    if flat:
        figure.update_xaxes(**counts, showgrid=True)
        figure.update_yaxes(**ticks, range=[len(names) - 0.4, -0.6])
    else:
        figure.update_yaxes(**counts)
        figure.update_xaxes(**ticks, tickangle=-90, range=[-0.7, len(names) - 0.3], tickfont={"size": 10})
