"""The submissions of our own runs as a subject of the page: what was recorded of them, in columns."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.correlation import Columns, Noise, Options
from analysis.correlation.noise import noise_of_groups
from analysis.errors import UserError
from analysis.leaderboard.evidence import SCORE, SETTING, Evidence
from analysis.report.leaderboard.subject import Subject
from analysis.report.words import count
from analysis.selection.candidates import merged
from analysis.selection.rules import RULES

PUBLIC, PRIVATE, PROTOCOL = "public", "private", "protocol"
MOST_SCORES = 12
"""Recorded scores that are judged when nobody names any: those that rules of choosing are made of come first."""
MOST_WORK = 8_000_000
"""Resamples x submissions x scores, above which fewer resamples are drawn."""
FEWEST_RESAMPLES = 1_000


@dataclass(frozen=True)
class Rows:
    """Which rows of the evidence are what."""

    submissions: tuple[str, ...]
    candidates: tuple[str, ...] = ()
    """could be submitted next"""


@dataclass(frozen=True)
class Choice:
    """What a person chose to look at."""

    cv: tuple[str, ...] = ()
    """scores to judge; none: all that were recorded of the submitted epoch and order the submissions differently"""
    by: tuple[str, ...] = ()
    """settings to look within"""
    cv_noise: Noise | None = None
    """of each of these scores; what is given counts before what repeats show"""
    board_noise: Noise | None = None
    seed: int = 0


def subject_of(evidence: Evidence, rows: Rows, choice: Choice) -> Subject:
    """The page's subject.

    Args:
        evidence: of submissions, candidates, and further single runs, whose spread shows the noise.
        rows: which of its rows are what.
        choice: what to look at.

    Raises:
        UserError: no submission has a score, or a score or setting that is asked for isn't on record.
    """
    submitted = evidence.table.loc[list(rows.submissions)]
    _check_scored(evidence, submitted)
    names = _scores(evidence, submitted, choice.cv)
    settings = _settings(evidence, submitted)
    _check_known("--by", choice.by, settings)
    columns = Columns(
        cv=names,
        public=PUBLIC,
        private=PRIVATE if submitted[PRIVATE].notna().any() else None,
        protocol=PROTOCOL,
        by=choice.by,
    )
    whole = _table(evidence, columns, settings)
    return Subject(
        title=evidence.competition,
        table=whole.loc[list(rows.submissions)],
        columns=columns,
        options=_options(evidence, columns, settings, choice),
        settings=settings,
        candidates=whole.loc[list(rows.candidates)],
        left_out=evidence.left_out,
        notes=tuple(_notes(evidence, submitted, names, choice)),
    )


def only_submissions(evidence: Evidence, names: Sequence[str]) -> Evidence:
    """The evidence without candidates and repeats."""
    kept = {name: files for name, files in evidence.predictions.items() if name in set(names)}
    return dataclasses.replace(evidence, table=evidence.table.loc[list(names)], predictions=kept)


def _check_scored(evidence: Evidence, submitted: pd.DataFrame) -> None:
    if submitted.empty or submitted[PUBLIC].isna().all():
        reasons = "".join(f"; left out: {text}" for text in evidence.left_out[:3])
        raise UserError(
            f"none of {len(submitted)} submissions to {evidence.competition} with runs on record has a public score"
            f"{reasons}. Try: platform leaderboard add RUN --public 0.777, or platform leaderboard score NUMBER"
        )


def _scores(evidence: Evidence, submitted: pd.DataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """The scores to judge, the usual choice first; of those that order the submissions alike, the first.

    Which they are doesn't depend on what they say: p is corrected for just these.
    """
    _check_known("--cv", asked, evidence.scores)
    if asked:
        return tuple(dict.fromkeys(asked))
    plain = sorted(_plain(evidence), key=lambda name: _RULES.get(name, len(_RULES)))
    turned = {name: evidence.score(name).loc[submitted.index] for name in plain}
    different = tuple(map(str, merged(pd.DataFrame(turned)).table))
    return (different or tuple(plain))[:MOST_SCORES]


_RULES = {name: place for place, name in enumerate(RULES)}


def _plain(evidence: Evidence) -> list[str]:
    """Scores of the submitted epoch that are not of training."""
    return [name for name in evidence.scores if "|" not in name and not name.startswith("train/")]


def _check_known(option: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise UserError(f"{option} {name}: not on record. Try: one of {', '.join(known) or 'nothing'}")


def _settings(evidence: Evidence, submitted: pd.DataFrame) -> tuple[str, ...]:
    """Those that differ between the submissions."""
    return tuple(name for name in evidence.settings if submitted[SETTING + name].astype(str).nunique(dropna=False) > 1)


def _table(evidence: Evidence, columns: Columns, settings: Sequence[str]) -> pd.DataFrame:
    """Scores as numbers, settings as text.

    A setting that a single run hasn't got (the gamma of another loss) is `none`; one in which the members of an
    ensemble differ isn't stated.
    """
    rows = evidence.table
    single = rows["members"] == 1
    scores = {name: rows[SCORE + name].astype(float) for name in columns.cv}
    boards = {name: rows[name].astype(float) for name in columns.boards}
    text = {
        name: rows[SETTING + name].where(rows[SETTING + name].notna(), np.where(single, "none", "")).astype(str)
        for name in settings
    }
    return pd.DataFrame({**scores, **boards, PROTOCOL: rows[PROTOCOL].astype(str), **text}, index=rows.index)


def _options(evidence: Evidence, columns: Columns, settings: tuple[str, ...], choice: Choice) -> Options:
    shown = {name: choice.cv_noise or _repeats(evidence.table, SCORE + name) for name in columns.cv}
    shown |= dict.fromkeys(columns.boards, choice.board_noise)  # seeds differ on the test in truth, not by its size
    work = len(evidence.table) * len(columns.cv) * len(columns.boards)
    return Options(
        lower_is_better=frozenset(name for name in columns.cv if evidence.directions.get(name) == "min"),
        noise={name: one for name, one in shown.items() if one},
        settings=settings,
        seed=choice.seed,
        resamples=min(Options().resamples, max(FEWEST_RESAMPLES, MOST_WORK // max(1, work))),
    )


def _repeats(table: pd.DataFrame, column: str) -> Noise | None:
    """What single runs of one configuration show, which differ in seed or fold."""
    single = table[table["members"] == 1]
    groups = [group.dropna().to_numpy(dtype=float) for _, group in single.groupby("configuration")[column]]
    noise = noise_of_groups(groups, "repeats")
    several = sum(len(group) > 1 for group in groups)
    return dataclasses.replace(noise, source=f"seeds and folds of {count(several, 'configuration')}") if noise else None


def _notes(evidence: Evidence, submitted: pd.DataFrame, names: Sequence[str], choice: Choice) -> list[str]:
    waiting = int(submitted[PUBLIC].isna().sum())
    notes = [f"{waiting} submissions wait for their score."] if waiting else []
    others = len(_plain(evidence)) - len(names)
    if others > 0 and not choice.cv:
        notes.append(
            f"{count(len(names), 'recorded score')} judged, {others} not: constant, ordering the submissions as "
            f"another one does, or beyond the first {MOST_SCORES}. --cv names others."
        )
    return notes
