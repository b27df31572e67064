"""Why a candidate is worth a submission, in words."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.correlation.groups import stated
from analysis.leaderboard.next_question import Question
from analysis.leaderboard.surrogate import Belief

ALIKE = 0.05
"""Candidates whose expected scores differ by less than this share of the spread seen so far are alike."""
APART = 0.5
"""Two scores disagree where they rank a candidate this share of all rows apart."""


def reasons(table: pd.DataFrame, question: Question, belief: Belief, place: int) -> tuple[str, ...]:
    """Sentences on one candidate.

    Args:
        table: submissions and candidates.
        question: columns.
        belief: before this candidate is submitted.
        place: of the candidate among the rows without a leaderboard score.
    """
    open_rows = np.flatnonzero(table[question.board].isna())
    row = int(open_rows[place])
    told = [_standing(belief, place), *_new_values(table, question, row), *_disagreement(table, question, row)]
    if float(np.ptp(belief.mean)) < ALIKE * belief.spread and len(belief.mean) > 1:
        told.insert(0, "Nothing known tells the candidates apart by their expected score.")
    return tuple(told)


def _standing(belief: Belief, place: int) -> str:
    sd = float(np.sqrt(max(belief.covariance[place, place], 1e-18)))
    chance = float(stats.norm.cdf((belief.mean[place] - belief.best) / sd))
    rank = 1 + int((belief.mean > belief.mean[place]).sum())
    return (
        f"Expected {_ordinal(rank)} of {len(belief.mean)} candidates; better than the best so far with "
        f"probability {chance:.2f}."
    )


def _new_values(table: pd.DataFrame, question: Question, row: int) -> list[str]:
    """Values of settings that were never submitted."""
    found = []
    for name in question.settings:
        text = table[name].astype(str).str.strip()
        value = text.iloc[row]
        if stated(text).iloc[row] and value not in set(text[table[question.board].notna()]):
            found.append(f"{name} = {value}")
    return [f"Never submitted so far: {', '.join(found)}."] if found else []


def _disagreement(table: pd.DataFrame, question: Question, row: int) -> list[str]:
    """The two scores that rank the candidate most differently."""
    ranks = {
        name: int(_turned(table, name, question).rank(ascending=False, method="min").iloc[row])
        for name in question.scores
        if pd.notna(table[name].iloc[row])
    }
    if len(ranks) < 2:
        return []
    high, low = min(ranks, key=lambda name: ranks[name]), max(ranks, key=lambda name: ranks[name])
    if ranks[low] - ranks[high] < APART * len(table):
        return []
    return [
        f"{high} ranks it {_ordinal(ranks[high])} of {len(table)}, {low} {_ordinal(ranks[low])}: its score tells "
        "which of the two to believe."
    ]


def _turned(table: pd.DataFrame, name: str, question: Question) -> "pd.Series[float]":
    values = table[name].astype(float)
    return -values if name in question.lower_is_better else values


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
