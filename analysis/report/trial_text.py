"""A trial in words: its parameters, its hover text, and which trial is the best."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.search_parameters import SearchParameter, shown_parameters


def complete_trials(tables: SweepTables) -> pd.DataFrame:
    """Return the search trials that ran to their end and have a score, best first."""
    trials = tables.stage_trials("search")
    complete = trials[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))]
    return Objective.of(tables.definition).best_first(complete)


def best_trial(tables: SweepTables) -> pd.Series | None:
    """Return the complete search trial with the best score, or None."""
    complete = complete_trials(tables)
    return complete.iloc[0] if len(complete) else None


def parameters_of(trial: pd.Series, parameters: Sequence[SearchParameter]) -> dict[str, str]:
    """Return what one row of the trials table has of the parameters, path -> text."""
    row = dict(trial.items())
    texts = {parameter.path: parameter.text_in(row) for parameter in parameters}
    return {path: text for path, text in texts.items() if text is not None}


def hover_texts(tables: SweepTables, trials: pd.DataFrame) -> list[str]:
    """Return each trial for plotly's hover: number, state, epochs, score, and a line per parameter."""
    parameters = shown_parameters(tables)
    return [_hover_text(row, parameters) for _, row in trials.iterrows()]


def _hover_text(trial: pd.Series, parameters: Sequence[SearchParameter]) -> str:
    state = state_word(trial["state"])
    score = "no score" if not np.isfinite(float(trial["score"])) else f"score {float(trial['score']):.4f}"
    head = f"<b>trial {for_plotly(trial['trial'])}</b> · {for_plotly(state)} · {score}, epoch {int(trial['epochs'])}"
    texts = parameters_of(trial, parameters)
    return "<br>".join([head, *(f"{for_plotly(path)} = {for_plotly(text)}" for path, text in texts.items())])
