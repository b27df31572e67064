"""Anyone's recordings: a comma-separated table with the columns `path` and `labels`, and any other of a catalogue.

    path,labels,author,start_s,duration_s
    a/001.ogg,robin;wren,Kim,0,5

`labels` and `secondary_labels` hold names separated by `;`; an empty `labels` means that nothing is active.
Columns that a catalogue doesn't know are kept as `extra_<name>`.
"""

from pathlib import Path
from typing import Any

from trainers.data.catalogue import SCHEMA
from trainers.data.sources.assemble import Row, SourceResult, assemble
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
    rows = [Row(place, _values(cells, place)) for place, cells in read_table(table, REQUIRED).records()]
    return assemble(rows, root, table, skip_refused)


def _values(row: dict[str, str], place: str) -> dict[str, Any]:
    """A row's cells as values."""
    record: dict[str, Any] = {}
    for name, cell in row.items():
        text = cell.strip()
        if name in LISTS:
            record[name] = list(dict.fromkeys(_parts(text)))
        elif name == "label_weights":
            record[name] = [number(name, part, place) for part in _parts(text)] or None
        elif name in NUMBERS:
            record[name] = number(name, text, place)
        elif name == "verified":
            record[name] = _truth(text, place)
        else:
            record[name if name in TEXT_COLUMNS else f"extra_{name}"] = text or None
    if record["path"] is None:
        raise DataError(f"{place}: path is empty. Try: the recording's path below the root folder")
    if record.get("subset") not in (None, "train"):
        record["labels"] = None  # a subset other than train is predicted, never learnt from
    return record


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _truth(text: str, place: str) -> bool | None:
    if text.lower() not in TRUTHS:
        raise DataError(f"{place}: verified is {text!r}. Try: true or false")
    return TRUTHS[text.lower()]
