"""A table of submissions from a file, read strictly: a broken cell is refused with its line, never guessed."""

import difflib
import math
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from analysis.correlation.columns import Columns
from analysis.errors import UserError
from analysis.records.strict_csv import StrictCsv

NO_SCORE = frozenset({"", "-", "–", "—", "n/a", "na"})
"""Cells of a score that was never made; `nan` is not one of them: it is a score that went wrong."""
_CSV = StrictCsv(UserError, "submission")


def read_table(path: Path, columns: Columns, repeats: bool = False) -> pd.DataFrame:
    """Read a comma-separated table of submissions, UTF-8 with or without a byte order mark, with a header.

    Returns every column as text but the scores, which are floats with NaN where a submission has none; ids as index.

    Args:
        path: the file.
        columns: roles; a column may have one role only.
        repeats: rows may share an id, as repeats of one submission.

    Raises:
        UserError: what is wrong, with name, value, line and fix.
    """
    header, rows = read_cells(path)
    _check_columns(path, header, columns)
    text = pd.DataFrame([cells for _, cells in rows], columns=list(header), dtype=str)
    lines = [line for line, _ in rows]
    table = text.copy()
    for name in columns.scores:
        cells = zip(lines, text[name], strict=True)
        table[name] = [parse_score(cell, f"{path}:{line}: {name}") for line, cell in cells]
    names = text[columns.id] if columns.id else pd.Series([f"line {line}" for line in lines])
    table.index = pd.Index(names.str.strip(), name="submission")
    _check_ids(path, lines, list(table.index), columns.id or "id", repeats)
    return table


def check_pairs(path: Path, table: pd.DataFrame, columns: Columns, fewest: int) -> None:
    """Refuse a table that can say nothing: fewer pairs than `fewest`, or a score that never changes.

    Raises:
        UserError: as said, with the counts of both sides.
    """
    for board in columns.boards.values():
        for name in columns.cv:
            pairs = table[[name, board]].dropna()
            counts = f"{table[name].count()} rows have {name!r}, {table[board].count()} have {board!r}"
            if len(pairs) < fewest:
                raise UserError(
                    f"{path}: {len(pairs)} rows have both, at least {fewest} are needed ({counts}). "
                    "Try: more submissions, or another column"
                )
            for column in (name, board):
                if pairs[column].nunique() == 1:
                    raise UserError(
                        f"{path}: {column!r} is {pairs[column].iloc[0]:g} in all {len(pairs)} rows that have both "
                        "scores, so nothing can be ranked by it. Try: another column, or scores with more decimals"
                    )


def read_cells(path: Path) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """Read a strict comma-separated table: (header, (line, cells) of each row), every row as wide as the header.

    Raises:
        UserError: no such file, no UTF-8, no CSV with commas, a column twice, a ragged row, or no rows.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such table. Try: the path of a CSV file")
    records = _CSV.records(path)
    header = _CSV.header(path, records)
    if not any(header):
        raise UserError(f"{path}: the file is empty. Try: a header, then one row per submission")
    return header, _CSV.rows(path, header, records)


def _check_columns(path: Path, header: Sequence[str], columns: Columns) -> None:
    roles = [name for name in (columns.id, *columns.scores, columns.protocol) if name]
    for name in columns.all:
        if name not in header:
            raise UserError(f"{path}:1: no column is called {name!r}. {_nearest(name, header)}")
        if roles.count(name) > 1:
            raise UserError(f"{name!r} is given two roles. Try: another column for one of them")
    for name in set(columns.by) & set(columns.scores):
        raise UserError(f"--by {name}: a score can't be a setting as well. Try: a column that says what was changed")


def parse_score(text: str, where: str, without: str = "an empty cell") -> float:
    """A score as a number; NaN where `text` says that there is none.

    Args:
        text: `0.777`.
        where: what the score is, for messages: `table.csv:3: public`.
        without: how to say that there is none.

    Raises:
        UserError: it is no finite number with a decimal point.
    """
    text = text.strip()
    if text.casefold() in NO_SCORE:
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        raise UserError(f"{where} is {text!r}, want a number. {_hint(text, without)}") from None
    if not math.isfinite(value) or "_" in text:
        raise UserError(f"{where} is {text!r}, want a finite number. Try: {without} where there is no score")
    return value


def _hint(text: str, without: str) -> str:
    """The fix of a cell that is no number."""
    if text.endswith("%"):
        return "Try: a share such as 0.85 instead of 85%"
    if "," in text:
        return f"Try: a decimal point, {text.replace(',', '.')}"
    return f"Try: a plain number such as 0.85, or {without} where there is no score"


def _check_ids(path: Path, lines: Sequence[int], ids: Sequence[str], column: str, repeats: bool) -> None:
    empty = next((line for line, name in zip(lines, ids, strict=True) if not name), None)
    if empty:
        raise UserError(f"{path}:{empty}: {column} is empty. Try: a name for every submission")
    again = _repeated(ids)
    if again and not repeats:
        places = [line for line, name in zip(lines, ids, strict=True) if name == again[0]]
        raise UserError(
            f"{path}:{places[1]}: {column} {again[0]!r} is there {len(places)} times, first in line {places[0]} "
            f"({len(ids)} rows, {len(set(ids))} submissions, {len(again)} of them repeated). Try: one row each, or "
            "--average-repeats to take their means and their spread as noise"
        )


def _repeated(ids: Iterable[str]) -> list[str]:
    counts: dict[str, int] = {}
    for name in ids:
        counts[name] = counts.get(name, 0) + 1
    return [name for name, count in counts.items() if count > 1]


def _nearest(name: str, known: Collection[str]) -> str:
    folded = {other.casefold(): other for other in known if other}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"Did you mean {folded[near[0]]!r}?" if near else f"Known: {', '.join(map(repr, folded.values()))}"
