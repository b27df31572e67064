"""Two parameters at a time, the score as colour: where in the plane good trials lie."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.importance import Importance
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.report.parameter_figure import log_ticks
from analysis.report.style import BEST_MARKER, STATE_MARKERS, blank_figure
from analysis.report.trial_text import best_trial, hover_texts
from analysis.search_parameters import (
    VARIABLE_PREFIX,
    SearchParameter,
    derivation_sources,
    derived_parameters,
    search_parameters,
)

Pair = tuple[SearchParameter, SearchParameter]
"""The parameter across, and the one up."""

MOST_PARAMETERS = 3
FEWEST_TRIALS = 6
SCALE = "Cividis"
"""Even to the eye, for colour-blind eyes too."""
_SPREAD_ACROSS, _SPREAD_UP = 0.7548776662, 0.5698402910
"""Dots of two choices are spread by a low-discrepancy sequence of the plane, R2 of Roberts (2018): the golden ratio in
both directions would put them on one diagonal, one over the other."""


def shown_pairs(tables: SweepTables, importance: Importance) -> list[Pair]:
    """Return what is derived together, then the pairs of the most important parameters, each pair once.

    Where importance isn't known, the first parameters stand for the most important ones.
    """
    parameters = {parameter.path: parameter for parameter in search_parameters(tables)}
    ordered = [path for path in importance.shares if path in parameters] or list(parameters)
    important = combinations([parameters[path] for path in ordered[:MOST_PARAMETERS]], 2)
    pairs: dict[frozenset[str], Pair] = {}
    for across, up in [*_derived_pairs(tables, parameters), *important]:
        pairs.setdefault(frozenset((across.path, up.path)), (across, up))
    return list(pairs.values())


def _derived_pairs(tables: SweepTables, parameters: Mapping[str, SearchParameter]) -> Iterator[Pair]:
    """What was searched through one formula was searched for how it goes together.

    A derived setting over each setting that it follows from: the learning rate over the batch size says which rate goes
    with which size, while the variable that the rate is scaled from says it of one size alone. Where all that it
    follows from are variables, they themselves in pairs.
    """
    for derived in derived_parameters(tables):
        sources = [parameters[path] for path in derivation_sources(tables, derived.path)]
        settings = [source for source in sources if not source.path.startswith(VARIABLE_PREFIX)]
        if len(sources) > 1:
            yield from ((setting, derived) for setting in settings) if settings else combinations(sources, 2)


def pair_figure(tables: SweepTables, across: SearchParameter, up: SearchParameter) -> go.Figure | None:
    """Return the search trials in the plane of two parameters; None where too few have both and a score.

    Complete trials are coloured by score; a stopped one, whose score is of fewer epochs, is a grey ring.
    """
    trials = up.active(across.active(tables.stage_trials("search")))
    trials = trials.assign(hover=hover_texts(tables, trials))
    scored = trials[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))]
    scored = Objective.of(tables.definition).best_first(scored).iloc[::-1]  # the best lies on top
    if len(scored) < FEWEST_TRIALS:
        return None
    figure = blank_figure(360)
    others = trials[trials["state"] == "pruned"]
    if len(others):
        figure.add_scatter(**_points(others, across, up, trials), marker=STATE_MARKERS["pruned"])
    figure.add_scatter(**_points(scored, across, up, trials), marker=_coloured(scored, tables))
    best = best_trial(tables)
    if best is not None and best["trial"] in set(scored["trial"]):
        row = scored[scored["trial"] == best["trial"]]
        ring = {
            **BEST_MARKER,
            "symbol": "diamond-open",
            "size": 17,
            "line": {"color": BEST_MARKER["color"], "width": 2},
        }
        figure.add_scatter(**_points(row, across, up, trials), marker=ring)
    figure.update_xaxes(**_axis(across, trials))
    figure.update_yaxes(**_axis(up, trials))
    return figure


def _coloured(scored: pd.DataFrame, tables: SweepTables) -> dict[str, Any]:
    objective, scores = Objective.of(tables.definition), scored["score"].astype(float)
    # One bad trial must not take all the colours: the scale ends at the quartile of the worse side.
    low, high = (scores.quantile(0.1), scores.max()) if objective.sign > 0 else (scores.min(), scores.quantile(0.9))
    return {
        "color": scores.tolist(),
        "cmin": float(low),
        "cmax": float(high),
        "colorscale": SCALE,
        "reversescale": objective.sign < 0,
        "size": 11,
        "line": {"color": "white", "width": 1},
        "colorbar": {"title": _bar_title(objective), "thickness": 12, "outlinewidth": 0, "tickfont": {"size": 11}},
    }


def _bar_title(objective: Objective) -> dict[str, Any]:
    return {"text": for_plotly(objective.metric), "side": "right", "font": {"size": 12}}


def _points(
    rows: pd.DataFrame, across: SearchParameter, up: SearchParameter, all_trials: pd.DataFrame
) -> dict[str, Any]:
    return {
        "x": _places(across, rows, all_trials, _SPREAD_ACROSS).tolist(),
        "y": _places(up, rows, all_trials, _SPREAD_UP).tolist(),
        "mode": "markers",
        "text": rows["hover"].tolist(),
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }


def _places(parameter: SearchParameter, rows: pd.DataFrame, all_trials: pd.DataFrame, spread_by: float) -> np.ndarray:
    """Return the coordinate of each trial; of a choice its place, spread a little by the trial's number."""
    if not parameter.is_choice:
        return rows[parameter.column].to_numpy(dtype=float)
    index = {label: place for place, label in enumerate(parameter.choice_labels(all_trials))}
    spread = (rows["trial"].to_numpy(dtype=float) * spread_by % 1.0 - 0.5) * 0.5
    return np.asarray([float(index[label]) for label in parameter.labels(rows)] + spread)


def _axis(parameter: SearchParameter, trials: pd.DataFrame) -> dict[str, Any]:
    title = {"text": for_plotly(parameter.path)}
    if parameter.is_choice:
        labels: Sequence[str] = parameter.choice_labels(trials)
        ticks = {"tickvals": list(range(len(labels))), "ticktext": [for_plotly(label, 20) for label in labels]}
        return {"title": title, **ticks, "range": [-0.6, len(labels) - 0.4]}
    values = trials[parameter.column].to_numpy(dtype=float)
    if parameter.is_log and (values > 0).all():
        return {"title": title, "type": "log", **log_ticks(values)}
    return {"title": title}
