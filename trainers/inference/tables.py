"""Predictions as tables: every window with its place, or a competition's rows and columns.

csv         path, start_s, end_s, and a column per class
birdclef    row_id, which is <file stem>_<end in whole seconds>, and a column per class; BirdCLEF since 2022
"""

import csv
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from trainers.errors import DataError
from trainers.inference.audio import Scored

ROW_ID = "row_id"
DIGITS = 9
"""Significant digits: as many as float32 needs to be read back unchanged."""
Rows = Iterator[list[str]]


@dataclass(frozen=True)
class Sample:
    """A competition's `sample_submission.csv`: which rows and columns it wants, in its order."""

    path: Path
    classes: tuple[str, ...]
    row_ids: tuple[str, ...]


def read_sample(path: Path) -> Sample:
    """Read a sample submission.

    Raises:
        DataError: it is no such table; the column, the line and the fix.
    """
    try:
        rows = list(csv.reader(StringIO(path.read_text("utf-8-sig"), newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: can't be read as a sample submission ({error}). Try: the competition's CSV") from None
    if len(rows) < 2 or rows[0][:1] != [ROW_ID] or len(rows[0]) < 2:
        raise DataError(f"{path}:1: want row_id, a column per class, and rows. Try: the competition's own file")
    for name, values in (("column", rows[0]), ("row_id", [row[0] if row else "" for row in rows[1:]])):
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise DataError(f"{path}: the {name} {twice!r} is there twice. Try: the competition's own file")
    return Sample(path, tuple(rows[0][1:]), tuple(row[0] for row in rows[1:]))


def csv_table(scored: Iterable[Scored], classes: Sequence[str]) -> Rows:
    """The header, then every window."""
    yield ["path", "start_s", "end_s", *classes]
    for one in scored:
        for start, end, values in zip(one.start_s, one.end_s, one.probabilities, strict=True):
            yield [str(one.path), f"{start:.{DIGITS}g}", f"{end:.{DIGITS}g}", *_texts(values)]


def birdclef_table(scored: Iterable[Scored], classes: Sequence[str], sample: Sample | None = None) -> Rows:
    """The header, then the rows of the competition.

    Args:
        scored: recordings.
        classes: of the runs.
        sample: rows and columns, in their order; None: every window, the runs' classes.

    Raises:
        DataError: a window ends between two seconds, a row_id is there twice, or the sample wants what isn't predicted.
    """
    if sample is None:
        yield [ROW_ID, *classes]
        for row_id, texts in _by_row_id(scored, whole=True):
            yield [row_id, *texts]
        return
    order = _order(sample, classes)
    found = dict(_by_row_id(scored, whole=False))
    missing = [row_id for row_id in sample.row_ids if row_id not in found]
    if missing:
        raise DataError(
            f"{sample.path}: {len(missing)} of {len(sample.row_ids)} rows are not predicted, first {missing[0]!r}; "
            f"{len(found)} are, first {next(iter(found), None)!r}. Try: all the recordings it names, and runs "
            "with its windows (segments.duration_s)"
        )
    yield [ROW_ID, *sample.classes]
    for row_id in sample.row_ids:
        yield [row_id, *(found[row_id][place] for place in order)]


def write_table(path: Path, rows: Rows) -> int:
    """Write a table whole or not at all; returns the rows below the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            count = sum(1 for _ in map(writer.writerow, rows)) - 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


FORMATS: dict[str, Callable[..., Rows]] = {"csv": csv_table, "birdclef": birdclef_table}


def _by_row_id(scored: Iterable[Scored], whole: bool) -> Iterator[tuple[str, list[str]]]:
    """(row_id, texts of the classes); windows that no row_id can name are refused where the `whole` file is wanted."""
    seen: dict[str, Path] = {}
    for one in scored:
        for end, values in zip(one.end_s, one.probabilities, strict=True):
            if abs(end - round(end)) > 1e-6:
                if whole:
                    raise DataError(
                        f"{one.path}: a window ends at {end:g} s, and a row_id has whole seconds. "
                        "Try: --sample sample_submission.csv to take its rows only, or --format csv"
                    )
                continue
            row_id = f"{one.path.stem}_{round(end)}"
            if row_id in seen:
                raise DataError(f"{one.path}: row_id {row_id!r} is that of {seen[row_id]}, too. Try: other file names")
            seen[row_id] = one.path
            yield row_id, _texts(values)


def _order(sample: Sample, classes: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(classes)}
    unknown = [name for name in sample.classes if name not in places]
    if unknown:
        raise DataError(
            f"{sample.path}:1: {len(unknown)} of {len(sample.classes)} columns are no classes of the runs, first "
            f"{unknown[0]!r}; the runs know {len(classes)}, first {classes[0]!r}. Try: runs trained on this "
            "competition's classes"
        )
    return [places[name] for name in sample.classes]


def _texts(values: Iterable[float]) -> list[str]:
    return [f"{value:.{DIGITS}g}" for value in values]
