"""Tables of text, read strictly: a broken one is refused with its line instead of being read askew."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from trainers.config.paths import nearest
from trainers.errors import DataError


@dataclass(frozen=True)
class Table:
    """A CSV file. Cells stay text, so `NA`, `007` and `1e5` are what they say."""

    path: Path
    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    """(line, cells) of each row, as many cells as the header has"""

    def records(self) -> Iterator[tuple[str, dict[str, str]]]:
        """(place, cells by column) of each row; the place is FILE:LINE."""
        for line, cells in self.rows:
            yield f"{self.path}:{line}", dict(zip(self.header, cells, strict=True))


def read_table(path: Path, required: Sequence[str]) -> Table:
    """Read a CSV file: UTF-8 with or without a byte order mark, comma-separated, with a header.

    Args:
        path: the file.
        required: columns that it must have.

    Raises:
        DataError: what is wrong, with the line.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such table. Try: the path of a CSV file with the columns {', '.join(required)}")
    reader = csv.reader(StringIO(read_text(path), newline=""), strict=True)
    try:
        header = tuple(name.strip() for name in next(reader, []))
        _check_header(path, header, required)
        rows = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error}). Try: quotes doubled inside") from None
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"{path}:{line}: {len(cells)} cells, the header has {len(header)}. Try: quote commas")
    if not rows:
        raise DataError(f"{path}: no rows below the header. Try: one row per clip")
    return Table(path, header, rows)


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV file that may have no rows.

    Raises:
        DataError: not UTF-8 text.
    """
    return tuple(name.strip() for name in next(csv.reader(StringIO(read_text(path), newline="")), []))


def read_lines(path: Path) -> list[tuple[str, str]]:
    """(FILE:LINE, text) of each line that isn't blank.

    Raises:
        DataError: not UTF-8 text.
    """
    lines = enumerate(read_text(path).splitlines(), 1)
    return [(f"{path}:{number}", line.strip()) for number, line in lines if line.strip()]


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Raises:
        DataError: not UTF-8, with the line.
    """
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text ({error.reason}). Try: iconv -f latin1 -t utf-8") from None


def number(name: str, text: str, place: str) -> float | None:
    """A cell as a number; None where it is empty.

    Raises:
        DataError: no finite number, or a time (`*_s`) that is negative, or a duration of zero.
    """
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        hint = "Try: a decimal point" if "," in text else "Try: a plain number such as 2.5"
        raise DataError(f"{place}: {name} is {text!r}, want a number. {hint}") from None
    if not math.isfinite(value) or (name.endswith("_s") and value < 0) or (name == "duration_s" and value == 0):
        raise DataError(f"{place}: {name} is {text!r}, want a finite number, a time not negative. Try: an empty cell")
    return value


def extras(row: dict[str, str], used: Iterable[str]) -> dict[str, Any]:
    """The columns that a catalogue has no place for, as `extra_<name>`; None where a cell is empty."""
    skip = {"", *used}
    return {f"extra_{name}": cell.strip() or None for name, cell in row.items() if name not in skip}


def _check_header(path: Path, header: Sequence[str], required: Sequence[str]) -> None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(
            f"{path}:1: cells are not separated by commas (got {header[0][:60]!r}). Try: export as comma-separated"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: the column {twice[0]!r} is there twice. Try: keep one of the two")
    for name in required:
        if name not in header:
            hint = nearest(name, [column for column in header if column]) if header else "the file is empty"
            raise DataError(f"{path}:1: no column is called {name!r}. {hint}")
