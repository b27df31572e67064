"""What a person puts on the ledger of submissions: a submission, and later its scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.correlation.read_table import parse_score
from analysis.errors import UserError
from analysis.records.submissions import (
    ADDED,
    Submission,
    add_submission,
    competitions,
    read_submissions,
    replace_submission,
)
from trainers.errors import SpecError
from tuneful.leaderboard.chosen import ChosenRun, common_data

NEVER_MADE = "leave the option out"


@dataclass(frozen=True)
class Described:
    """What is said of a submission beside its runs and scores."""

    competition: str | None = None
    """None: the catalogue of its runs"""
    name: str | None = None
    """None: the names of its runs"""
    post_processing: str = ""
    bundle: str | None = None


@dataclass(frozen=True)
class Scores:
    """What the leaderboard answered; None: not known."""

    public: float | None = None
    private: float | None = None

    def __bool__(self) -> bool:
        """Whether any is known."""
        return self.public is not None or self.private is not None


def parse_scores(public: str | None, private: str | None) -> Scores:
    """The scores as typed.

    Raises:
        UserError: `85%`, `0,777`, `nan`: what is wrong with the option, and the fix.
    """
    return Scores(_parsed(public, "--public"), _parsed(private, "--private"))


def as_submission(chosen: Sequence[ChosenRun], described: Described, scores: Scores, source: str = ADDED) -> Submission:
    """The runs as a submission that is not on record yet.

    Raises:
        SpecError: the runs are of several catalogues and nobody says of which competition.
    """
    return Submission(
        competition=described.competition or common_data(chosen),
        name=described.name or _name(chosen),
        members=tuple(dict.fromkeys(one.member for one in chosen)),
        public=scores.public,
        private=scores.private,
        post_processing=described.post_processing,
        bundle=described.bundle,
        source=source,
    )


def put_on_record(results: Path, submission: Submission, again: bool = False) -> Submission:
    """Add a submission; returns it with its number.

    Raises:
        SpecError: the same predictions are on record, and `again` doesn't say that this is meant.
        RecordsError: it can't be written.
    """
    refuse_same(results, submission, again)
    return add_submission(results, submission)


def refuse_same(results: Path, submission: Submission, again: bool) -> None:
    """Refuse the same runs, epochs and post-processing a second time.

    Raises:
        SpecError: as said, naming the submission that is on record.
    """
    same = [known for known in read_submissions(results, submission.competition) if known.same_as == submission.same_as]
    if same and not again:
        raise SpecError(
            f"submission {same[0].number} to {submission.competition} ({same[0].name}) is of the same runs, epochs and "
            f"post-processing. Try: platform leaderboard score {same[0].number} for its scores, "
            "--post-processing TEXT if that is what differs, or --again"
        )


def set_scores(results: Path, competition: str | None, number: int, scores: Scores) -> tuple[Submission, Submission]:
    """Fill in or correct the scores of a submission; returns it as it was and as it is.

    Args:
        results: the results folder.
        competition: None where there is only one.
        number: of the submission.
        scores: the known ones; the others stay.

    Raises:
        SpecError: no score is given, or there is no such submission.
    """
    if not scores:
        raise SpecError(f"submission {number}: no score is given. Try: --private 0.75")
    known = {one.number: one for one in read_submissions(results, competition or only_competition(results))}
    if number not in known:
        shown = f"1 to {max(known)}" if known else "none"
        raise SpecError(f"there is no submission {number}; on record: {shown}. Try: platform leaderboard list")
    given = {name: value for name, value in vars(scores).items() if value is not None}
    submission = replace(known[number], **given)
    replace_submission(results, submission)
    return known[number], submission


def only_competition(results: Path) -> str:
    """The competition that all submissions are to.

    Raises:
        SpecError: there is none, or there are several.
    """
    names = competitions(results)
    if len(names) != 1:
        known = f"there are several ({', '.join(names)})" if names else f"there are no submissions in {results}"
        raise SpecError(f"which competition is meant? {known}. Try: --competition NAME")
    return names[0]


def table_of(submissions: Sequence[Submission]) -> pd.DataFrame:
    """A row per submission, for people."""
    rows = [
        {
            "competition": one.competition,
            "number": one.number,
            "name": one.name,
            "public": one.public,
            "private": one.private,
            "runs": ", ".join(f"{member.sweep}:{member.run}@{member.epoch}" for member in one.members),
            "post_processing": one.post_processing,
            "source": one.source,
        }
        for one in submissions
    ]
    return pd.DataFrame(rows)


def _parsed(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    value = parse_score(text, option, NEVER_MADE)
    if math.isnan(value):
        raise UserError(f"{option} is {text!r}, want a number such as 0.777. Try: {NEVER_MADE} where there is no score")
    return value


def _name(chosen: Sequence[ChosenRun]) -> str:
    return " + ".join(dict.fromkeys(f"{one.run.folder.name} {one.run.trial.name}" for one in chosen))
