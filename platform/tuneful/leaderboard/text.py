"""Lines of text for a terminal: tables, wrapped sentences, names as plain text."""

import textwrap
from collections.abc import Iterator, Sequence

LONGEST_NAME = 24
"""Characters of a name in a table; the JSON has it whole."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], longest: int = LONGEST_NAME) -> Iterator[str]:
    """Columns as wide as their cells; the first is flush left, numbers are flush right."""
    cells = [[_short(cell, longest) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    right = [k > 0 and all(_is_number(row[k]) for row in cells[1:]) for k in range(len(header))]
    for row in cells:
        padded = (cell.rjust(w) if flush else cell.ljust(w) for cell, w, flush in zip(row, widths, right, strict=True))
        yield ("  " + "  ".join(padded)).rstrip()


def _is_number(cell: str) -> bool:
    return not cell or cell[0] in "+-<0123456789" or cell in ("undefined", "unknown")


def _short(cell: str, longest: int) -> str:
    text = plain(cell)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def titled(title: str, sentences: Sequence[str], width: int) -> Iterator[str]:
    """A title and a bullet per sentence."""
    yield from ("", plain(title))
    for sentence in sentences:
        yield from textwrap.wrap(plain(sentence), width, initial_indent="- ", subsequent_indent="  ")


def wrapped(text: str, width: int) -> list[str]:
    """A paragraph."""
    return textwrap.wrap(plain(text), width)


def plain(text: str) -> str:
    """A name from a table, its control and bidirectional characters escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]
