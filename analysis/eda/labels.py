"""How many labels a clip has, and which go together."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.eda.bars import bars_figure
from analysis.eda.parts import Absent, Panel, Section, Wide
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import blank_figure

TITLE = "Labels that go together"
MOST = 40
"""Classes in the heat map."""
FEW, CELL_PX, ROOMY_CELL_PX = 14, 18, 36
"""Up to 14 classes, cells are larger and hold their numbers, and the figure takes half of the page."""
SCALE = [[0, "#ffffff"], [0.02, "#deebf7"], [0.4, "#6baed6"], [1, "#08306b"]]


def labels_section(view: DataView) -> Section | Absent:
    """Polyphony and co-occurrence of the training clips, secondary labels among them."""
    per_clip = labels_per_clip(view)
    if per_clip.empty:
        return Absent(TITLE, "no training clip is labelled")
    if per_clip.max() <= 1:
        empty = int((per_clip == 0).sum())
        none = f", {empty} clips none" if empty else ""
        return Absent(TITLE, f"single-label data: no training clip has more than one label{none}")
    figure = together_figure(view)
    heat = plot_of(figure, "Share of a class's clips that have another class, too")
    bars = plot_of(polyphony_figure(view), "Clips by number of labels")
    assert heat is not None
    assert bars is not None
    few = len(figure.data[0].z) <= FEW
    first = [Panel("A row's clips with the column's class", heat)] if few else []
    return Section(
        TITLE,
        _note(few),
        facts=[
            f"{(per_clip > 1).mean():.0%} of the labelled clips have more than one label, {per_clip.max()} at most."
        ],
        wide=None if few else Wide(heat, 0),
        panels=[*first, Panel("Labels per clip", bars)],
    )


def _note(few: bool) -> str:
    which = "the classes" if few else f"the {MOST} most frequent of the classes"
    return (
        f"Of the clips of a row's class, the share that has the column's class, too: {which} that ever share a clip, "
        "similar ones side by side. Secondary labels count; a class with itself is left white."
    )


def labels_per_clip(view: DataView) -> pd.Series:
    """(labelled training clips,) how many labels each has, secondary ones among them."""
    return pd.Series(np.asarray(view.matrix.sum(axis=1)).ravel(), dtype=int)


def polyphony_figure(view: DataView) -> go.Figure:
    """Clips by their number of labels."""
    counts = labels_per_clip(view).value_counts().sort_index()
    counts.index = ["none" if n == 0 else "1 label" if n == 1 else f"{n} labels" for n in counts.index]
    return bars_figure(counts)


def together_figure(view: DataView) -> go.Figure:
    """The heat map of conditional shares, in the order of a clustering."""
    names, both, own = _together(view)
    share = np.where(np.eye(len(names), dtype=bool), np.nan, both / own[:, None])
    labels = [for_plotly(name, 22) for name in names]
    few = len(names) <= FEW
    figure = blank_figure(max(200, 110 + (ROOMY_CELL_PX if few else CELL_PX) * len(names)))
    figure.add_heatmap(
        z=np.round(share, 4).tolist(),
        customdata=both.tolist(),
        hovertext=[[f"{row} with {column}" for column in labels] for row in labels],
        hovertemplate="%{hovertext}<br>%{z:.1%}, %{customdata} clips<extra></extra>",
        text=[[f"{each:.0%}" if each > 0 else "" for each in row] for row in share],
        texttemplate="%{text}" if few else None,
        showscale=not few,
        **_colors(float(np.nanmax(share))),
    )
    ticks = {
        "tickvals": list(range(len(labels))),
        "ticktext": labels,
        "showgrid": False,
        "showline": False,
        "ticks": "",
    }
    figure.update_xaxes(**ticks, tickangle=None if len(names) < 5 else -60, tickfont={"size": 11})
    figure.update_yaxes(**ticks, autorange="reversed", tickfont={"size": 11})
    return figure


def _colors(most: float) -> dict[str, object]:
    bar = {"tickformat": ".0%", "thickness": 12, "outlinewidth": 0, "len": 0.6}
    return {"colorscale": SCALE, "zmin": 0, "zmax": max(0.05, most), "xgap": 1, "ygap": 1, "colorbar": bar}


def _together(view: DataView) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, (classes, classes) clips that have both, (classes,) clips, in clustered order."""
    counts = (view.matrix.T @ view.matrix).toarray()
    own = counts.diagonal()
    shares = np.flatnonzero(counts.sum(axis=1) > own)
    chosen = shares[np.argsort(-own[shares], kind="stable")[:MOST]]
    counts, own = counts[np.ix_(chosen, chosen)], own[chosen]
    jaccard = counts / (own[:, None] + own[None] - counts)
    distance = squareform(1 - jaccard, checks=False)
    order = leaves_list(linkage(distance, "average", optimal_ordering=True)) if len(chosen) > 2 else np.arange(len(own))
    names = [str(view.classes.index[index]) for index in chosen[order]]
    return names, counts[np.ix_(order, order)], own[order]
