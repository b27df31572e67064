"""BirdCLEF 2021 to 2026 as Kaggle publishes them.

    train.csv or train_metadata.csv            a row per focal recording
    train_audio/ or train_short_audio/         <label>/<file>.ogg
    train_soundscapes/, unlabeled_soundscapes/ recordings from the field
    train_soundscape_labels.csv (2021)         row_id, site, audio_id, seconds, birds
    train_soundscapes_labels.csv (2026)        filename, start, end, primary_label
    test_soundscapes/, taxonomy.csv, sample_submission.csv

Focal recordings and labelled windows of soundscapes are the subset `train` (the windows' `collection` is `soundscape`),
soundscapes without labels are `target`, test soundscapes `test`. Of a soundscape that is labelled in part, only the
labelled windows become clips.
"""

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainers.data.sources.assemble import Row, SourceResult, assemble
from trainers.data.sources.class_lists import class_notes, submission_classes
from trainers.data.sources.layout import first_of, need, recordings_below
from trainers.data.sources.moments import moment, stamp_of
from trainers.data.sources.soundscapes import LABEL_TABLES, SOUNDSCAPE, labelled_windows
from trainers.data.sources.table import extras, number, read_table
from trainers.errors import DataError

TABLES = ("train.csv", "train_metadata.csv")
AUDIO = ("train_audio", "train_short_audio")
UNLABELLED = {"train_soundscapes": "target", "unlabeled_soundscapes": "target", "test_soundscapes": "test"}
"""Folders of soundscapes and the subsets of what is not labelled in them."""
TAKEN = ("primary_label", "secondary_labels", "author", "rating", "latitude", "longitude", "collection", "filename")
"""Columns that become columns of the catalogue; all others are kept as `extra_*`."""
UNKNOWN = frozenset({"", "unknown", "nan", "none", "not specified"})
COLLECTION = re.compile(r"XC|iNat|CSA")


def read_birdclef(path: Path, skip_refused: bool = False) -> SourceResult:
    """Read a BirdCLEF competition's data.

    Args:
        path: its folder.
        skip_refused: leave recordings out that can't be used instead of refusing the dataset.

    Raises:
        DataError: not such a folder, or what is wrong with FILE:LINE.
    """
    table, audio = need(path, "BirdCLEF", (TABLES, AUDIO))
    kinds = _taxonomy(path / "taxonomy.csv")
    rows = [
        Row(place, _focal(cells, place, audio.name, kinds))
        for place, cells in read_table(table, ("primary_label", "filename")).records()
    ]
    windows, notes = _labelled(path)
    labelled = {row.values["path"] for row in windows}
    rows += windows + [row for row in _unlabelled(path) if row.values["path"] not in labelled]
    result = assemble(rows, path, path, skip_refused)
    listed = submission_classes(path / "sample_submission.csv")
    origin = "sample_submission.csv" if listed else "taxonomy.csv"
    return replace(result, notes=[*class_notes(listed or tuple(kinds), origin, result.clips), *notes, *result.notes])


def secondary_labels(text: str, place: str) -> list[str]:
    """The names in a list written as Python does: `['abc', 'def']`; `['']`, `[]` and an empty cell are none.

    Raises:
        DataError: anything but a list of names.
    """
    if not text.strip():
        return []
    try:
        names = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        names = None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{place}: secondary_labels is {text[:60]!r}. Try: a list of names such as ['abc', 'def']")
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _focal(row: dict[str, str], place: str, audio: str, kinds: dict[str, str]) -> dict[str, Any]:
    row = {name: cell.strip() for name, cell in row.items()}
    label, filename = row["primary_label"], row["filename"]
    if not label or not filename:
        raise DataError(f"{place}: primary_label or filename is empty. Try: remove the row")
    others = secondary_labels(row.get("secondary_labels", ""), place)
    values: dict[str, Any] = {
        "path": f"{audio}/{filename}" if "/" in filename else f"{audio}/{label}/{filename}",  # a bare name: 2021
        "labels": [label],
        "secondary_labels": [name for name in others if name != label],
        "author": None if row.get("author", "").lower() in UNKNOWN else row["author"],
        "rating": number("rating", row.get("rating", ""), place) or None,  # 0: nobody has rated it
        "latitude": _coordinate("latitude", row, place),
        "longitude": _coordinate("longitude", row, place),
        "recorded_at": moment(row.get("date", ""), row.get("time", "")),
        "collection": row.get("collection") or _collection(filename),
    }
    kind = {"extra_class_name": kinds.get(label)} if any(kinds.values()) else {}
    return {**values, **kind, **extras(row, TAKEN)}


def _coordinate(name: str, row: dict[str, str], place: str) -> float | None:
    text = row.get(name, "")
    return None if text.lower() in UNKNOWN else number(name, text, place)


def _collection(filename: str) -> str | None:
    found = COLLECTION.match(filename.rpartition("/")[2])
    return found[0] if found else None


def _taxonomy(path: Path) -> dict[str, str]:
    """Class -> kind of animal, of the years that have such a table."""
    if not path.is_file():
        return {}
    rows = (cells for _, cells in read_table(path, ("primary_label",)).records())
    return {cells["primary_label"].strip(): cells.get("class_name", "").strip() for cells in rows}


def _labelled(path: Path) -> tuple[list[Row], list[str]]:
    table = first_of(path, LABEL_TABLES)
    if table is None:
        return [], []
    return labelled_windows(table, path / "train_soundscapes")


def _unlabelled(path: Path) -> list[Row]:
    rows = []
    for folder, subset in UNLABELLED.items():
        for name in recordings_below(path / folder)[0]:
            site, when = stamp_of(Path(name).stem)
            values = {"path": f"{folder}/{name}", "labels": None, "subset": subset, "site": site}
            rows.append(Row(str(path / folder / name), {**values, "recorded_at": when, "collection": SOUNDSCAPE}))
    return rows
