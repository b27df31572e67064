"""What a report reads of one sweep: its definition, its trials and their epochs."""

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class SweepTables:
    """One sweep as tables; columns beyond the named ones are allowed and ignored.

    ``definition``: the sweep file as resolved: ``name``, ``recipe``, ``data``, ``search`` (parameter path -> a spec
    such as ``{"choice": [...]}`` or ``{"loguniform": [a, b], "when": {...}}``, or a list of specs), ``set``,
    ``objective`` (``metric``, ``mode``, ``epoch``), ``scheduler``, ``trials``, ``folds``, ``repeats``, ``confirm``.

    ``trials``: one row per trial.
    ``trial`` int; ``stage`` "search" or "confirm"; ``state`` "complete", "pruned", "diverged", "failed" or "running";
    ``score`` float, the mean over the trial's runs, NaN without one; ``score_sd`` float, the spread over the runs, NaN
    with one run; ``epochs`` int; ``seconds`` float; ``error`` str or None; ``candidate`` the search trial that a
    confirm row repeats, else NaN; ``param.<path>`` per searched parameter, None or NaN where a condition leaves it out.

    ``epochs``: one row per run and epoch.
    ``run`` str key; ``trial`` int; ``stage``; ``fold``; ``seed``; ``repeat``; ``split`` the name of the split scheme;
    ``protocol`` str digest; ``epoch`` int; ``seconds``; ``clips_per_second``; ``candidate`` as above; metrics such as
    ``train/loss``, ``val/loss``, ``val/macro_auc``.

    ``command``: what repeats the sweep, when it is more than ``platform sweep <name>.yaml``.
    """

    definition: dict[str, Any]
    trials: pd.DataFrame
    epochs: pd.DataFrame
    command: str | None = None

    def stage_trials(self, stage: str) -> pd.DataFrame:
        """Return the rows of ``trials`` of one stage, "search" or "confirm"."""
        return _of_stage(self.trials, stage)

    def stage_epochs(self, stage: str) -> pd.DataFrame:
        """Return the rows of ``epochs`` of one stage, "search" or "confirm"."""
        return _of_stage(self.epochs, stage)


def _of_stage(table: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Rows of a stage; a table without the column is all search, and may have no columns at all."""
    if "stage" not in table:
        return table if stage == "search" else table.iloc[:0]
    return table[table["stage"] == stage]
