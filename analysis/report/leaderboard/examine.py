"""Everything that a page says about a leaderboard, found once; what can't be found carries the reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from analysis.correlation import Analysis, Slice, analyse
from analysis.correlation.pairs import Pairs
from analysis.errors import UserError
from analysis.leaderboard.effects import Effects, effects
from analysis.leaderboard.next_question import Question
from analysis.leaderboard.shake_up import ShakeUp, Split, shake_up
from analysis.leaderboard.signs import Sign, signs
from analysis.leaderboard.suggest import Suggestion, suggest
from analysis.report.leaderboard.subject import Subject
from analysis.selection.candidates import merged
from analysis.selection.decision import Decision
from analysis.selection.nested import select
from analysis.selection.selection_facts import Circumstances

Found = TypeVar("Found")
SUGGESTED = 3
"""Submissions that are suggested."""
MOST_EFFECT_SCORES = 2
"""Validation scores whose effects stand beside those on the leaderboard."""


@dataclass(frozen=True)
class Examined:
    """What was found; text in place of a finding says why it is missing."""

    subject: Subject
    analysis: Analysis
    ranking: Decision | str
    effects: Effects | str
    signs: tuple[Sign, ...]
    suggestions: tuple[Suggestion, ...] | str
    outlook: ShakeUp | str

    @property
    def headlines(self) -> list[Slice]:
        """The answers, the public leaderboard first and the surest of it first."""
        return sorted(self.analysis.headlines, key=_surest)

    @property
    def headline(self) -> Slice:
        """The answer that is told first."""
        return self.headlines[0]


def examine(subject: Subject, ranking: Decision | None = None, split: Split | None = None) -> Examined:
    """Ask of the submissions everything that a page shows.

    Args:
        subject: the submissions.
        ranking: of all recorded scores and rules, where predictions are stored; None: of the columns alone.
        split: sizes and noise of the two parts of the test, where they are known.
    """
    found = analyse(subject.table, subject.columns, subject.options)
    first = min(found.headlines, key=_surest)
    pairs = Pairs.of(subject.table, first.cv, first.leaderboard, subject.options.lower_is_better)
    return Examined(
        subject=subject,
        analysis=found,
        ranking=_or_why(lambda: ranking or _ranking(subject, found)),
        effects=_or_why(lambda: _effects(subject, first.cv)),
        signs=tuple(signs(pairs, subject.settings, subject.options.seed)) if len(pairs) >= FEWEST_FOR_SIGNS else (),
        suggestions=_or_why(lambda: _suggestions(subject)),
        outlook=_or_why(lambda: _outlook(subject, split)),
    )


FEWEST_FOR_SIGNS = 5
"""Submissions below which any setting seems to go with any score."""


def _surest(one: Slice) -> tuple[bool, float, float]:
    """What sorts answers; of those that no order drawn exceeds, the strongest is the first."""
    strength = one.spearman.value
    return one.board != "public", one.p_corrected, -abs(strength) if np.isfinite(strength) else 0.0


def _or_why(find: Callable[[], Found]) -> Found | str:
    try:
        return find()
    except UserError as error:
        return str(error)


def _ranking(subject: Subject, found: Analysis) -> Decision:
    """The validation scores against each other, on the public leaderboard."""
    columns = subject.columns
    if len(columns.cv) < 2:
        raise UserError(f"{columns.cv[0]} is the only validation score, so there is nothing to choose from.")
    turned = _turned(subject, list(columns.cv))
    tried = merged(turned)
    protocols = max(1, len({one.value for one in found.slices if one.kind == "protocol"}))
    board = _turned(subject, [columns.public])[columns.public]
    return Decision(
        competition=subject.title,
        board="public",
        selection=select(tried.table, board, Circumstances(protocols), subject.options.seed),
        same_as=tried.same_as,
        without_order=tried.left_out,
        ladder=None,
        labels=(),
        left_out=(),
    )


def _turned(subject: Subject, names: list[str]) -> pd.DataFrame:
    signs = np.array([-1.0 if name in subject.options.lower_is_better else 1.0 for name in names])
    return subject.table[names].astype(float) * signs


def _effects(subject: Subject, first: str) -> Effects:
    """On the leaderboard, the score of the headline and one more."""
    scores = tuple(dict.fromkeys([first, *subject.columns.cv]))[:MOST_EFFECT_SCORES]
    columns = subject.columns.__class__(scores, subject.columns.public)
    return effects(subject.table, columns, subject.options.settings or (), subject.options)


def _suggestions(subject: Subject) -> tuple[Suggestion, ...]:
    if subject.candidates is None or subject.candidates.empty:
        raise UserError(
            "nothing is left that wasn't submitted. Try: more runs in the sweep, or rows without a leaderboard score"
        )
    public = subject.columns.public
    scored = subject.table[subject.table[public].notna()]
    both = pd.concat([scored, subject.candidates.assign(**{public: float("nan")})])
    noise = subject.options.noise.get(public)
    asked = Question(
        public, subject.columns.cv, subject.settings, subject.options.lower_is_better, noise.sd if noise else None
    )
    return suggest(both, asked, min(SUGGESTED, len(subject.candidates)))


def _outlook(subject: Subject, split: Split | None) -> ShakeUp:
    if split is None:
        raise UserError(
            "the sizes of the public and the private test are not known. Try: --public-rows 1500 --private-rows 2900"
        )
    public = subject.table[subject.columns.public].dropna()
    lower = subject.columns.public in subject.options.lower_is_better
    return shake_up(list(map(str, public.index)), public.to_list(), split, lower, subject.options.seed)
