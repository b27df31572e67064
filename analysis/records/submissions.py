"""The ledger of submissions: what was sent to a leaderboard, and what came back.

results/submissions/<competition>/0007.json     one submission, whole, with a checksum (analysis.records.files)

A submission is never changed in part: a private score that becomes known later replaces the record whole, and its
number stays. Numbers are given by creating the file, so that two shells never share one.
"""

import json
import math
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from analysis.errors import RecordsError
from analysis.records.files import read_record, write_record

SCHEMA_VERSION = 1
ADDED, IMPORTED, JUDGED = "added", "imported", "judged"
"""Where a score is from: typed, a table of the competition's site, a judge of ours."""


@dataclass(frozen=True)
class Member:
    """One run of a submission, at one epoch."""

    sweep: str
    run: str
    """its key"""
    epoch: int | None = None
    """None: the epoch whose checkpoint was kept"""


@dataclass(frozen=True)
class Submission:
    """What was sent, and its scores; a score that isn't known is None."""

    competition: str
    """the catalogue whose test it was, or any name"""
    name: str
    """of its file, or what a person calls it"""
    members: tuple[Member, ...] = ()
    """empty where it is of no run on record"""
    public: float | None = None
    private: float | None = None
    description: str = ""
    post_processing: str = ""
    bundle: str | None = None
    """digest of the bundle that was sent"""
    submitted_at: str | None = None
    """as the competition's site says; for reading only, never for ordering"""
    source: str = ADDED
    number: int = 0
    """from 1; 0 before it is on record"""

    @property
    def same_as(self) -> tuple[Any, ...]:
        """Equal for submissions of the same predictions."""
        return self.competition, frozenset(self.members), self.post_processing


def submissions_folder(results: Path, competition: str) -> Path:
    """Where the submissions to one competition are kept.

    Raises:
        RecordsError: the name can't be a folder's.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", competition):
        raise RecordsError(
            f"competition must be up to 80 letters, digits and ._- such as birdclef-2025, got {competition[:80]!r}"
        )
    return results / "submissions" / competition


def add_submission(results: Path, submission: Submission) -> Submission:
    """Put a submission on record under the next number; returns it with that number.

    Raises:
        RecordsError: it can't be written.
    """
    folder = submissions_folder(results, submission.competition)
    number = max((int(path.stem) for path in _paths(folder)), default=0) + 1
    while True:
        numbered = replace(submission, number=number)
        reserved = _reserve(folder, number)
        if reserved is not None:
            write_record(reserved, _body(numbered))
            return numbered
        number += 1


def replace_submission(results: Path, submission: Submission) -> None:
    """Write a submission on record anew, such as with its private score."""
    folder = submissions_folder(results, submission.competition)
    write_record(folder / f"{submission.number:04d}.json", _body(submission))


def read_submissions(results: Path, competition: str | None = None) -> list[Submission]:
    """The submissions on record, by competition and number.

    Raises:
        RecordsError: a record is damaged.
    """
    names = [competition] if competition is not None else competitions(results)
    return [_read(path) for name in names for path in _paths(submissions_folder(results, name)) if path.stat().st_size]


def competitions(results: Path) -> list[str]:
    """The competitions that something was submitted to."""
    return sorted(path.name for path in (results / "submissions").glob("*") if any(_paths(path)))


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if re.fullmatch(r"\d{4,}", path.stem))


def _reserve(folder: Path, number: int) -> Path | None:
    """The number's file, created empty, or None where somebody else has it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:04d}.json"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return None
    return path


def _body(submission: Submission) -> dict[str, Any]:
    for name in ("public", "private"):
        value = getattr(submission, name)
        if value is not None and not math.isfinite(value):
            raise RecordsError(f"{name} must be a finite number, got {value}")
    plain: dict[str, Any] = json.loads(json.dumps(asdict(submission)))
    return {"schema": SCHEMA_VERSION, **plain}


def _read(path: Path) -> Submission:
    body = read_record(path)
    if body is None:
        raise RecordsError(f"{path}: damaged. Try: remove it and add the submission again")
    fields = {name: value for name, value in body.items() if name in Submission.__dataclass_fields__}
    fields["members"] = tuple(Member(**member) for member in fields["members"])
    return Submission(**fields)
