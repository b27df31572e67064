"""Up to which frequency the recordings hold anything, and whether that tells their origin."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.sound import NOTHING, how_many
from analysis.eda.view import DataView
from analysis.report.escape import for_plotly
from analysis.report.html import plot_of
from analysis.report.style import BLUE, INK, ORANGE, blank_figure
from analysis.report.words import listed

BANDWIDTH = "Bandwidth"
COLUMNS = ("sample_rate", "format", "subset", "collection", "extra_device", "site")
"""What may tell recorders apart; more `extra_*` columns follow."""
MOST_GROUPS, MOST_PANELS, MOST_MARKS = 14, 4, 400
FEWEST = 5
"""Recordings that a group has at least."""
ALIKE, FULL = 0.1, 0.9
"""Groups differ if their medians do by more than a tenth; a recording is full up to nine tenths of half its rate."""


def bandwidth_section(view: DataView) -> Section | Absent:
    """Effective bandwidth, by what may tell recorders apart; groups that are alike aren't drawn."""
    audio = view.measured
    if audio.empty or not audio["bandwidth_hz"].gt(0).any():
        return Absent(BANDWIDTH, NOTHING)
    columns = list(_grouping(audio))
    different = [column for column in columns if _differ(audio, column)][:MOST_PANELS]
    drawn = different or (["sample_rate"] if (2 * audio["bandwidth_hz"] < FULL * audio["sample_rate"]).any() else [])
    alike = [_plain(column) for column in columns if column not in drawn]
    plots = [(column, plot_of(bandwidth_figure(audio, column), f"Bandwidth by {_plain(column)}")) for column in drawn]
    panels = [Panel(f"By {_plain(column)}", plot) for column, plot in plots if plot]
    return Section(BANDWIDTH, _note(view, alike, bool(panels)), facts=[bandwidth_sentence(audio)], panels=panels)


def _note(view: DataView, alike: list[str], is_drawn: bool) -> str:
    empty = "Empty: below the rounding noise of 16 bits, or behind a filter that ends everything at once."
    marks = (
        "A mark is the frequency above which a recording is empty, black a group's median, orange half the median "
        "sampling rate. Where groups differ, emptiness tells the device or collection, and with it perhaps the class. "
    )
    same = f" Groups that are alike and not drawn: by {listed(alike)}." if alike else ""
    return f"Of {how_many(view)}. {marks if is_drawn else ''}{empty}{same}"


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
    groups = _groups(audio, column)
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
    _add_line(figure, rows["sample_rate"].median() / 2000, place, {"color": ORANGE, "width": 5})
    _add_line(figure, rows["bandwidth_hz"].median() / 1000, place, {"color": INK, "width": 2.5})


def _add_line(figure: go.Figure, value: float, place: int, line: dict[str, object]) -> None:
    figure.add_scatter(
        x=[value, value],
        y=[place - 0.34, place + 0.34],
        mode="lines",
        line=line,
        hovertemplate="%{x:.2f} kHz<extra></extra>",
    )


def _grouping(audio: pd.DataFrame) -> Iterator[str]:
    """Columns with a few values, two or more of them with enough recordings."""
    extra = [name for name in map(str, audio) if name.startswith("extra_") and name not in COLUMNS]
    for column in (*COLUMNS, *extra):
        if (
            column in audio
            and audio[column].astype("string").nunique() <= MOST_GROUPS
            and len(_sizes(audio, column)) > 1
        ):
            yield column


def _sizes(audio: pd.DataFrame, column: str) -> pd.Series:
    """Recordings by value, of the values that have enough."""
    sizes = _groups(audio, column).value_counts()
    return sizes[sizes >= FEWEST]


def _groups(audio: pd.DataFrame, column: str) -> pd.Series:
    return audio[column].astype("string").fillna("not known")


def _differ(audio: pd.DataFrame, column: str) -> bool:
    groups = _groups(audio, column)
    medians = audio["bandwidth_hz"].groupby(groups).median()[_sizes(audio, column).index]
    return bool(medians.max() - medians.min() > ALIKE * medians.max())


def _value(column: str, name: str) -> str:
    return f"{float(name) / 1000:g} kHz" if column == "sample_rate" else for_plotly(name, 22)


def _plain(column: str) -> str:
    return {"sample_rate": "sampling rate"}.get(column, column.removeprefix("extra_").replace("_", " "))
