"""What an ensemble gains, on clips that neither trained nor chose it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.ensemble.combinations import COMBINATIONS
from analysis.ensemble.forward import Selection, greedy_selection, score_of, single_scores
from analysis.ensemble.members import Members
from analysis.errors import UserError

SINGLE, ALL, GREEDY = "best single", "mean of all", "greedy"
PARTS, REPEATS = 5, 4


@dataclass(frozen=True)
class Judged:
    """Three ways to choose, compared.

    ``table``, a row per way (`best single`, `mean of all`, `greedy`): ``score``, mean over held-out parts of the clips,
    of what the other parts chose; ``gain`` over `best single` on the same parts, with its 95 % interval ``low`` to
    ``high``; ``chosen_on``, the score on the clips that chose, which is too good by ``chosen_on - score``. A metric to
    be minimised is negated.
    """

    table: pd.DataFrame
    selection: Selection
    """greedy on all clips: the one to use; its own path is no measurement"""
    parts: int
    """held-out parts that define the metric"""


def judge_ensembles(
    members: Members,
    metric: str = "macro_auc",
    combination: str = "arithmetic",
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Judged:
    """Compare the best single member, the mean of all and greedy selection.

    The clips are cut into 5 parts, 4 times over. What 4 parts choose is scored on the fifth; the members' predictions
    are out of fold already, so no clip is scored by what saw it. The interval is that of the corrected repeated k-fold
    t-test (Nadeau and Bengio 2003; Bouckaert and Frank 2004), since parts share the clips that choose: it is wide.

    Args:
        members: what is chosen among.
        metric: of `analysis.metrics`.
        combination: of `COMBINATIONS`.
        groups: (clips,) which clips must stay together, such as recordings; None: each clip by itself.
        seed: of the parts.

    Raises:
        UserError: a metric or combination that does not exist, fewer than 5 groups, too few clips to score.
    """
    selection = greedy_selection(members, metric, combination)
    own = np.array(members.clip_ids if groups is None else groups, dtype=str)
    held, chosen_on = [], []
    for part in _parts(own, seed):
        weights = _chosen(members.of_clips(~part), metric, combination)
        held.append(_scores(members.of_clips(part), weights, metric, combination))
        chosen_on.append(_scores(members.of_clips(~part), weights, metric, combination))
    scores = pd.DataFrame(held).dropna()
    if len(scores) < 2:
        raise UserError(f"{metric} is defined on {len(scores)} of {len(held)} parts of the clips. Try: another metric")
    rows = {way: _row(scores[way], scores[SINGLE]) for way in scores}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["chosen_on"] = pd.DataFrame(chosen_on).mean()
    return Judged(table, selection, len(scores))


def corrected_interval(differences: np.ndarray, parts: int = PARTS) -> tuple[float, float]:
    """95 % interval of a mean difference over repeated `parts`-fold parts: variance (1/n + 1/(parts - 1)) s^2.

    ``differences``: ``(n,)``, one per held-out part; Student's t with n - 1 degrees of freedom.
    """
    n = len(differences)
    spread = float(np.std(differences, ddof=1)) * float(np.sqrt(1 / n + 1 / (parts - 1)))
    half = float(stats.t.ppf(0.975, n - 1)) * spread
    return float(np.mean(differences)) - half, float(np.mean(differences)) + half


def _parts(groups: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Masks ``(clips,)`` of the held-out clips; groups stay whole."""
    names = np.unique(groups)
    if len(names) < PARTS:
        raise UserError(f"clips must be of at least {PARTS} groups, got {len(names)}. Try: grouping by recording alone")
    rng = np.random.default_rng(seed)
    for _ in range(REPEATS):
        for part in np.array_split(rng.permutation(names), PARTS):
            yield np.isin(groups, part)


def _chosen(members: Members, metric: str, combination: str) -> dict[str, np.ndarray]:
    """The weights ``(members,)`` that each way gives."""
    alone = single_scores(members, metric)
    n = len(members.names)
    greedy = greedy_selection(members, metric, combination).weights
    return {SINGLE: np.eye(n)[int(np.nanargmax(alone))], ALL: np.ones(n), GREEDY: greedy}


def _scores(members: Members, weights: dict[str, np.ndarray], metric: str, combination: str) -> dict[str, float]:
    how = COMBINATIONS[combination]
    return {
        way: score_of(metric, members.positive, how.combine(members.probabilities, given))
        for way, given in weights.items()
    }


def _row(own: pd.Series, single: pd.Series) -> dict[str, float]:
    differences = (own - single).to_numpy()
    low, high = corrected_interval(differences)
    return {"score": float(own.mean()), "gain": float(differences.mean()), "low": low, "high": high}
