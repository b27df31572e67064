"""Anyone's recordings: a comma-separated table with the columns `path` and `labels`, and any other of a catalogue.

    path,labels,author,start_s,duration_s
    a/001.ogg,robin;wren,Kim,0,5

`labels` and `secondary_labels` hold names separated by `;`; an empty `labels` means that nothing is active.
Columns that a catalogue doesn't know are kept as `extra_<name>`; one without a name is an index, and left out.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.records.strict_csv import quoted
from trainers.data.catalogue import SCHEMA
from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.label_lists import joined_labels, label_list
from trainers.data.sources.table import number, read_table
from trainers.errors import DataError

REQUIRED = ("path", "labels")
LISTS = ("labels", "secondary_labels")
NUMBERS = ("start_s", "duration_s", "rating", "latitude", "longitude")
TEXT_COLUMNS = {name for name in SCHEMA.names if name != "content"}
"""A column `content` of the table would be overwritten by the recording's hash: it is kept as `extra_content`."""
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}


def read_csv(table: Path, root: Path, skip_refused: bool = False) -> SourceResult:
    """Read a table of clips and look at every recording it names.

    Args:
        table: the CSV file, UTF-8, comma-separated, with a header.
        root: the folder that the paths are relative to; none may leave it.
        skip_refused: leave recordings and clips out that can't be used instead of refusing the table.

    Raises:
        DataError: what is wrong, with the line.
    """
    read = read_table(table, REQUIRED)
    _refuse_almost_columns(table, read.header)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder. Try: --root with the folder that the paths are relative to")
    rows = [Row(place, _values(cells, place, root)) for place, cells in read.records()]
    notes = joined_labels([(row.place, row.values[name] or ()) for row in rows for name in LISTS if name in row.values])
    result = assemble(rows, root, table, skip_refused)
    return replace(result, notes=[*notes, *result.notes])


def _refuse_almost_columns(table: Path, header: Sequence[str]) -> None:
    """`Author` in place of `author` would leave the catalogue without authors, and nobody would hear of it."""
    for name in header:
        meant = name.casefold().replace(" ", "_").replace("-", "_")
        if meant in TEXT_COLUMNS and name not in TEXT_COLUMNS:
            raise DataError(f"{table}:1: the column {quoted(name)} is almost {meant!r}. Try: that name, or another one")


def _values(row: dict[str, str], place: str, root: Path) -> dict[str, Any]:
    """A row's cells as values."""
    record: dict[str, Any] = {}
    for name, cell in row.items():
        text = cell.strip()
        if name in LISTS:
            record[name] = label_list(name, text, place)
        elif name == "label_weights":
            record[name] = [number(name, part.strip(), place) for part in text.split(";") if part.strip()] or None
        elif name in NUMBERS:
            record[name] = number(name, text, place)
        elif name == "verified":
            record[name] = _truth(text, place)
        elif name:
            record[name if name in TEXT_COLUMNS else f"extra_{name}"] = text or None
    if record["path"] is None:
        raise DataError(f"{place}: path is empty. Try: the recording's path below the root folder")
    record["path"] = _below(root, record["path"])
    _check_weights(record, place)
    return _learnt_or_predicted(record, place)


def _below(root: Path, text: str) -> str:
    """The path relative to the root, where it lies in it, so that `./a.wav` and `a.wav` are one recording."""
    path, absolute = Path(text), root.absolute()
    return (path.relative_to(absolute) if path.is_relative_to(absolute) else path).as_posix()


def _check_weights(record: dict[str, Any], place: str) -> None:
    weights, labels = record.get("label_weights"), record["labels"]
    if weights is not None and len(weights) != len(labels):
        raise DataError(
            f"{place}: label_weights has {len(weights)} numbers, labels has {len(labels)} different names. "
            "Try: one for each label, or an empty cell"
        )


def _learnt_or_predicted(record: dict[str, Any], place: str) -> dict[str, Any]:
    """A subset other than train is predicted, never learnt from: its labels are put aside."""
    subset = record.get("subset")
    if subset in (None, "train"):
        return record
    if subset.casefold() == "train":
        raise DataError(f"{place}: subset is {quoted(subset)}. Try: train")
    return {**record, "labels": None}


def _truth(text: str, place: str) -> bool | None:
    if text.lower() not in TRUTHS:
        raise DataError(f"{place}: verified is {quoted(text)}. Try: true or false")
    return TRUTHS[text.lower()]
