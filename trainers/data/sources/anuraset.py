"""AnuraSet (Cañas et al. 2023, Zenodo 8342596): windows of three seconds, cut from minutes of soundscape.

    metadata.csv                                sample_name, fname, min_t, max_t, site, date, species_number, subset,
                                                then a column of 0 and 1 for each species
    audio/<SITE>/<fname>_<min_t>_<max_t>.wav    or, in older layouts, the path in the first column

All windows are labelled, so all are of the subset `train`; the published subset, train or test, is the column `fold`.
Windows overlap: `recording_id` is the minute (`fname`), and a split must not tear it. The variants 36N and 36 of Mix2
are settings of a run: `data.exclude_classes` with the six species that only one side has, and `data.drop_empty`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.layout import need, nothing_there
from trainers.data.sources.moments import moment, stamp_of
from trainers.data.sources.table import Table, extras, number, read_table
from trainers.errors import DataError

LEADING = ("", "sample_name", "fname", "min_t", "max_t", "site", "date", "species_number", "subset")
"""Columns that are no species; the species stand to the right of all of them."""
TRUTHS = {"0": False, "0.0": False, "1": True, "1.0": True}
SUBSETS = ("train", "test")
TAKEN = ("fname", "min_t", "max_t", "site", "date", "subset")


def read_anuraset(path: Path, skip_refused: bool = False) -> SourceResult:
    """Read AnuraSet.

    Args:
        path: its folder.
        skip_refused: leave windows out that can't be used instead of refusing the dataset.

    Raises:
        DataError: not such a folder, or what is wrong with FILE:LINE.
    """
    (metadata,) = need(path, "AnuraSet", (("metadata.csv",),))
    table = read_table(metadata, ("fname", "min_t", "max_t", "site", "subset"))
    species = _species(table)
    paths = _paths(table, path)
    rows = [
        Row(place, {"path": audio, **_window(cells, place, species)})
        for audio, (place, cells) in zip(paths, table.records(), strict=True)
    ]
    return assemble(rows, path, metadata, skip_refused)


def _species(table: Table) -> tuple[str, ...]:
    """The columns of 0 and 1 to the right of the leading ones."""
    first = 1 + max(table.header.index(name) for name in table.header if name in LEADING)
    binary = [name for column, name in enumerate(table.header) if column >= first and _is_binary(table, column)]
    if not binary:
        raise DataError(
            f"{table.path}:1: no column of 0 and 1 follows {table.header[first - 1]!r}. Try: the file as is"
        )
    return tuple(binary)


def _is_binary(table: Table, column: int) -> bool:
    """Whether a column is a species; one that is neither quite nor not at all is broken."""
    odd = [(line, cells[column]) for line, cells in table.rows if cells[column].strip() not in TRUTHS]
    if odd and len(odd) < len(table.rows):
        line, cell = odd[0]
        raise DataError(f"{table.path}:{line}: {table.header[column]} is {cell!r}, want 0 or 1. Try: the file as is")
    return not odd


def _paths(table: Table, folder: Path) -> list[str]:
    """The recording of each row, in the first layout in which any is there."""
    candidates = [
        _layouts(row, cells[0].strip()) for (_, row), (_, cells) in zip(table.records(), table.rows, strict=True)
    ]
    for paths in zip(*candidates, strict=True):
        if any((folder / path).is_file() for path in paths):
            return list(paths)
    raise nothing_there(folder, "AnuraSet", " or ".join(dict.fromkeys(candidates[0])))


def _layouts(row: dict[str, str], first: str) -> tuple[str, ...]:
    site, ends = row["site"].strip(), (_whole(row["min_t"]), _whole(row["max_t"]))
    named = f"audio/{site}/{'_'.join((row['fname'].strip(), *ends))}.wav"
    first = first if first.lower().endswith(".wav") else f"{first}.wav"
    return named, first, f"audio/{first}", f"audio/{site}/{first}"


def _whole(text: str) -> str:
    return text.strip().removesuffix(".0")


def _window(row: dict[str, str], place: str, species: Sequence[str]) -> dict[str, Any]:
    fname, subset, date = (row.get(name, "").strip() for name in ("fname", "subset", "date"))
    if subset not in SUBSETS:
        raise DataError(f"{place}: subset is {subset!r}. Try: train or test")
    return {
        "labels": [name for name in species if TRUTHS[row[name].strip()]],
        "recording_id": fname or None,
        "site": row["site"].strip() or None,
        "recorded_at": stamp_of(fname)[1] or moment(date[:10], date[11:]),
        "fold": subset,
        "extra_min_t": number("min_t", row["min_t"].strip(), place),
        "extra_max_t": number("max_t", row["max_t"].strip(), place),
        **extras(row, (*TAKEN, *species)),
    }
