"""The recordings as measured: formats, levels, and up to which frequency there is anything."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.amounts import bars_figure
from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, INK, ORANGE, blank_figure
from analysis.report.words import count

FORMATS, LEVELS, BANDWIDTH = "Formats", "Levels", "Bandwidth"
NOTHING = "no recording was measured"
GROUPS = ("sample_rate", "format", "subset", "collection", "extra_device", "site")
"""Columns that may tell recorders apart; more `extra_*` columns follow."""
MOST_GROUPS, MOST_PANELS, MOST_MARKS = 14, 4, 400


def formats_section(view: DataView) -> Section | Absent:
    """Sampling rates, channels and formats as published."""
    audio = view.measured
    if audio.empty:
        return Absent(FORMATS, NOTHING)
    rates = audio["sample_rate"].value_counts().sort_index()
    rates.index = [f"{rate / 1000:g} kHz" for rate in rates.index]
    channels = audio["channels"].value_counts().sort_index()
    channels.index = ["mono" if n == 1 else "stereo" if n == 2 else f"{n} channels" for n in channels.index]
    counts = {"Sampling rate": rates, "Channels": channels, "Format": audio["format"].value_counts()}
    plots = [(title, plot_of(bars_figure(each, 0, "recordings"), title)) for title, each in counts.items()]
    note = f"As published, of {_how_many(view)}."
    return Section(FORMATS, note, panels=[Panel(title, plot) for title, plot in plots if plot])


def levels_section(view: DataView) -> Section | Absent:
    """Peaks and levels."""
    if view.measured.empty:
        return Absent(LEVELS, NOTHING)
    plots = [("Peak", level_figure(view.measured["peak_db"], "peak (dBFS)"))]
    plots += [("Level", level_figure(view.measured["rms_db"], "root mean square (dBFS)"))]
    panels = [Panel(title, plot) for title, figure in plots if (plot := plot_of(figure, title))]
    note = f"Of {_how_many(view)}, channels averaged. A peak above 0 dBFS is what a lossy codec overshot."
    return Section(LEVELS, note, panels=panels)


def level_figure(decibels: pd.Series, title: str) -> go.Figure:
    """Recordings by level; below -100 dBFS counts as -100."""
    figure = blank_figure(240)
    values = decibels.clip(lower=-100)
    counts, edges = np.histogram(values, np.arange(np.floor(values.min() / 2) * 2, max(2.0, values.max()) + 2, 2))
    figure.add_bar(
        x=(edges[:-1] + 1).tolist(),
        y=counts.tolist(),
        width=1.8,
        marker_color=BLUE,
        hovertemplate="%{x} ± 1 dBFS: %{y} recordings<extra></extra>",
    )
    figure.update_xaxes(title_text=title)
    figure.update_yaxes(title_text="recordings")
    return figure


def bandwidth_section(view: DataView) -> Section | Absent:
    """Effective bandwidth, by what may tell recorders apart."""
    if view.measured.empty or not view.measured["bandwidth_hz"].gt(0).any():
        return Absent(BANDWIDTH, NOTHING)
    columns = list(_grouping(view.measured))[:MOST_PANELS]
    panels = [
        Panel(f"By {_plain(column)}", plot)
        for column in columns
        if (plot := plot_of(bandwidth_figure(view.measured, column), f"Bandwidth by {_plain(column)}"))
    ]
    note = (
        f"The frequency above which a recording is empty, a mark per recording of {_how_many(view)}; the bar is a "
        "group's median, the orange line half the median sampling rate. Where groups differ, emptiness tells the "
        "device or collection, and with it perhaps the class. Empty: below the rounding noise of 16 bits, or behind a "
        "filter that ends everything at once."
    )
    return Section(BANDWIDTH, note, facts=[bandwidth_sentence(view.measured)], panels=panels)


def bandwidth_sentence(audio: pd.DataFrame) -> str:
    """How many recordings have less than their sampling rate could hold."""
    share = 2 * audio["bandwidth_hz"] / audio["sample_rate"]
    narrow = int((share < 0.5).sum())
    return (
        f"The median recording holds sound up to {audio['bandwidth_hz'].median() / 1000:.1f} kHz; {narrow} of "
        f"{len(audio)} hold nothing in the upper half of what their sampling rate allows."
    )


def bandwidth_figure(audio: pd.DataFrame, column: str) -> go.Figure:
    """Bandwidths as marks, a row per value of a column."""
    audio = audio[audio["bandwidth_hz"].notna()]
    groups = audio[column].fillna("not known").astype(str)
    names = groups.value_counts().index[:MOST_GROUPS].tolist()
    if column == "sample_rate":
        names.sort(key=float)
    figure = blank_figure(80 + 40 * len(names))
    for place, name in enumerate(names):
        _add_group(figure, audio[groups == name], place)
    figure.update_xaxes(title_text="bandwidth (kHz)", rangemode="tozero", showgrid=True)
    labels = [f"{_value(column, name)} ({(groups == name).sum()})" for name in names]
    ticks = {"tickvals": list(range(len(names))), "ticktext": labels}
    figure.update_yaxes(**ticks, range=[len(names) - 0.4, -0.6], showgrid=False)
    return figure


def _add_group(figure: go.Figure, rows: pd.DataFrame, place: int) -> None:
    shown = rows.iloc[:MOST_MARKS]
    jitter = np.random.default_rng(place).uniform(-0.24, 0.24, len(shown))
    figure.add_scatter(
        x=(shown["bandwidth_hz"] / 1000).round(3).tolist(),
        y=np.round(place + jitter, 3).tolist(),
        mode="markers",
        marker={"color": BLUE, "size": 6, "opacity": 0.35},
        text=[for_plotly(path, 60) for path in shown["path"]],
        hovertemplate="%{text}<br>%{x:.2f} kHz<extra></extra>",
    )
    for value, color in (
        (rows["sample_rate"].median() / 2000, ORANGE),
        (rows["bandwidth_hz"].median() / 1000, INK),
    ):
        line = {"color": color, "width": 2.5}
        figure.add_scatter(
            x=[value, value],
            y=[place - 0.34, place + 0.34],
            mode="lines",
            line=line,
            hovertemplate="%{x:.2f} kHz<extra></extra>",
        )


def _grouping(audio: pd.DataFrame) -> Iterator[str]:
    """Columns with a few values; at least the sampling rates."""
    extra = [name for name in map(str, audio) if name.startswith("extra_") and name not in GROUPS]
    yield "sample_rate"
    for column in (*GROUPS[1:], *extra):
        if column in audio and 2 <= audio[column].astype("string").nunique() <= MOST_GROUPS:
            yield column


def _value(column: str, name: str) -> str:
    return f"{float(name) / 1000:g} kHz" if column == "sample_rate" else for_plotly(name, 22)


def _plain(column: str) -> str:
    return {"sample_rate": "sampling rate"}.get(column, column.removeprefix("extra_").replace("_", " "))


def _how_many(view: DataView) -> str:
    if len(view.audio) < view.n_recordings:
        return f"a sample of {len(view.measured)} of {view.n_recordings} recordings (--sample measures more)"
    return f"all {count(len(view.measured), 'recording')} that can be read"
