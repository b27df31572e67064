"""What a page is about: submissions with their scores, wherever they are from, and what could be submitted next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.correlation import Columns, Options


@dataclass(frozen=True)
class Subject:
    """Submissions to one leaderboard."""

    title: str
    """of the competition, or of the table"""
    table: pd.DataFrame
    """one row per submission, its name as index: scores float (NaN: none), everything else text"""
    columns: Columns
    options: Options
    settings: tuple[str, ...] = ()
    """columns that say how a submission was made, and differ between submissions"""
    candidates: pd.DataFrame | None = None
    """the same columns of what could be submitted next"""
    copies: Mapping[str, str] = field(default_factory=dict)
    """submission or candidate -> what a click on it copies; its name where nothing is given"""
    left_out: tuple[str, ...] = ()
    """submissions that take no part, with the reason"""
    notes: tuple[str, ...] = ()
    """sentences on how the table came to be"""
    command: str = ""
    """that made the page"""

    def copy(self, name: str) -> str:
        """What a click on a submission copies."""
        return self.copies.get(name, name)

    @property
    def copied(self) -> str:
        """What that is, in a word."""
        return "command" if self.copies else "name"
