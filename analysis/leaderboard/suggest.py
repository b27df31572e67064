"""What to submit next: the candidates that would gain most, or teach most about the others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.leaderboard.next_question import Question
from analysis.leaderboard.suggestion_words import reasons
from analysis.leaderboard.surrogate import Belief, believe, features
from analysis.leaderboard.worth import Aim, Worth, draws, gains, information

SMALLEST_GAIN = 0.02
"""A gain of less than this share of the spread of leaderboard scores is none: then learning decides."""


@dataclass(frozen=True)
class Suggestion:
    """A candidate to submit, given those suggested before it."""

    name: str
    expected: float
    """leaderboard score"""
    low: float
    """of the 95 % interval of a score that would be observed"""
    high: float
    gain: float
    """expected improvement over the best so far and over those suggested before"""
    teaches: float
    """share of the uncertainty about all candidates that its score would take away (Cohn 1996), 0 to 1"""
    chosen_for: Aim
    """what weighed more"""
    reasons: tuple[str, ...]


def suggest(table: pd.DataFrame, question: Question, count: int) -> tuple[Suggestion, ...]:
    """Choose candidates one after the other, each for what it adds to those before.

    So one that is expected to score as another gains nothing beside it; where scores are noisy it may still teach.

    Args:
        table: one row per submission or candidate, its name as index.
        question: columns and weights.
        count: submissions left today.

    Raises:
        UserError: too few scores to learn from, no candidates, nothing to learn by, or a weight out of range.
    """
    question.check(table, count)
    belief = _belief(table, question)
    drawn = draws(belief)
    best = np.full(len(drawn), belief.best)
    scale = max(float(gains(drawn, best).max()), SMALLEST_GAIN * belief.spread)
    left = np.ones(len(belief.mean), dtype=bool)
    found = []
    for _ in range(min(count, len(left))):
        worth = Worth(belief.mean, gains(drawn, best), information(belief))
        place, aim = worth.choose(left, scale, question.teach)
        found.append(_suggestion(table, question, belief, place, (worth, aim)))
        best, left[place] = np.maximum(best, drawn[:, place]), False
        belief = belief.after(place)
    return tuple(found)


def _belief(table: pd.DataFrame, question: Question) -> Belief:
    known = table[question.board].notna().to_numpy()
    made = features(table, question.scores, question.settings)
    scores = question.sign * table.loc[known, question.board].to_numpy(dtype=float)
    return believe(made[known], scores, made[~known], question.noise_sd)


def _suggestion(
    table: pd.DataFrame, question: Question, belief: Belief, place: int, chosen: tuple[Worth, Aim]
) -> Suggestion:
    expected, margin = question.sign * float(belief.mean[place]), belief.margin(place)
    worth, aim = chosen
    return Suggestion(
        name=str(table.index[table[question.board].isna()][place]),
        expected=expected,
        low=expected - margin,
        high=expected + margin,
        gain=float(worth.gain[place]),
        teaches=float(worth.learning[place]),
        chosen_for=aim,
        reasons=reasons(table, question, belief, place),
    )
