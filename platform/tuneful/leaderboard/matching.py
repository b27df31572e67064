"""Which run on record a row of an export may be of: by the words of its name and description, then by its date."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialPlan, sweep_folder, sweep_names
from tuneful.leaderboard.kaggle import Row

SHOWN = 5
"""Candidates that are offered."""


@dataclass(frozen=True)
class Candidate:
    """A complete trial on record."""

    name: str
    """as it is typed: `loss:7`"""
    settings: str
    ended_at: float
    """seconds since 1970, by its file: for reading only"""

    @property
    def words(self) -> frozenset[str]:
        """What a person may have called it by."""
        return _words(f"{self.name} {self.settings}")

    @property
    def ended(self) -> str:
        """`2025-05-03 10:00` in UTC, as the export has it."""
        return datetime.fromtimestamp(self.ended_at, UTC).strftime("%Y-%m-%d %H:%M")


def candidates(results: Path) -> list[Candidate]:
    """The complete trials of all sweeps.

    Raises:
        RecordsError: a record is damaged.
    """
    folders = [sweep_folder(results, name) for name in sweep_names(results)]
    return [
        _candidate(folder, plan)
        for folder in folders
        for stage in (SEARCH, CONFIRM)
        for plan, end in folder.trials(stage)
        if end is not None and end.state == "complete"
    ]


def nearest(row: Row, known: Sequence[Candidate], count: int = SHOWN) -> list[Candidate]:
    """The candidates that share the rarest words with a row, those first that ended shortly before it was sent."""
    counts = Counter(word for one in known for word in one.words)
    said = _words(f"{row.submission.name} {row.submission.description}")
    sent = _seconds(row.submission.submitted_at or "")

    def order(one: Candidate) -> tuple[float, bool, float]:
        shared = math.fsum(1 / counts[word] for word in one.words & said)
        late = sent is not None and one.ended_at > sent
        return -shared, late, abs(one.ended_at - sent) if sent is not None else -one.ended_at

    return sorted(known, key=order)[:count]


def _candidate(folder: SweepFolder, plan: TrialPlan) -> Candidate:
    which = str(plan.number) if plan.stage == SEARCH else plan.name
    settings = ", ".join(
        f"{path}={value if isinstance(value, str) else json.dumps(value)}" for path, value in plan.settings.items()
    )
    ended_at = (folder.path / "trials" / f"{plan.name}.end.json").stat().st_mtime
    return Candidate(f"{folder.name}:{which}", settings, ended_at)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))


def _seconds(date: str) -> float | None:
    try:
        return datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
