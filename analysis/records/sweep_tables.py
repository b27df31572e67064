"""What a report reads of one sweep: its definition, its trials and their epochs."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.records.sweep import CheckFinding

_NAN = float("nan")
_TRIAL_DEFAULTS: dict[str, Any] = {
    "trial": 0,
    "stage": "search",
    "state": "running",
    "score": _NAN,
    "score_sd": _NAN,
    "epochs": 0,
    "planned_epochs": _NAN,
    "seconds": 0.0,
    "error": None,
    "candidate": _NAN,
    "split": None,
    "exploits": 0,
}
_EPOCH_DEFAULTS: dict[str, Any] = {
    "run": "",
    "trial": 0,
    "stage": "search",
    "fold": None,
    "seed": None,
    "repeat": None,
    "split": "",
    "protocol": None,
    "reused": None,
    "epoch": 0,
    "candidate": _NAN,
}


@dataclass(frozen=True)
class SweepTables:
    """One sweep as tables; columns beyond the named ones are allowed and ignored.

    ``definition``: the sweep file as resolved: ``name``, ``recipe``, ``data``, ``search`` (parameter path -> a spec
    such as ``{"choice": [...]}`` or ``{"loguniform": [a, b], "when": {...}}``, or a list of specs), ``set``,
    ``objective`` (``metric``, ``mode``, ``epoch``), ``scheduler``, ``trials``, ``folds``, ``repeats``, ``confirm``.

    ``trials``: one row per trial.
    ``trial`` int; ``stage`` "search" or "confirm"; ``state`` "complete", "pruned", "diverged", "failed", "running" or
    "interrupted"; ``score`` float, the mean over the trial's runs, NaN without one; ``score_sd`` float, the spread over
    the runs, NaN with one run; ``epochs`` int; ``planned_epochs`` float, ``training.epochs`` of its runs, NaN where
    unknown; ``seconds`` float; ``error`` str or None; ``candidate`` the search trial that a confirm row repeats, else
    NaN; ``split`` the name of the split scheme of a confirm row, else None; ``exploits`` how often it took over from
    others of its population (its score is not that of its settings alone then); ``param.<path>`` per searched or
    derived parameter, None or NaN where a condition leaves it out; ``objective.<metric>`` per objective after the
    first, whose value is the score.

    ``epochs``: one row per run and epoch.
    ``run`` str key; ``trial`` int; ``stage``; ``fold``; ``seed``; ``repeat``; ``split`` the name of the split scheme;
    ``protocol`` str digest; ``reused`` the sweep that trained the run, None where it was this one; ``epoch`` int;
    ``seconds``; ``clips_per_second``; ``candidate`` as above; metrics such as ``train/loss``, ``val/loss``,
    ``val/macro_auc``.

    ``command``: what repeats the sweep, when it is more than ``platform sweep <name>.yaml``.

    ``checks``: what the preflight checks found.
    """

    definition: dict[str, Any]
    trials: pd.DataFrame
    epochs: pd.DataFrame
    command: str | None = None
    checks: tuple[CheckFinding, ...] = ()

    def __post_init__(self) -> None:
        """Complete the tables: a column that is missing is empty, a number that is no number is NaN."""
        object.__setattr__(self, "trials", _completed(self.trials, _TRIAL_DEFAULTS))
        object.__setattr__(self, "epochs", _completed(self.epochs, _EPOCH_DEFAULTS))

    def stage_trials(self, stage: str) -> pd.DataFrame:
        """Return the rows of ``trials`` of one stage, "search" or "confirm"."""
        return self.trials[self.trials["stage"] == stage]

    def stage_epochs(self, stage: str) -> pd.DataFrame:
        """Return the rows of ``epochs`` of one stage, "search" or "confirm"."""
        return self.epochs[self.epochs["stage"] == stage]

    def own_epochs(self) -> pd.DataFrame:
        """Return what this sweep trained: the rows of ``epochs`` without those of runs that it took over.

        Those of a run that several trials share are with the first of them alone.
        """
        return self.epochs[self.epochs["reused"].isna()].drop_duplicates(["run", "epoch"])


def training_seconds(epochs: pd.DataFrame) -> float:
    """Return the seconds that rows of the epochs table took, training and evaluation together."""
    return float(epochs.reindex(columns=["seconds", "eval_seconds"]).astype(float).sum().sum())


def _completed(table: pd.DataFrame, defaults: dict[str, Any]) -> pd.DataFrame:
    """Return a copy of ``table`` that has every column of ``defaults``, numbers where the default is one."""
    completed = table.reset_index(drop=True)
    for column, default in defaults.items():
        if column not in completed:
            completed[column] = pd.Series([default] * len(completed), dtype=object if default is None else None)
        elif isinstance(default, int | float):
            numbers = pd.to_numeric(completed[column], errors="coerce")
            completed[column] = numbers.fillna(default).astype(type(default))
    return completed
