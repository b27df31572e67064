"""What is asked when the next submission is chosen."""

from dataclasses import dataclass

import pandas as pd

from analysis.errors import UserError

FEWEST = 2
"""Submissions with a score, below which there is nothing to learn from."""


@dataclass(frozen=True)
class Question:
    """Which columns to learn from."""

    board: str
    """leaderboard score; rows without one are the candidates"""
    scores: tuple[str, ...] = ()
    """scores at home"""
    settings: tuple[str, ...] = ()
    lower_is_better: frozenset[str] = frozenset()
    noise_sd: float | None = None
    """of one leaderboard score; fitted where it is None"""
    teach: float = 0.5
    """weight of learning, 0 to 1; the rest is gain"""

    @property
    def sign(self) -> int:
        """What turns leaderboard scores so that larger is better, and back."""
        return -1 if self.board in self.lower_is_better else 1

    def check(self, table: pd.DataFrame, count: int) -> None:
        """Refuse what can't be answered.

        Raises:
            UserError: no columns to learn by, too few scores, no candidates, a weight or count out of range.
        """
        scored = int(table[self.board].notna().sum())
        if not (self.scores or self.settings):
            raise UserError("nothing to learn by. Try: a validation score (--cv) or settings (--settings)")
        if scored < FEWEST:
            raise UserError(
                f"{scored} rows have {self.board!r}, at least {FEWEST} are needed to learn from. "
                "Try: submit two that differ a lot first"
            )
        if scored == len(table):
            raise UserError(
                f"all {scored} rows have {self.board!r}, so none is left to submit. "
                f"Try: rows of runs not yet submitted, with {self.board} empty"
            )
        if not 0 <= self.teach <= 1:
            raise UserError(f"teach must be from 0 to 1, got {self.teach:g}. Try: 0.5")
        if count < 1:
            raise UserError(f"the number of submissions must be at least 1, got {count}. Try: 1")
