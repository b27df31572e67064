"""Ensembles of stored out-of-fold predictions: means, greedy selection, what they gain on clips that chose nothing.

``judge_ensembles(members)`` compares picking the single best run, the mean of all and greedy selection, each scored on
clips that it was not chosen on. ``rank_correlations(members)`` says how different the members are.
"""

from analysis.ensemble.combinations import COMBINATIONS, Combination
from analysis.ensemble.diversity import by_kind, rank_correlations
from analysis.ensemble.forward import Selection, greedy_selection
from analysis.ensemble.judged import Judged, judge_ensembles
from analysis.ensemble.members import Members, find_members, read_members

__all__ = [
    "COMBINATIONS",
    "Combination",
    "Judged",
    "Members",
    "Selection",
    "by_kind",
    "find_members",
    "greedy_selection",
    "judge_ensembles",
    "rank_correlations",
    "read_members",
]
