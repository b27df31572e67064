"""Tables of text, read strictly: a broken one is refused with its line instead of being read askew."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.records.strict_csv import StrictCsv, quoted
from trainers.config.paths import nearest
from trainers.errors import DataError

_CSV = StrictCsv(DataError, "clip")


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
    records = _CSV.records(path)
    header = _CSV.header(path, records)
    for name in required:
        if name not in header:
            hint = nearest(name, [column for column in header if column]) if header else "the file is empty"
            raise DataError(f"{path}:1: no column is called {name!r}. {hint}")
    rows = _CSV.rows(path, header, records)
    return Table(path, header, rows)


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV file that may have no rows.

    Raises:
        DataError: not UTF-8 text, or no CSV.
    """
    return tuple(name.strip() for name in next(_CSV.records(path), (1, []))[1])


def read_lines(path: Path) -> list[tuple[str, str]]:
    """(FILE:LINE, text) of each line that isn't blank.

    Raises:
        DataError: not UTF-8 text.
    """
    lines = enumerate(_CSV.text(path).splitlines(), 1)
    return [(f"{path}:{number}", line.strip()) for number, line in lines if line.strip()]


def number(name: str, text: str, place: str) -> float | None:
    """A cell as a number; None where it is empty.

    Raises:
        DataError: no finite number, or a time (`*_s`) that is negative, or a duration of zero.
    """
    if not text:
        return None
    try:
        value = float("" if "_" in text else text)  # Python's 1_000 is no number in a table
    except ValueError:
        hint = "Try: a decimal point" if "," in text else "Try: a plain number such as 2.5"
        raise DataError(f"{place}: {name} is {quoted(text)}, want a number. {hint}") from None
    if not math.isfinite(value) or (name.endswith("_s") and value < 0) or (name == "duration_s" and value == 0):
        raise DataError(
            f"{place}: {name} is {quoted(text)}, want a finite number, a time not negative. Try: an empty cell"
        )
    return value


def extras(row: dict[str, str], used: Iterable[str]) -> dict[str, Any]:
    """The columns that a catalogue has no place for, as `extra_<name>`; None where a cell is empty."""
    skip = {"", *used}
    return {f"extra_{name}": cell.strip() or None for name, cell in row.items() if name not in skip}
