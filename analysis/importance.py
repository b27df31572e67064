"""Which searched parameters mattered: Optuna's importance on a study rebuilt from the trials table.

Derived settings have none: the search varies what they are computed from, and theirs would be its importance again.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import SearchParameter, search_parameters, value_text
from analysis.standing import judged_trials, shuffles

MIN_TRIALS = 8
MIN_COMPLETE = 2
"""Before any trial has reached its end, standing tells who started first."""
PERMUTATIONS = 100
TOP_SHARE = 0.4
"""The share of trials that counts as good. Optuna's default, a tenth, is two trials of twenty: on 25 drawn sweeps of 20
trials where the learning rate rules, it put the inert conditional gamma first in 17; with 0.4 the learning rate came
first in all 25 (19 of 25 with 12 trials)."""
METHOD = "PED-ANOVA (Watanabe, Bansal and Hutter 2023; Optuna 5's version for conditional parameters)"
CAVEAT = (
    "It asks what separates the best 40 % of the trials from the others, averaging over the other parameters as the "
    "search sampled them. Parameters that were chosen together share their credit."
)


@dataclass(frozen=True)
class Importance:
    """``shares``: path -> share of 1, largest first; ``chance``: the mark that chance passes, same scale.

    In 19 of 20 sweeps of random trials where nothing matters, no parameter passes its mark. Both are empty, and
    ``reason`` says why, when the trials do not support an answer. ``n_stopped`` of the ``n_trials`` were stopped early.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    n_trials: int = 0
    n_stopped: int = 0
    reason: str = ""


def parameter_importance(tables: SweepTables) -> Importance:
    """Return how much of the difference between the best and the other trials each parameter explains.

    The best are those that stand highest (`judged_trials`): complete ones first, then the stopped ones that went
    furthest. Stopped trials taken for bad alike, or left out, hide what stopped them: of two parameters that ruled 40
    drawn sweeps of 60 random trials under ASHA, both came first in 38 this way, in 20 with every stopped trial bad, and
    in 6 % of those where complete trials alone sufficed.
    """
    judged = judged_trials(tables)
    standing = judged["standing"].to_numpy(dtype=float)
    drawn = _drawn_parameters(judged, search_parameters(tables))
    none = Importance(n_trials=len(judged), n_stopped=int((judged["state"] == "pruned").sum()))
    if reason := _why_not(judged, drawn):
        return replace(none, reason=reason)
    study = _study(drawn)
    raw = _raw_importance(study, standing)
    total = sum(raw.values())
    if total <= 0:
        return replace(none, reason="no parameter separates the best trials from the others")
    chance = _chance(study, standing)
    return replace(
        none,
        shares={path: value / total for path, value in raw.items()},
        chance={path: chance[path] / total for path in raw},
    )


Drawn = list[tuple[dict[str, Any], dict[str, BaseDistribution]]]
"""Per trial: the active parameters and what they were drawn from."""


def _why_not(judged: pd.DataFrame, drawn: Drawn) -> str:
    if len(judged) < MIN_TRIALS:
        return f"importance needs at least {MIN_TRIALS} trials with a result, there are {len(judged)}"
    complete = int((judged["state"] == "complete").sum())
    if complete < MIN_COMPLETE:
        return f"importance needs at least {MIN_COMPLETE} complete trials, there are {complete}"
    return _why_alike(judged) or ("" if any(values for values, _ in drawn) else "no parameter was searched")


def _why_alike(judged: pd.DataFrame) -> str:
    """Return why no best trials stand out, "" where they do."""
    standing = judged["standing"].to_numpy(dtype=float)
    if np.ptp(standing) == 0:
        return "all results are equal"
    if not _is_best(standing).all():
        return ""
    last, diverged = int((standing == standing.min()).sum()), (judged["state"] == "diverged").any()
    what = "diverged" if diverged else "share the last place"
    return f"{last} of {len(judged)} trials {what}, so no best {TOP_SHARE * 100:.0f} % stand out"


def _is_best(standing: np.ndarray) -> np.ndarray:
    """Tell which trials are among the best ``TOP_SHARE``, ``(trials,)``; equals of the last of them are."""
    last = math.ceil(TOP_SHARE * len(standing)) - 1
    return np.asarray(standing >= np.sort(standing)[::-1][last])


def _raw_importance(study: optuna.Study, standing: np.ndarray) -> dict[str, float]:
    """Return path -> importance, largest first, not scaled to sum to 1; ``standing``: ``(trials,)``, more is better."""
    best = _is_best(standing)
    share = (best.sum() - 0.5) / len(best)  # Optuna takes the next whole trial
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=float(share))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what few trials cannot tell, the mark of chance says
        raw = optuna.importance.get_param_importances(
            study, evaluator=evaluator, target=lambda trial: float(not best[trial.number]), normalize=False
        )
    return {path: float(value) for path, value in raw.items()}


def _chance(study: optuna.Study, standing: np.ndarray) -> dict[str, float]:
    """Return path -> what it passes, or any other its own mark, in 1 of 20 shuffles of the standings.

    Westfall and Young's (1993) single-step maximum, each parameter in units of what chance gives it on average: one
    with many choices, or few trials, gets more of it than another.
    """
    draws = [_raw_importance(study, standing[order]) for order in shuffles(len(standing), PERMUTATIONS)]
    mean = {path: float(np.mean([draw[path] for draw in draws])) for path in draws[0]}
    largest = [max(draw[path] / mean[path] for path in draw if mean[path]) for draw in draws]
    return {path: mean[path] * float(np.quantile(largest, 0.95)) for path in mean}


def _study(drawn: Drawn) -> optuna.Study:
    """Return the trials as Optuna wants them, in their order; what each is worth is asked of the standings."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize")
        study.add_trials(
            [
                optuna.trial.create_trial(params=values, distributions=distributions, value=0.0)
                for values, distributions in drawn
            ]
        )
        return study
    finally:
        optuna.logging.set_verbosity(verbosity)


def _drawn_parameters(judged: pd.DataFrame, parameters: list[SearchParameter]) -> Drawn:
    drawn: Drawn = [({}, {}) for _ in range(len(judged))]
    for parameter in parameters:
        active = set(parameter.active(judged).index)
        for (values, distributions), (index, row) in zip(drawn, judged.iterrows(), strict=True):
            if index in active:
                value, distribution = _value_and_distribution(parameter, dict(row.items()), judged)
                values[parameter.path], distributions[parameter.path] = value, distribution
    return drawn


def _value_and_distribution(
    parameter: SearchParameter, trial: Mapping[Any, Any], judged: pd.DataFrame
) -> tuple[Any, BaseDistribution]:
    """Return the value of a trial as Optuna wants it, and what it was drawn from; ranges widen to what they hold."""
    entry = parameter.entry_of(trial) or {}
    if parameter.is_choice:
        label, choices = parameter.text_in(trial), [value_text(choice) for choice in entry.get("choice", ())]
        return label, CategoricalDistribution(choices if label in choices else parameter.choice_labels(judged))
    value = float(trial[parameter.column])
    low, high = _bounds(entry, judged[parameter.column].dropna().to_numpy(dtype=float))
    low, high = min(low, value), max(high, value)
    return value, FloatDistribution(low, high, log=parameter.is_log and low > 0)


def _bounds(entry: Mapping[str, Any], values: np.ndarray) -> tuple[float, float]:
    """Return the range of a spec, or of the values where the spec does not hold two numbers."""
    for kind, bounds in entry.items():
        if kind != "when" and isinstance(bounds, list | tuple) and len(bounds) >= 2:
            return float(bounds[0]), float(bounds[1])
    return float(values.min()), float(values.max())
