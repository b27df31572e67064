"""One parameter against the score: dots and boxes for choices, a scatter for ranges."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.report.style import BEST_MARKER, STATE_MARKERS, blank_figure
from analysis.report.trial_text import best_trial, hover_texts
from analysis.search_parameters import SearchParameter

_MIN_FOR_A_BOX = 4
_GOLDEN = 0.6180339887


def parameter_figure(tables: SweepTables, parameter: SearchParameter) -> go.Figure | None:
    """Return the score of every search trial over one parameter, marked by state; None where no trial has a score.

    Trials without a score (diverged, failed) stand on the floor of the figure, so that a region that breaks training
    can be seen.
    """
    trials = parameter.active(tables.stage_trials("search")).copy()
    scores = trials["score"].to_numpy(dtype=float)
    if not np.isfinite(scores).any():
        return None
    figure = blank_figure(320)
    trials["place"] = _places(parameter, trials)
    trials["hover"] = hover_texts(tables, trials)
    trials["height"] = np.where(np.isfinite(scores), scores, _floor(scores))
    if parameter.is_choice:
        _add_boxes(figure, parameter, trials)
    _add_trials(figure, trials, best_trial(tables))
    _set_axes(figure, parameter, trials, Objective.of(tables.definition))
    return figure


def _places(parameter: SearchParameter, trials: pd.DataFrame) -> np.ndarray:
    """Return the horizontal place of each trial, ``(trials,)``; dots of a choice are spread by the golden ratio."""
    if not parameter.is_choice:
        return np.array(trials[parameter.column], dtype=float)
    index = {label: place for place, label in enumerate(parameter.choice_labels(trials))}
    spread = (np.arange(len(trials)) * _GOLDEN % 1.0 - 0.5) * 0.36
    return np.asarray(np.array([index[label] for label in parameter.labels(trials)], dtype=float) + spread)


def _floor(scores: np.ndarray) -> float:
    """Return the height for trials without a score: a little below the lowest."""
    low, high = np.nanmin(scores[np.isfinite(scores)]), np.nanmax(scores[np.isfinite(scores)])
    return float(low - 0.08 * (high - low or abs(high) or 1.0))


def _add_boxes(figure: go.Figure, parameter: SearchParameter, trials: pd.DataFrame) -> None:
    """Draw quartiles of complete trials, where there are enough of them."""
    labels = np.asarray(parameter.labels(trials))
    for place, label in enumerate(parameter.choice_labels(trials)):
        group = trials[(labels == label) & (trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))]
        if len(group) >= _MIN_FOR_A_BOX:
            figure.add_box(
                y=group["score"].astype(float).tolist(),
                x=[place] * len(group),
                width=0.62,
                boxpoints=False,
                line={"color": "#9fb3c8", "width": 1.5},
                fillcolor="rgba(0, 114, 178, 0.07)",
                hoverinfo="skip",
            )


def _add_trials(figure: go.Figure, trials: pd.DataFrame, best: pd.Series | None) -> None:
    is_best = trials["trial"] == (best["trial"] if best is not None else -1)
    for state, marker in STATE_MARKERS.items():
        _add_markers(figure, trials[(trials["state"] == state) & ~is_best], marker)
    _add_markers(figure, trials[is_best], BEST_MARKER)


def _add_markers(figure: go.Figure, trials: pd.DataFrame, marker: dict[str, object]) -> None:
    if len(trials):
        figure.add_scatter(
            x=trials["place"].tolist(),
            y=trials["height"].tolist(),
            mode="markers",
            marker=marker,
            text=trials["hover"].tolist(),
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )


def _set_axes(figure: go.Figure, parameter: SearchParameter, trials: pd.DataFrame, objective: Objective) -> None:
    figure.update_yaxes(title_text=for_plotly(objective.metric), tickformat=".4~g")
    if parameter.is_choice:
        labels = parameter.choice_labels(trials)
        ticks = {"tickvals": list(range(len(labels))), "ticktext": [for_plotly(label, 20) for label in labels]}
        figure.update_xaxes(**ticks, range=[-0.6, len(labels) - 0.4])
    elif parameter.is_log and (trials["place"] > 0).all():
        figure.update_xaxes(type="log", **log_ticks(trials["place"].to_numpy()))


def log_ticks(values: np.ndarray) -> dict[str, list[float] | list[str]]:
    """Return ticks at 1, 2, 5 (or 1 and 3) of each decade, written as a person would type them."""
    low, high = float(values.min()) / 1.15, float(values.max()) * 1.15
    steps = (1, 2, 5) if high / low < 30 else (1, 3) if high / low < 1000 else (1,)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
    return {"tickvals": ticks, "ticktext": [_short(tick) for tick in ticks]}


def _short(tick: float) -> str:
    if 0.01 <= tick < 10_000:
        return f"{tick:g}"
    mantissa, exponent = f"{tick:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
