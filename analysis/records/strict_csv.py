"""CSV files that people wrote, read strictly: a broken one is refused with its line instead of being read askew."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from analysis.errors import UserError

MOST_SHOWN = 60
"""How many characters of a cell a message shows."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OTHER_SEPARATORS = (";", "\t", "|")

Record = tuple[int, list[str]]
"""The line that a row begins at, and its cells; a quoted cell may go over several lines."""


@dataclass(frozen=True)
class StrictCsv:
    """Reads UTF-8 with or without a byte order mark, cells separated by commas, all of them as text.

    Args:
        error: what refusals are raised as.
        row: what a row is, for messages: `clip`.
    """

    error: type[UserError]
    row: str

    def text(self, path: Path) -> str:
        """The text of a file; refuses what is not UTF-8, or holds NUL bytes."""
        content = path.read_bytes()
        if content.startswith(UTF_16):
            raise self.error(f"{path}:1: UTF-16, not UTF-8 text. Try: iconv -f utf-16 -t utf-8")
        if (nul := content.find(b"\0")) >= 0:
            raise self.error(
                f"{path}:{_line(content, nul)}: a NUL byte, so no UTF-8 text. Try: export it again as UTF-8"
            )
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = f"{path}:{_line(content, error.start)}"
            raise self.error(f"{place}: not UTF-8 text ({error.reason}). Try: iconv -f latin1 -t utf-8") from None

    def records(self, path: Path) -> Iterator[Record]:
        """The rows of a file, the header first; refuses quotes that don't match."""
        reader = csv.reader(StringIO(self.text(path), newline=""), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                hint = "Try: close the quotes of each cell, and double those inside"
                raise self.error(f"{path}:{line}: not valid CSV ({error}). {hint}") from None

    def header(self, path: Path, records: Iterator[Record]) -> tuple[str, ...]:
        """The names of the columns, none for an empty file; refuses other separators, and a column twice."""
        _, cells = next(records, (1, []))
        names = tuple(cell.strip() for cell in cells)
        if len(names) == 1 and any(one in names[0] for one in OTHER_SEPARATORS):
            raise self.error(
                f"{path}:1: cells are not separated by commas (got {quoted(names[0])}). "
                "Try: export as comma-separated, with decimal points"
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise self.error(
                f"{path}:1: the column {quoted(twice[0])} is there twice. Try: keep one of the two, or rename it"
            )
        return names

    def rows(self, path: Path, header: Sequence[str], records: Iterable[Record]) -> list[Record]:
        """The rows that aren't blank; refuses one that is not as wide as the header, and a file without any."""
        found = [(line, cells) for line, cells in records if any(cell.strip() for cell in cells)]
        for line, cells in found:
            if len(cells) != len(header):
                raise self.error(
                    f"{path}:{line}: {len(cells)} cells, the header has {len(header)}. "
                    "Try: quote cells with commas inside, and write decimals with a point"
                )
        if not found:
            raise self.error(f"{path}: no rows below the header. Try: one row per {self.row}")
        return found


def quoted(cell: str) -> str:
    """A cell for a message: in quotes, what can't be printed escaped, a long one cut."""
    return repr(cell) if len(cell) <= MOST_SHOWN else f"{cell[:MOST_SHOWN]!r}... ({len(cell):,} characters)"


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
