"""When and where clips were recorded."""

from datetime import datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.eda.parts import Absent, Panel, Section
from analysis.eda.view import DataView
from analysis.report.html import plot_of
from analysis.report.style import BLUE, GRID, blank_figure

TIME, PLACE = "Time of recording", "Place of recording"
DATE_LENGTH = len("2025-01-31")
MOST_MARKS = 2000
GRIDS_DEG = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the last, the earth has 703 places: there is always one with few enough."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def time_section(view: DataView) -> Section | Absent:
    """Clips by hour of the day and by month."""
    hours, months = moments(view.clips["recorded_at"])
    if not len(months):
        return Absent(TIME, "no clip says when it was recorded")
    by_hour = np.bincount(hours, minlength=24)
    by_month = np.bincount(months, minlength=13)[1:]
    plots = [
        ("By hour", plot_of(_columns(list(range(24)), by_hour.tolist(), "hour of the day"), "Clips by hour")),
        ("By month", plot_of(_columns(list(MONTHS), by_month.tolist(), "month"), "Clips by month")),
    ]
    known = f"{len(months)} of {len(view.clips)} clips have a date, {len(hours)} a time"
    note = f"As written, whatever the time zone: {known}."
    shown = plots if len(hours) else plots[1:]
    return Section(TIME, note, panels=[Panel(title, plot) for title, plot in shown if plot])


def moments(recorded_at: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Hours (0 to 23) of the clips with a time, and months (1 to 12) of those with a date."""
    hours, months = [], []
    for text in recorded_at.dropna():
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        months.append(moment.month)
        if len(text) > DATE_LENGTH:  # a day alone would read as midnight
            hours.append(moment.hour)
    return np.array(hours, int), np.array(months, int)


def place_section(view: DataView) -> Section | Absent:
    """Coordinates over a plain grid of degrees."""
    places = coordinates(view)
    if places.empty:
        return Absent(PLACE, "no clip has coordinates")
    known = int(places["clips"].sum())
    plot = plot_of(place_figure(places), "Coordinates of the clips")
    note = (
        f"Coordinates of {known} of {len(view.clips)} clips, the area of a mark as their number; degrees of both axes "
        "have equal length in the middle of the map. There is no coast line: the page fetches nothing."
    )
    return Section(PLACE, note, panels=[Panel("", plot)] if plot else [])


def coordinates(view: DataView) -> pd.DataFrame:
    """`latitude`, `longitude` and `clips` of each place; rounded to the finest grid with at most 2,000 of them."""
    known = view.clips[["latitude", "longitude"]].dropna()
    known = known[known["latitude"].between(-90, 90) & known["longitude"].between(-180, 180)]
    for step in GRIDS_DEG:
        places = (known / step).round().mul(step).value_counts().rename("clips").reset_index()
        if len(places) <= MOST_MARKS:
            break
    return places


def place_figure(places: pd.DataFrame) -> go.Figure:
    """A mark per place, an equirectangular map."""
    figure = blank_figure(520)
    figure.add_scatter(
        x=places["longitude"].round(3).tolist(),
        y=places["latitude"].round(3).tolist(),
        mode="markers",
        marker=_marks(places["clips"]),
        customdata=places["clips"].tolist(),
        hovertemplate="%{y:.2f}°, %{x:.2f}°: %{customdata} clips<extra></extra>",
    )
    middle = np.radians((places["latitude"].min() + places["latitude"].max()) / 2)
    axis = {"ticksuffix": "°", "showgrid": True, "gridcolor": GRID, "zeroline": False, "nticks": 9}
    figure.update_xaxes(**axis, title_text="longitude", constrain="domain")
    ratio = 1 / max(0.2, float(np.cos(middle)))
    figure.update_yaxes(**axis, title_text="latitude", scaleanchor="x", scaleratio=ratio)
    return figure


def _marks(clips: pd.Series) -> dict[str, object]:
    """Areas as the numbers of clips, but no mark too small to be seen."""
    diameters = clips.pow(0.5)
    scale = {"sizemode": "diameter", "sizeref": max(1.0, float(diameters.max())) / 22, "sizemin": 3}
    return {"color": BLUE, "opacity": 0.55, "line": {"width": 0}, "size": diameters.round(2).tolist(), **scale}


def _columns(x: list[object], y: list[int], title: str) -> go.Figure:
    figure = blank_figure(240)
    figure.add_bar(x=x, y=y, marker_color=BLUE, hovertemplate="%{x}: %{y} clips<extra></extra>")
    figure.update_xaxes(title_text=title, dtick=3 if len(x) == 24 else 1)
    figure.update_yaxes(title_text="clips", dtick=1 if max(y) <= 5 else None)
    return figure
