"""The recordings as measured: formats and levels."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.bars import bars_figure
from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.view import DataView
from analysis.report.html import plot_of
from analysis.report.style import BLUE, blank_figure
from analysis.report.words import count, listed

FORMATS, LEVELS = "Formats", "Levels"
NOTHING = "no recording was measured"
SHOWN_DB, STEP_DB, LOWEST_DB = 40, 2, -100
"""Decibels that an axis of levels spans at least, width of a bar, and what counts as silence."""


def formats_section(view: DataView) -> Section | Absent:
    """Sampling rates, channels and formats as published; bars of those that differ."""
    audio = view.measured
    if audio.empty:
        return Absent(FORMATS, NOTHING)
    rates = audio["sample_rate"].value_counts().sort_index()
    rates.index = [f"{rate / 1000:g} kHz" for rate in rates.index]
    channels = audio["channels"].value_counts().sort_index()
    channels.index = ["mono" if n == 1 else "stereo" if n == 2 else f"{n} channels" for n in channels.index]
    counts = {"Sampling rate": rates, "Channels": channels, "Format": audio["format"].value_counts()}
    same = [str(each.index[0]) for each in counts.values() if len(each) == 1]
    plots = [
        (title, plot_of(bars_figure(each, what="recordings"), title)) for title, each in counts.items() if len(each) > 1
    ]
    note = f"As published, of {how_many(view)}."
    facts = [f"All are {listed(same)}."] if same else []
    return Section(FORMATS, note, facts=facts, panels=[Panel(title, plot) for title, plot in plots if plot])


def levels_section(view: DataView) -> Section | Absent:
    """Peaks, levels and noise floors."""
    if view.measured.empty:
        return Absent(LEVELS, NOTHING)
    figures = {
        "Peak": level_figure(view.measured["peak_db"], "peak (dBFS)"),
        "Level": level_figure(view.measured["rms_db"], "root mean square (dBFS)"),
    }
    floor = view.measured["floor_db"].dropna()
    if len(floor):
        figures["Noise floor"] = level_figure(floor, "quietest bands (dBFS per Hz)", lowest=-200)
    panels = [Panel(title, plot) for title, figure in figures.items() if (plot := plot_of(figure, title))]
    note = (
        f"Of {how_many(view)}, channels averaged. A peak above 0 dBFS is what a lossy codec overshot. Noise floor: the "
        "density that the quietest twentieth of the bands has half of the time; recordings that a codec or filter "
        "emptied have hardly any."
    )
    return Section(LEVELS, note, panels=panels)


def level_figure(decibels: pd.Series, title: str, lowest: float = LOWEST_DB) -> go.Figure:
    """Recordings by level; below `lowest` counts as `lowest`."""
    values = decibels.clip(lower=lowest)
    top = STEP_DB * (np.floor(values.max() / STEP_DB) + 1)
    bottom = min(top - SHOWN_DB, STEP_DB * np.floor(values.min() / STEP_DB))
    counts, edges = np.histogram(values, np.arange(bottom, top + STEP_DB, STEP_DB))
    figure = blank_figure(240)
    figure.add_bar(
        x=(edges[:-1] + STEP_DB / 2).tolist(),
        y=counts.tolist(),
        width=0.9 * STEP_DB,
        marker_color=BLUE,
        hovertemplate="%{x} ± 1 dB: %{y} recordings<extra></extra>",
    )
    figure.update_xaxes(title_text=title)
    figure.update_yaxes(title_text="recordings")
    return figure


def how_many(view: DataView) -> str:
    """Which recordings were measured, in words."""
    if len(view.audio) < view.n_recordings:
        return f"a sample of {len(view.measured)} of {view.n_recordings} recordings (--sample measures more)"
    return f"all {count(len(view.measured), 'recording')} that can be read"
