"""Takes an export into the ledger of submissions: new ones are added, known ones get their scores, none is twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from analysis.records.submissions import (
    ADDED,
    IMPORTED,
    Submission,
    add_submission,
    read_submissions,
    replace_submission,
)
from trainers.errors import SpecError
from tuneful.leaderboard.chosen import chosen_runs, runs_by_key
from tuneful.leaderboard.kaggle import FindRun, Row

FINGERPRINT = ("name", "submitted_at", "description")
"""By these a row of an export is known again."""


@dataclass(frozen=True)
class Allowed:
    """What an import may hold that is refused otherwise."""

    unknown: bool = False
    """rows that name no run on record"""
    repeated: bool = False
    """several rows of the same runs"""


@dataclass
class Plan:
    """What an import will write."""

    new: list[Submission] = field(default_factory=list)
    changed: list[Submission] = field(default_factory=list)
    """on record, with other scores"""
    same: int = 0
    """on record already, with these scores"""
    unknown: list[Row] = field(default_factory=list)
    repeated: list[tuple[Row, str]] = field(default_factory=list)
    """rows of the same runs as another one, and where that is"""


def find_run(results: Path) -> FindRun:
    """A search through the runs of all sweeps."""
    known = runs_by_key(results)
    return lambda key, epoch: chosen_runs(known[key], key, epoch)[0].member if key in known else None


def take_in(results: Path, competition: str, rows: Sequence[Row], allowed: Allowed) -> Plan:
    """Put an export's rows on record; done a second time, it adds nothing.

    Raises:
        SpecError: rows name no run on record, or the same runs, and `allowed` doesn't say that this is meant; nothing
            is written then.
        RecordsError: a record is damaged or can't be written.
    """
    plan = planned(rows, read_submissions(results, competition))
    refuse_repeated(rows, plan, allowed)
    if plan.unknown and not allowed.unknown:
        _refuse_unknown(results, rows, plan.unknown)
    for submission in plan.changed:
        replace_submission(results, submission)
    for submission in plan.new:
        add_submission(results, submission)
    return plan


def planned(rows: Sequence[Row], on_record: Sequence[Submission]) -> Plan:
    """What becomes of each row, in the order of time: exports have the newest first."""
    plan, open_records = Plan(), list(on_record)
    seen = {_runs(one): f"submission {one.number}" for one in on_record if one.members}
    for row in sorted(rows, key=lambda row: (row.submission.submitted_at or "", -row.line)):
        known = _match(row.submission, open_records)
        if known is not None:
            open_records.remove(known)
            _compare(plan, known, row.submission)
            continue
        if not row.submission.members:
            plan.unknown.append(row)
        elif _runs(row.submission) in seen:
            plan.repeated.append((row, seen[_runs(row.submission)]))
        else:
            seen[_runs(row.submission)] = f"line {row.line}"
        plan.new.append(row.submission)
    return plan


def _match(submission: Submission, records: Sequence[Submission]) -> Submission | None:
    """The record of a row: the row itself, imported before; or the same runs with that score, typed by a person."""
    for one in records:
        if one.source == IMPORTED and all(getattr(one, name) == getattr(submission, name) for name in FINGERPRINT):
            return one
    for one in records:
        same_runs = bool(one.members) and _runs(one) == _runs(submission)
        if one.source == ADDED and same_runs and one.public in (None, submission.public):
            return one
    return None


def _compare(plan: Plan, known: Submission, row: Submission) -> None:
    scores = {name: getattr(row, name) for name in ("public", "private") if getattr(row, name) is not None}
    updated = replace(known, **scores, members=known.members or row.members)
    if updated == known:
        plan.same += 1
    else:
        plan.changed.append(updated)


def _runs(submission: Submission) -> Any:
    return frozenset(submission.members)


def refuse_repeated(rows: Sequence[Row], plan: Plan, allowed: Allowed) -> None:
    """Refuse several rows of the same runs, unless that is allowed.

    Raises:
        SpecError: as said, naming the first.
    """
    if plan.repeated and not allowed.repeated:
        row, other = plan.repeated[0]
        sizes = Counter(_runs(one.submission) for one in rows if one.submission.members)
        raise SpecError(
            f"{len(plan.repeated)} of {len(rows)} scored rows are of the same runs as another submission ({len(sizes)} "
            f"different ones in the file). First: line {row.line}, {row.submission.name!r}, the same as {other}. "
            "Try: --allow-repeated if they differ in what was done after the runs"
        )


def _refuse_unknown(results: Path, rows: Sequence[Row], unknown: Sequence[Row]) -> NoReturn:
    first, on_record = unknown[0], runs_by_key(results)
    unused = set(on_record) - {member.run for row in rows for member in row.submission.members}
    why = f"names the run {first.unknown[0]}" if first.unknown else "names no run key"
    alike = sum(row.submission.name == first.submission.name for row in rows) > 1
    raise SpecError(
        f"{len(unknown)} of {len(rows)} scored rows are of no run on record, and {len(unused)} of "
        f"{len(on_record)} runs on record are in no row. First: line {first.line}, {first.submission.name!r} "
        f"{why}. Try: --map {'DATE' if alike else 'FILENAME'}=RUN, or the command in a terminal, which asks; or "
        "--allow-unknown to take them in without their runs"
    )
