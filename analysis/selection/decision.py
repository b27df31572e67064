"""One competition's question in one call: which score to follow, how sure that is, and which new bests are real."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.correlation import THRESHOLDS, Noise
from analysis.correlation.noise import noise_of_groups
from analysis.errors import UserError
from analysis.leaderboard.evidence import Evidence
from analysis.selection.candidates import candidates
from analysis.selection.evidence_pool import EvidencePool, evidence_pool
from analysis.selection.labelled_target import LabelsWorth, Scored, label_curve, match_labels
from analysis.selection.ladder import Ladder, ladder
from analysis.selection.nested import select
from analysis.selection.selection_facts import Circumstances, Selection
from analysis.selection.target_labels import read_target_labels

SCHEMA = 1
LABELLED = "labelled/macro_auc"
"""The candidate that a table of labelled target windows makes."""


@dataclass(frozen=True)
class Asked:
    """What is to be decided."""

    board: str = "public"
    """public or private"""
    noise: Noise | None = None
    """of a leaderboard score; None: from submissions that differ in their seed alone"""
    target_labels: Path | None = None
    """a table of labelled target windows"""
    seed: int = 0


@dataclass(frozen=True)
class Decision:
    """What was found, for a terminal, a page and a notebook alike."""

    competition: str
    board: str
    selection: Selection
    same_as: Mapping[str, tuple[str, ...]]
    """candidate -> those that order the submissions exactly as it does"""
    without_order: tuple[str, ...]
    """candidates that are constant or known of fewer than three submissions"""
    ladder: Ladder | None
    """None where nothing says how noisy the leaderboard is"""
    labels: tuple[LabelsWorth, ...]
    """what numbers of labelled windows are worth; empty without labels"""
    left_out: tuple[str, ...]
    """submissions that took no part, with the reason"""

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON has it: None for what is not defined."""
        return {"schema": SCHEMA, **_plain(dataclasses.asdict(self))}


def decide(evidence: Evidence, asked: Asked | None = None) -> Decision:
    """Compare all candidates on the submissions of a competition.

    Args:
        evidence: the submissions.
        asked: leaderboard, noise, labelled windows.

    Raises:
        UserError: too few submissions with a score and runs on record, or a bad table of labels.
    """
    asked = asked or Asked()
    _check_enough(evidence, asked.board)
    board = evidence.table[asked.board].astype(float)
    pool = evidence_pool(evidence)
    scored = _labelled(pool, asked.target_labels) if asked.target_labels else None
    more = pd.DataFrame({LABELLED: scored.score()}, index=evidence.table.index) if scored else None
    tried = candidates(evidence, pool=pool, more=more)
    repeats = tuple(_repeats(evidence.table[board.notna()]))
    protocols = evidence.table.loc[board.notna(), "protocol"].nunique()
    noise = asked.noise or noise_of_groups([board[list(names)].to_numpy() for names in repeats], "repeats")
    return Decision(
        competition=evidence.competition,
        board=asked.board,
        selection=select(tried.table, board, Circumstances(protocols, repeats), asked.seed),
        same_as=tried.same_as,
        without_order=tried.left_out,
        ladder=ladder(board, noise) if noise else None,
        labels=label_curve(scored, seed=asked.seed) if scored else (),
        left_out=evidence.left_out,
    )


def _check_enough(evidence: Evidence, board: str) -> None:
    fewest = THRESHOLDS.fewest_pairs
    scored = int(evidence.table[board].notna().sum()) if board in evidence.table else 0
    if scored >= fewest:
        return
    missing = (
        [f"{len(evidence.table) - scored} on record have no {board} score"] if len(evidence.table) > scored else []
    )
    missing += [f"left out: {text}" for text in evidence.left_out[:3]]
    more = f", and {len(evidence.left_out) - 3} more" if len(evidence.left_out) > 3 else ""
    raise UserError(
        f"{evidence.competition}: want {fewest} submissions with a {board} score and runs on record, got {scored}"
        + "".join(f"; {text}" for text in missing)
        + f"{more}. Try: platform leaderboard add RUN --{board} SCORE for {fewest - scored} more"
    )


def _labelled(pool: EvidencePool, path: Path) -> Scored:
    return match_labels(pool.windows("target"), read_target_labels(path, pool.classes))


def _repeats(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Submissions of one run each that differ in their seed alone."""
    single = table[table["members"] == 1]
    for names in single.groupby("configuration").groups.values():
        if len(names) > 1:
            yield tuple(map(str, names))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
