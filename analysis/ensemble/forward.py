"""Greedy forward selection of members with replacement (Caruana et al. 2004, "Ensemble selection from libraries")."""

from dataclasses import dataclass

import numpy as np

from analysis.ensemble.combinations import COMBINATIONS, check_choice
from analysis.ensemble.members import Members
from analysis.errors import UserError
from analysis.metrics import METRICS, Case, measure

MOST_ROUNDS = 20
"""Members that are added at most, repeats among them."""


@dataclass(frozen=True)
class Selection:
    """What was chosen, in the order it was added."""

    chosen: tuple[str, ...]
    """a member that was added twice stands there twice: it has twice the weight"""
    path: tuple[float, ...]
    """the score after each addition, on the clips that chose it: too good by construction"""
    weights: np.ndarray
    """(members,) how often each was added"""


def score_of(metric: str, positive: np.ndarray, prediction: np.ndarray) -> float:
    """A metric of `analysis.metrics`, turned so that higher is better."""
    value = measure(Case(positive, prediction), (metric,))[metric]
    return value if METRICS[metric].direction == "max" else -value


def single_scores(members: Members, metric: str) -> np.ndarray:
    """(members,) the score of each alone, higher is better."""
    return np.array([score_of(metric, members.positive, own) for own in members.probabilities])


def greedy_selection(
    members: Members, metric: str = "macro_auc", combination: str = "arithmetic", rounds: int = MOST_ROUNDS
) -> Selection:
    """Start with the best member; add, `rounds` times at most, the one that helps most; keep the best prefix.

    Members may be added again, which is how they get weights. Of equal additions the first member is taken, of equal
    prefixes the shortest.

    Args:
        members: what is chosen among, on the clips that choose.
        metric: of `analysis.metrics`.
        combination: of `COMBINATIONS`.
        rounds: members at most.

    Raises:
        UserError: a metric or combination that does not exist, or that these clips do not define.
    """
    check_choice(metric, combination)
    how = COMBINATIONS[combination]
    entered = how.enter(members.probabilities)
    total, chosen, path = np.zeros_like(entered[0]), [], []
    for size in range(1, rounds + 1):
        scores = [score_of(metric, members.positive, how.leave((total + own) / size)) for own in entered]
        _check_defined(scores, metric, members)
        best = int(np.argmax(scores))
        total += entered[best]
        chosen.append(best)
        path.append(scores[best])
    kept = chosen[: int(np.argmax(path)) + 1]
    weights = np.bincount(kept, minlength=len(members.names))
    return Selection(tuple(members.names[k] for k in kept), tuple(path[: len(kept)]), weights)


def _check_defined(scores: list[float], metric: str, members: Members) -> None:
    if np.isnan(scores).any():
        raise UserError(f"{metric} is not defined on {len(members.clip_ids)} clips. Try: more clips, or fewer parts")
