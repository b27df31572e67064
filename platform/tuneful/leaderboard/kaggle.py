"""Kaggle's export of a competition's submissions: rows with scores, and the runs they name.

    fileName,date,description,status,publicScore,privateScore

as `kaggle competitions submissions --csv` prints it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.correlation.read_table import NO_SCORE, parse_score, read_cells
from analysis.errors import UserError
from analysis.records.submissions import IMPORTED, Member, Submission

COLUMNS = ("fileName", "date", "description", "status", "publicScore", "privateScore")
COMPLETE = "complete"
KEY = re.compile(r"(?<![0-9a-z])([0-9a-f]{16})(?:@(\d{1,6}))?(?![0-9a-z])")
"""A run key in a name or a description, perhaps with its epoch: `0123456789abcdef@12`."""

FindRun = Callable[[str, int | None], Member | None]
"""(run key, epoch) -> the member, or None where no such run is on record."""


@dataclass(frozen=True)
class Row:
    """A submission that was scored, as the site tells it."""

    line: int
    submission: Submission
    unknown: tuple[str, ...]
    """run keys that it names and that no run on record has"""


@dataclass(frozen=True)
class Export:
    """What the file holds."""

    rows: tuple[Row, ...]
    skipped: Mapping[str, int]
    """rows without a score, by status"""


def read_export(path: Path, competition: str, mapped: Mapping[str, Sequence[Member]], find: FindRun) -> Export:
    """Read an export; what is pending or went wrong is counted, not read.

    Args:
        path: the CSV file.
        competition: its name on our record.
        mapped: members of rows whose names and descriptions name no run, by fileName or date: where notebooks are
            submitted, all files have one name.
        find: looks for a run by its key.

    Raises:
        UserError: what is wrong with the file, with line, value and fix.
    """
    header, cells = read_cells(path)
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise UserError(
            f"{path}:1: no column is called {missing[0]!r}, want {','.join(COLUMNS)} as Kaggle exports it. "
            "Try: kaggle competitions submissions COMPETITION --csv, or platform leaderboard analyse for other tables"
        )
    rows: list[Row] = []
    skipped: dict[str, int] = {}
    for line, values in cells:
        row = {name: value.strip() for name, value in zip(header, values, strict=True)}
        status = row["status"].rpartition(".")[2].casefold()
        if status != COMPLETE:
            skipped[status or "no status"] = skipped.get(status or "no status", 0) + 1
            continue
        rows.append(_read(f"{path}:{line}", line, row, competition, (mapped, find)))
    _refuse_unused(path, mapped, [row.submission for row in rows])
    return Export(tuple(rows), skipped)


def _read(
    place: str,
    line: int,
    row: Mapping[str, str],
    competition: str,
    runs: tuple[Mapping[str, Sequence[Member]], FindRun],
) -> Row:
    mapped, find = runs
    given = tuple(mapped.get(row["date"]) or mapped.get(row["fileName"], ()))
    members, unknown = (given, ()) if given else _named(f"{row['fileName']} {row['description']}", find)
    submission = Submission(
        competition=competition,
        name=row["fileName"],
        members=members,
        public=_score(row["publicScore"], f"{place}: publicScore"),
        private=_score(row["privateScore"], f"{place}: privateScore"),
        description=row["description"],
        submitted_at=row["date"],
        source=IMPORTED,
    )
    if submission.public is None and submission.private is None:
        raise UserError(f"{place}: status is complete, but there is no score. Try: remove the row")
    return Row(line, submission, unknown)


def _named(text: str, find: FindRun) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """The members whose keys are in a text, none of them if one is of no run on record; and the keys of such runs."""
    keys = dict.fromkeys((key, int(epoch) if epoch else None) for key, epoch in KEY.findall(text))
    found = {key: find(*key) for key in keys}
    unknown = tuple(key for (key, _), member in found.items() if member is None)
    members = dict.fromkeys(member for member in found.values() if member is not None)
    return () if unknown else tuple(members), unknown


def _score(text: str, where: str) -> float | None:
    if text.casefold() in NO_SCORE | {"none"}:
        return None
    return parse_score(text, where)


def _refuse_unused(path: Path, mapped: Mapping[str, Sequence[Member]], rows: Sequence[Submission]) -> None:
    names = {one.name for one in rows}
    unused = sorted(set(mapped) - names - {one.submitted_at for one in rows})
    if unused:
        known = ", ".join(sorted(names)[:3]) or "a file with scored rows"
        raise UserError(f"{path}: no scored row has the fileName or date {unused[0]!r} of --map. Try: {known}")
