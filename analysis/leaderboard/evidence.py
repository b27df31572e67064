"""The evidence: one row per submission, with what its runs scored at home, how they were set, and what came back."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

SCORE = "score."
SETTING = "param."


@dataclass(frozen=True)
class Evidence:
    """Submissions to one competition.

    ``table``, one row per submission, indexed by its name:
    ``public``, ``private`` float, NaN where unknown; ``protocol`` str digest of how the scores at home were made;
    ``configuration`` str, equal for submissions that differ in their seed alone; ``seed``, ``fold``; ``runs`` list of
    run keys; ``sweep`` str; ``command`` str that shows the run; ``score.<metric>`` float per candidate score, as it was
    after the submitted epoch; ``score.<metric>|best`` and ``score.<metric>|mean_last_3`` its other aggregates where it
    was measured after every epoch; ``param.<path>`` per setting that differs between submissions.

    Scores of a submission with several members are means over them.
    """

    competition: str
    table: pd.DataFrame
    directions: dict[str, str] = field(default_factory=dict)
    """score name (without `score.`) -> max or min"""
    predictions: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """submission -> files of stored predictions (analysis.records.predictions), where they are there"""
    left_out: tuple[str, ...] = ()
    """submissions that are not in the table, each with the reason"""

    @property
    def scores(self) -> tuple[str, ...]:
        """The candidate scores."""
        return tuple(name.removeprefix(SCORE) for name in map(str, self.table) if name.startswith(SCORE))

    @property
    def settings(self) -> tuple[str, ...]:
        """Dotted paths of the settings that differ."""
        return tuple(name.removeprefix(SETTING) for name in map(str, self.table) if name.startswith(SETTING))

    def score(self, name: str) -> pd.Series:
        """One candidate score of every submission, turned so that higher is better."""
        values = self.table[SCORE + name].astype(float)
        return -values if self.directions.get(name) == "min" else values
