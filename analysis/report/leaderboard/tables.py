"""The tables of the page, as text; the template escapes every cell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.correlation.contrasts import Contrast
from analysis.correlation.facts import Slice
from analysis.correlation.reasons import coefficient_text, p_text
from analysis.leaderboard.suggest import Suggestion
from analysis.report.leaderboard.subject import Subject
from analysis.report.tables import Table
from analysis.report.words import DASH
from analysis.selection.selection_facts import Ranked

MOST_CANDIDATES = 40
MOST_SETTINGS = 8
"""Columns of settings in the table of submissions."""
MOST_SCORES = 6


@dataclass(frozen=True)
class VerdictRow:
    """A question with its answer; `css` names the verdict for the style sheet."""

    cells: tuple[str, ...]
    verdict: str

    @property
    def css(self) -> str:
        """`no-evidence`"""
        return self.verdict.replace(" ", "-")


VERDICT_HEADER = ("validation", "leaderboard", "n", "Spearman", "95 % interval", "p", "regret", "at random")


def verdict_rows(answers: Sequence[Slice]) -> list[VerdictRow]:
    """A row per validation score and leaderboard."""
    return [VerdictRow(_verdict_cells(one), one.verdict) for one in answers]


def contrasts_table(contrasts: Sequence[Contrast], cv: str, board: str) -> Table:
    """The submissions of every set that differs in one setting only."""
    rows = [
        [one.column, member.id, member.value, f"{member.cv:.6g}", f"{member.leaderboard:.6g}"]
        for one in contrasts
        for member in one.members
    ]
    return Table(["differ in", "submission", "value", cv, board], rows, [False, False, False, True, True])


def ranking_table(ranking: Sequence[Ranked]) -> Table:
    """Candidates with their rank agreement, corrected p, regret, and how often others would choose them."""
    rows = [
        [
            one.name,
            str(one.n),
            coefficient_text(one.spearman),
            p_text(one.p_corrected),
            number(max(one.regret.value, 0.0)),
            f"{one.bootstrap:.0%}",
            f"{one.held_out:.0%}",
        ]
        for one in ranking[:MOST_CANDIDATES]
    ]
    header = ["candidate", "n", "Spearman", "p, corrected", "regret", "best in resamples", "best without one"]
    return Table(header, rows, [False, *([True] * 6)], marked=frozenset({0}))


def suggestions_table(found: Sequence[Suggestion]) -> Table:
    """What to submit next, in order."""
    rows = [
        [
            one.name,
            f"{one.expected:.4f}",
            f"{one.low:.4f} to {one.high:.4f}",
            f"{one.gain:.4f}",
            f"{one.teaches:.0%}",
            one.chosen_for,
        ]
        for one in found
    ]
    header = ["submit", "expected", "95 % interval", "gain", "teaches", "chosen for"]
    return Table(header, rows, [False, True, True, True, True, False])


def submission_rows(subject: Subject) -> list[int]:
    """Places of the submissions, the best on the public leaderboard first."""
    board = subject.columns.public
    scores = pd.Series(subject.table[board].to_numpy(dtype=float))
    return [int(place) for place in scores.sort_values(ascending=_lower(subject, board), kind="stable").index]


def submissions_table(subject: Subject) -> Table:
    """Every submission with its scores and settings, in the order of `submission_rows`."""
    columns = subject.columns
    scores = [*columns.boards.values(), *columns.cv[:MOST_SCORES]]
    settings = list(subject.settings[:MOST_SETTINGS])
    rows = [
        [str(name), *(number(float(row[one])) for one in scores), *(_setting(row[one]) for one in settings)]
        for name, row in subject.table.iloc[submission_rows(subject)].iterrows()
    ]
    return Table(["submission", *scores, *settings], rows, [False, *([True] * len(scores)), *([False] * len(settings))])


def number(value: float) -> str:
    """A score with the digits it has, up to five; a dash where there is none."""
    return f"{value:.5g}" if math.isfinite(value) else DASH


def _verdict_cells(one: Slice) -> tuple[str, ...]:
    low, high = one.spearman.low, one.spearman.high
    interval = f"{coefficient_text(low)} to {coefficient_text(high)}" if math.isfinite(low) else DASH
    lost = (f"{one.regret.value:.3g}", f"{one.regret.at_random:.3g}") if one.regret else (DASH, DASH)
    name = one.cv if one.kind == "all" else f"{one.cv} ({one.name})"
    strength = coefficient_text(one.spearman.value) if math.isfinite(one.spearman.value) else DASH
    return (name, one.leaderboard, str(one.n), strength, interval, p_text(one.p_corrected), *lost)


def _lower(subject: Subject, score: str) -> bool:
    return score in subject.options.lower_is_better


def _setting(value: object) -> str:
    return DASH if pd.isna(value) or str(value).strip() == "" else str(value)  # type: ignore[call-overload]
