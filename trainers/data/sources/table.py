"""Tables of text, read strictly: a broken one is refused with its line instead of being read askew."""

import codecs
import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from trainers.config.paths import nearest
from trainers.errors import DataError

MOST_SHOWN = 60
"""How many characters of a cell a message shows."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
    records = _records(path)
    _, names = next(records, (1, []))
    header = tuple(name.strip() for name in names)
    _check_header(path, header, required)
    rows = [(line, cells) for line, cells in records if any(cells)]
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(
                f"{path}:{line}: {len(cells)} cells, the header has {len(header)}. Try: quote cells with commas"
            )
    if not rows:
        raise DataError(f"{path}: no rows below the header. Try: one row per clip")
    return Table(path, header, rows)


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV file that may have no rows.

    Raises:
        DataError: not UTF-8 text, or no CSV.
    """
    return tuple(name.strip() for name in next(_records(path), (1, []))[1])


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
        DataError: not UTF-8, or with NUL bytes, with the line.
    """
    content = path.read_bytes()
    if content.startswith(UTF_16):
        raise DataError(f"{path}:1: UTF-16, not UTF-8 text. Try: iconv -f utf-16 -t utf-8")
    if (nul := content.find(b"\0")) >= 0:
        raise DataError(f"{path}:{_line(content, nul)}: a NUL byte, so no UTF-8 text. Try: export it again as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line(content, error.start)
        raise DataError(f"{path}:{line}: not UTF-8 text ({error.reason}). Try: iconv -f latin1 -t utf-8") from None


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line it begins at, cells) of each record; a quoted cell may go over several lines."""
    reader = csv.reader(StringIO(read_text(path), newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "Try: close the quotes of each cell, and double those inside"
            raise DataError(f"{path}:{line}: not valid CSV ({error}). {hint}") from None


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


def quoted(cell: str) -> str:
    """A cell for a message: in quotes, what can't be printed escaped, a long one cut."""
    return repr(cell) if len(cell) <= MOST_SHOWN else f"{cell[:MOST_SHOWN]!r}... ({len(cell):,} characters)"


def extras(row: dict[str, str], used: Iterable[str]) -> dict[str, Any]:
    """The columns that a catalogue has no place for, as `extra_<name>`; None where a cell is empty."""
    skip = {"", *used}
    return {f"extra_{name}": cell.strip() or None for name, cell in row.items() if name not in skip}


def _check_header(path: Path, header: Sequence[str], required: Sequence[str]) -> None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(
            f"{path}:1: cells are not separated by commas (got {quoted(header[0])}). Try: export as comma-separated"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: the column {quoted(twice[0])} is there twice. Try: keep one of the two")
    for name in required:
        if name not in header:
            hint = nearest(name, [column for column in header if column]) if header else "the file is empty"
            raise DataError(f"{path}:1: no column is called {name!r}. {hint}")
