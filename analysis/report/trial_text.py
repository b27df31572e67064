"""A trial in words: its parameters, its hover text, and which trial is the best."""

import numpy as np
import pandas as pd

from analysis.objective import Objective
from analysis.records.states import state_word
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.search_parameters import COLUMN_PREFIX, value_text


def complete_trials(tables: SweepTables) -> pd.DataFrame:
    """Return the search trials that ran to their end and have a score, best first."""
    trials = tables.stage_trials("search")
    complete = trials[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))]
    return Objective.of(tables.definition).best_first(complete)


def best_trial(tables: SweepTables) -> pd.Series | None:
    """Return the complete search trial with the best score, or None."""
    complete = complete_trials(tables)
    return complete.iloc[0] if len(complete) else None


def parameters_of(trial: pd.Series) -> dict[str, str]:
    """Return the active parameters of one row of the trials table, path -> text."""
    named = {str(key): value for key, value in trial.items() if str(key).startswith(COLUMN_PREFIX)}
    texts = {key.removeprefix(COLUMN_PREFIX): value_text(value) for key, value in named.items()}
    return {path: text for path, text in texts.items() if text != "null"}


def hover_text(trial: pd.Series) -> str:
    """Return a trial for plotly's hover: number, state, epochs, score, and a line per parameter."""
    state = state_word(trial["state"])
    score = "no score" if not np.isfinite(float(trial["score"])) else f"score {float(trial['score']):.4f}"
    head = f"<b>trial {for_plotly(trial['trial'])}</b> · {for_plotly(state)} · {score}, epoch {int(trial['epochs'])}"
    lines = [f"{for_plotly(path)} = {for_plotly(text)}" for path, text in parameters_of(trial).items()]
    return "<br>".join([head, *lines])
