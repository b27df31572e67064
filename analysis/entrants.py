"""Who is in the confirm stage: the best of the search, and everybody who was run again before.

A search that goes on may find trials that seem better than what was confirmed. Those have to beat it: who was run
again stays a finalist, so that a proven winner can't be ousted by the lucky score of a trial that nobody ran again.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.objective import Objective
from analysis.pareto import pareto_front


@dataclass(frozen=True)
class Searched:
    """A trial of the search that is complete with a score."""

    number: int
    runs: Hashable
    """what trials with the same runs have in common: one of them is confirmed"""
    values: tuple[float, ...]
    """of the objectives, the first of which is the score; NaN where one is not on record"""


def best_first(trials: Iterable[Searched], objective: Objective) -> list[Searched]:
    """The trials by their score; of those with the same runs only the first."""
    ordered = sorted(trials, key=lambda trial: trial.values[0], reverse=objective.mode == "max")
    distinct: dict[Hashable, Searched] = {}
    for trial in ordered:
        distinct.setdefault(trial.runs, trial)
    return list(distinct.values())


def entrants(
    trials: Sequence[Searched], objectives: Sequence[Objective], top: int, begun: Collection[int]
) -> list[int]:
    """The numbers of the trials to confirm.

    Args:
        trials: of the search.
        objectives: of their values. The best by the first are chosen; of several, those of the Pareto front come first.
        top: how many of the search's best are confirmed.
        begun: numbers of the trials that have been run again, wholly or in part: they stay.
    """
    best = best_first(trials, objectives[0])
    if len(objectives) > 1:
        front = pareto_front([trial.values for trial in best], objectives)
        in_front = {trial.number for trial, there in zip(best, front, strict=True) if there}
        best.sort(key=lambda trial: trial.number not in in_front)
    chosen = [trial.number for trial in best[:top]]
    return chosen + [trial.number for trial in trials if trial.number in begun and trial.number not in chosen]


def asks_for(confirm: Mapping[str, Any], fold: int, split: str) -> bool:
    """Whether a confirm stage asks for that fold and split scheme: it may have had others before."""
    return fold in confirm["folds"] and (not confirm["splits"] or split in confirm["splits"])
