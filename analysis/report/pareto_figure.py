"""Several objectives: every complete trial by two of them, and the front that nothing beats."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.objective import Objective
from analysis.pareto import pareto_front
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.report.style import INK, STATE_MARKERS, blank_figure
from analysis.report.trial_text import complete_trials, hover_texts


def objective_values(tables: SweepTables) -> pd.DataFrame:
    """Return the complete search trials with a column `objective.<k>` per objective, means over a trial's runs."""
    trials, epochs = complete_trials(tables).copy(), tables.stage_epochs("search")
    runs = {trial: [run for _, run in own.groupby("run")] for trial, own in epochs.groupby("trial")}
    for place, objective in enumerate(Objective.all_of(tables.definition)):
        trials[f"objective.{place}"] = [
            float(np.mean([objective.run_score(run) for run in runs.get(trial, [])] or [np.nan]))
            for trial in trials["trial"]
        ]
    return trials


def pareto_figure(tables: SweepTables, second: int = 1) -> go.Figure | None:
    """Return the first objective over another one; None with one objective, or without values.

    The front drawn is that of these two; with three and more objectives others may stand on the whole front, too.
    """
    objectives = Objective.all_of(tables.definition)
    if len(objectives) <= second:
        return None
    trials = objective_values(tables)
    trials = trials.dropna(subset=["objective.0", f"objective.{second}"])
    if trials.empty:
        return None
    pair = (objectives[0], objectives[second])
    front = trials[pareto_front(trials[["objective.0", f"objective.{second}"]], pair)].sort_values(
        f"objective.{second}"
    )
    figure = blank_figure(380)
    line = {"color": INK, "width": 1.5, "shape": "hv" if pair[1].sign < 0 else "vh"}
    figure.add_scatter(
        x=front[f"objective.{second}"], y=front["objective.0"], mode="lines", line=line, hoverinfo="skip"
    )
    for rows, marker in ((trials.drop(front.index), STATE_MARKERS["complete"]), (front, FRONT_MARKER)):
        figure.add_scatter(
            x=rows[f"objective.{second}"].tolist(),
            y=rows["objective.0"].tolist(),
            mode="markers",
            marker=marker,
            text=hover_texts(tables, rows),
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_xaxes(title_text=_title(pair[1]), tickformat=".4~g")
    figure.update_yaxes(title_text=_title(pair[0]), tickformat=".4~g")
    return figure


FRONT_MARKER = {"symbol": "diamond", "color": INK, "size": 11, "line": {"color": "white", "width": 1.5}}


def _title(objective: Objective) -> str:
    return f"{for_plotly(objective.metric)} ({'higher' if objective.sign > 0 else 'lower'} is better)"
