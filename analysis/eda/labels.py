"""How many labels a clip has, and which go together."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.eda.parts import Absent, Panel, Section, Wide
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, blank_figure

TITLE = "Labels that go together"
MOST = 40
"""Classes in the heat map."""
CELL_PX = 18


def labels_section(view: DataView) -> Section | Absent:
    """Polyphony and co-occurrence of the training clips, secondary labels among them."""
    per_clip = labels_per_clip(view)
    if per_clip.empty:
        return Absent(TITLE, "no training clip is labelled")
    if per_clip.max() <= 1:
        empty = int((per_clip == 0).sum())
        none = f", {empty} clips none" if empty else ""
        return Absent(TITLE, f"single-label data: no training clip has more than one label{none}")
    heat = plot_of(together_figure(view), "Share of a class's clips that have another class, too")
    bars = plot_of(polyphony_figure(view), "Clips by number of labels")
    assert heat is not None
    assert bars is not None
    return Section(
        TITLE,
        f"Of the clips of a row's class, the share that has the column's class, too: the {MOST} most frequent of the "
        "classes that ever share a clip, similar ones side by side. Secondary labels count; a class with itself is "
        "left white.",
        facts=[
            f"{(per_clip > 1).mean():.0%} of the labelled clips have more than one label, {per_clip.max()} at most."
        ],
        wide=Wide(heat, 0),
        panels=[Panel("Labels per clip", bars)],
    )


def labels_per_clip(view: DataView) -> pd.Series:
    """(labelled training clips,) how many labels each has, secondary ones among them."""
    return pd.Series(np.asarray(view.matrix.sum(axis=1)).ravel(), dtype=int)


def polyphony_figure(view: DataView) -> go.Figure:
    """Clips by their number of labels."""
    counts = labels_per_clip(view).value_counts().sort_index()
    figure = blank_figure(240)
    hover = "%{x} labels: %{y} clips<extra></extra>"
    figure.add_bar(x=counts.index.tolist(), y=counts.tolist(), marker_color=BLUE, hovertemplate=hover, width=0.7)
    figure.update_xaxes(title_text="labels", dtick=max(1, len(counts) // 10))
    figure.update_yaxes(title_text="clips")
    return figure


def together_figure(view: DataView) -> go.Figure:
    """The heat map of conditional shares, in the order of a clustering."""
    names, both, own = _together(view)
    share = np.where(np.eye(len(names), dtype=bool), np.nan, both / own[:, None])
    labels = [for_plotly(name, 22) for name in names]
    figure = blank_figure(max(240, CELL_PX * len(names) + 150))
    figure.add_heatmap(
        z=np.round(share, 4).tolist(),
        customdata=both.tolist(),
        colorscale=[[0, "#ffffff"], [0.02, "#deebf7"], [0.4, "#6baed6"], [1, "#08306b"]],
        zmin=0,
        zmax=max(0.05, float(np.nanmax(share))),
        xgap=1,
        ygap=1,
        text=[[f"{row} with {column}" for column in labels] for row in labels],
        hovertemplate="%{text}<br>%{z:.1%}, %{customdata} clips<extra></extra>",
        colorbar={"tickformat": ".0%", "thickness": 12, "outlinewidth": 0, "len": 0.6},
    )
    ticks = {"tickvals": list(range(len(labels))), "ticktext": labels, "showgrid": False, "showline": False}
    figure.update_xaxes(**ticks, tickangle=-60, tickfont={"size": 11}, constrain="domain")
    figure.update_yaxes(**ticks, autorange="reversed", tickfont={"size": 11})
    return figure


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
