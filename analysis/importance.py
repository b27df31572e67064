"""Which searched parameters mattered: Optuna's importance on a study rebuilt from the trials table.

Derived settings have none: the search varies what they are computed from, and theirs would be its importance again.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import SearchParameter, of_one_configuration, search_parameters, value_text

MIN_COMPLETE = 8
PERMUTATIONS = 100
TOP_SHARE = 0.4
"""The share of trials that counts as good. Optuna's default, a tenth, is two trials of twenty: on 25 drawn sweeps of 20
trials where the learning rate rules, it put the inert conditional gamma first in 17; with 0.4 the learning rate came
first in all 25 (19 of 25 with 12 trials)."""
METHOD = "PED-ANOVA (Watanabe, Bansal and Hutter 2023; Optuna 5's version for conditional parameters)"
CAVEAT = (
    "It asks what separates the best 40 % of the complete trials from the others, averaging over the other parameters "
    "as the search sampled them. Parameters that were chosen together share their credit."
)


@dataclass(frozen=True)
class Importance:
    """``shares``: path -> share of 1, largest first; ``chance``: what chance exceeds 1 time in 20, same scale.

    Both are empty, and ``reason`` says why, when the trials do not support an answer.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    n_trials: int = 0
    reason: str = ""


def parameter_importance(tables: SweepTables) -> Importance:
    """Return how much of the difference between good and other trials each parameter explains.

    Only complete trials count: the score of a stopped one is from fewer epochs. The level of chance comes from the same
    computation on ``PERMUTATIONS`` random assignments of the scores to the trials (fixed seed).
    """
    trials = of_one_configuration(tables.stage_trials("search"))
    complete = trials[(trials["state"] == "complete") & np.isfinite(trials["score"].astype(float))]
    scores = complete["score"].to_numpy(dtype=float) * -Objective.of(tables.definition).sign  # lower is better
    drawn = _drawn_parameters(complete, search_parameters(tables))
    reason = _why_not(scores, drawn)
    if reason:
        return Importance(n_trials=len(scores), reason=reason)
    raw = _raw_importance(drawn, scores)
    total = sum(raw.values())
    if total <= 0:
        return Importance(n_trials=len(scores), reason="no parameter separates the best trials from the others")
    chance = _chance(drawn, scores)
    return Importance(
        {path: value / total for path, value in raw.items()},
        {path: chance[path] / total for path in raw},
        len(scores),
    )


Drawn = list[tuple[dict[str, Any], dict[str, BaseDistribution]]]
"""Per trial: the active parameters and what they were drawn from."""


def _why_not(scores: np.ndarray, drawn: Drawn) -> str:
    if len(scores) < MIN_COMPLETE:
        return f"importance needs at least {MIN_COMPLETE} complete trials, there are {len(scores)}"
    if np.ptp(scores) == 0:
        return "all complete trials have the same score"
    return "" if any(values for values, _ in drawn) else "no parameter was searched"


def _raw_importance(drawn: Drawn, scores: np.ndarray) -> dict[str, float]:
    """Return path -> importance, largest first, not scaled to a sum of 1; lower ``scores`` ``(trials,)`` are better."""
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=TOP_SHARE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what few trials cannot tell, the level of chance says
        raw = optuna.importance.get_param_importances(_study(drawn, scores), evaluator=evaluator, normalize=False)
    return {path: float(value) for path, value in raw.items()}


def _chance(drawn: Drawn, scores: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(0)
    draws = [_raw_importance(drawn, rng.permutation(scores)) for _ in range(PERMUTATIONS)]
    return {path: float(np.quantile([draw[path] for draw in draws], 0.95)) for path in draws[0]}


def _study(drawn: Drawn, scores: np.ndarray) -> optuna.Study:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize")
        study.add_trials(
            [
                optuna.trial.create_trial(params=values, distributions=distributions, value=float(score))
                for (values, distributions), score in zip(drawn, scores, strict=True)
            ]
        )
        return study
    finally:
        optuna.logging.set_verbosity(verbosity)


def _drawn_parameters(complete: pd.DataFrame, parameters: list[SearchParameter]) -> Drawn:
    drawn: Drawn = [({}, {}) for _ in range(len(complete))]
    for parameter in parameters:
        active = set(parameter.active(complete).index)
        for (values, distributions), (index, row) in zip(drawn, complete.iterrows(), strict=True):
            if index in active:
                value, distribution = _value_and_distribution(parameter, dict(row.items()), complete)
                values[parameter.path], distributions[parameter.path] = value, distribution
    return drawn


def _value_and_distribution(
    parameter: SearchParameter, trial: Mapping[Any, Any], complete: pd.DataFrame
) -> tuple[Any, BaseDistribution]:
    """Return the value of a trial as Optuna wants it, and what it was drawn from; ranges widen to what they hold."""
    entry = parameter.entry_of(trial) or {}
    if parameter.is_choice:
        label, choices = parameter.text_in(trial), [value_text(choice) for choice in entry.get("choice", ())]
        return label, CategoricalDistribution(choices if label in choices else parameter.choice_labels(complete))
    value = float(trial[parameter.column])
    low, high = _bounds(entry, complete[parameter.column].dropna().to_numpy(dtype=float))
    low, high = min(low, value), max(high, value)
    return value, FloatDistribution(low, high, log=parameter.is_log and low > 0)


def _bounds(entry: Mapping[str, Any], values: np.ndarray) -> tuple[float, float]:
    """Return the range of a spec, or of the values where the spec does not hold two numbers."""
    for kind, bounds in entry.items():
        if kind != "when" and isinstance(bounds, list | tuple) and len(bounds) >= 2:
            return float(bounds[0]), float(bounds[1])
    return float(values.min()), float(values.max())
