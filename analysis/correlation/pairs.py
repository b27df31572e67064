"""The pairs of a validation score and a leaderboard score that one question is asked of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation.noise import Noise, noise_of_groups


@dataclass(frozen=True)
class Pairs:
    """Submissions with both scores; `x` and `y` are turned so that larger is better."""

    table: pd.DataFrame
    """one row per submission, its id as index"""
    cv: str
    board: str
    lower_is_better: frozenset[str]

    @classmethod
    def of(cls, table: pd.DataFrame, cv: str, board: str, lower_is_better: frozenset[str]) -> "Pairs":
        """The rows that have both scores."""
        return cls(table.dropna(subset=[cv, board]), cv, board, lower_is_better)

    @property
    def x(self) -> np.ndarray:
        """Validation ``(n,)``."""
        return self._sign(self.cv) * self.table[self.cv].to_numpy(dtype=float)

    @property
    def y(self) -> np.ndarray:
        """Leaderboard ``(n,)``."""
        return self.board_sign * self.table[self.board].to_numpy(dtype=float)

    @property
    def board_sign(self) -> int:
        """What turns `y` back into the leaderboard's own scores."""
        return self._sign(self.board)

    @property
    def ids(self) -> list[str]:
        """Names of the submissions."""
        return [str(name) for name in self.table.index]

    def where(self, column: str, value: str) -> "Pairs":
        """The pairs whose column has that value."""
        rows = self.table[column].astype(str).str.strip() == value
        return Pairs(self.table[rows], self.cv, self.board, self.lower_is_better)

    def __len__(self) -> int:
        return len(self.table)

    def _sign(self, name: str) -> int:
        return -1 if name in self.lower_is_better else 1


def average_repeats(table: pd.DataFrame, scores: Sequence[str]) -> tuple[pd.DataFrame, dict[str, Noise]]:
    """One row per id: means of the scores, everything else of the first row; and the noise that repeats show.

    Args:
        table: rows, ids as index.
        scores: columns of numbers.
    """
    groups = table.groupby(level=0, sort=False)
    averaged = groups.first()
    averaged[list(scores)] = groups[list(scores)].mean()
    noise = {
        name: noise_of_groups([group.dropna().to_numpy() for _, group in groups[name]], "repeats") for name in scores
    }
    return averaged, {name: one for name, one in noise.items() if one}
