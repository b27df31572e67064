"""Labels in one cell of a table: names separated by `;`, and what looks like a list but isn't one."""

import re
from collections.abc import Sequence

from analysis.records.strict_csv import quoted
from trainers.errors import DataError

BRACKETS = {"[": "]", "(": ")", "{": "}"}
SURE = re.compile(r"[,|]")
"""Separators of other tables, seldom part of a name."""
LIKELY = re.compile(r"[\s/]")
"""Separators of other tables that are part of many names, too."""


def label_list(column: str, text: str, place: str) -> list[str]:
    """The names in a cell, each once.

    Raises:
        DataError: the cell is a list as Python or JSON writes it.
    """
    if text and BRACKETS.get(text[0]) == text[-1]:
        raise DataError(f"{place}: {column} is {quoted(text)}, a list in brackets. Try: names separated by ;")
    names = (part.strip() for part in text.split(";"))
    return list(dict.fromkeys(name for name in names if name))


def joined_labels(cells: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Notes on labels all of whose parts are labels themselves: `robin wren` beside `robin` and `wren`.

    Args:
        cells: (FILE:LINE, labels) of each cell.

    Raises:
        DataError: the parts are separated by a comma or a bar.
    """
    first = {name: place for place, names in reversed(cells) for name in names}
    for name, place in first.items():
        if _made_of(first, SURE.split(name)):
            raise DataError(f"{place}: the label {quoted(name)} is made of other labels. Try: separate them by ;")
    joined = [name for name in first if _made_of(first, LIKELY.split(name))]
    return [
        f"{first[name]}: the label {quoted(name)} is made of other labels. If several are meant, separate them by ;"
        for name in sorted(joined)
    ]


def _made_of(labels: dict[str, str], parts: Sequence[str]) -> bool:
    named = [part.strip() for part in parts if part.strip()]
    return len(named) > 1 and all(part in labels for part in named)
