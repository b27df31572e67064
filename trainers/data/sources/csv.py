"""Anyone's recordings: a comma-separated table with the columns `path` and `labels`, and any other of a catalogue.

    path,labels,author,start_s,duration_s
    a/001.ogg,robin;wren,Kim,0,5

`labels` and `secondary_labels` hold names separated by `;`; an empty `labels` means that nothing is active.
Columns that a catalogue doesn't know are kept as `extra_<name>`.
"""

import csv
import math
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from trainers.config.paths import nearest
from trainers.data.catalogue import SCHEMA
from trainers.data.decode import AudioInfo, probe
from trainers.data.store import content_hash, refusal
from trainers.errors import DataError

REQUIRED = ("path", "labels")
LISTS = ("labels", "secondary_labels")
NUMBERS = ("start_s", "duration_s", "rating", "latitude", "longitude")
TEXT_COLUMNS = {name for name in SCHEMA.names if name != "content"}
"""A column `content` of the table would be overwritten by the recording's hash: it is kept as `extra_content`."""
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}
ROUNDING_S = 0.01
"""How far beyond a file's end a clip may reach: tables round to hundredths."""


@dataclass(frozen=True)
class CsvResult:
    """A table's clips, with what was noticed and what was left out."""

    clips: pd.DataFrame
    notes: list[str]
    refused: list[str]


def read_csv(table: Path, root: Path, skip_refused: bool = False) -> CsvResult:
    """Read a table of clips and look at every recording it names.

    Args:
        table: the CSV file, UTF-8, comma-separated, with a header.
        root: the folder that the paths are relative to; none may leave it.
        skip_refused: leave recordings out that can't be used instead of refusing the table.

    Raises:
        DataError: what is wrong, with the line.
    """
    rows = _read_rows(table)
    records = [_record(row, f"{table}:{line}") for line, row in rows]
    places = [f"{table}:{line}" for line, _ in rows]
    _refuse_twins(records, places)
    _refuse_lookalikes(records, table)
    looked_at, refused = _look_at(records, places, root)
    if refused and not skip_refused:
        raise DataError(f"{table}: {refusal(refused)}")
    kept = [(r, p) for r, p in zip(records, places, strict=True) if r["path"] in looked_at]
    if not kept:
        raise DataError(f"{table}: no clips are left. Try: check the `path` column against the folder {root}")
    for record, place in kept:
        _complete(record, *looked_at[record["path"]], place)
    _refuse_same_ids(kept)
    notes = _merge_same_content([record for record, _ in kept])
    return CsvResult(pd.DataFrame([record for record, _ in kept]), notes, refused)


def _read_rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of each row; everything stays text, so `NA`, `007` and `1e5` are what they say."""
    if not table.is_file():
        raise DataError(f"{table}: no such table. Try: the path of a CSV file with the columns path, labels")
    reader = csv.reader(StringIO(_text(table), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(table, header)
        lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise DataError(f"{table}:{reader.line_num}: not valid CSV ({error}). Try: quotes doubled inside") from None
    for line, cells in lines:
        if len(cells) != len(header):
            raise DataError(f"{table}:{line}: {len(cells)} cells, the header has {len(header)}. Try: quote commas")
    if not lines:
        raise DataError(f"{table}: no rows below the header. Try: one row per clip")
    return [(line, dict(zip(header, cells, strict=True))) for line, cells in lines]


def _text(table: Path) -> str:
    content = table.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{table}:{line}: not UTF-8 text ({error.reason}). Try: iconv -f latin1 -t utf-8") from None


def _check_header(table: Path, header: list[str]) -> None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(
            f"{table}:1: cells are not separated by commas (got {header[0][:60]!r}). Try: export as comma-separated"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{table}:1: the column {twice[0]!r} is there twice. Try: keep one of the two")
    for name in REQUIRED:
        if name not in header:
            hint = nearest(name, [column for column in header if column]) if header else "the file is empty"
            raise DataError(f"{table}:1: no column is called {name!r}. {hint}")


def _record(row: dict[str, str], place: str) -> dict[str, Any]:
    """A row's cells as values."""
    record: dict[str, Any] = {}
    for name, cell in row.items():
        text = cell.strip()
        if name in LISTS:
            record[name] = list(dict.fromkeys(_parts(text)))
        elif name == "label_weights":
            record[name] = [_number(name, part, place) for part in _parts(text)] or None
        elif name in NUMBERS:
            record[name] = _number(name, text, place)
        elif name == "verified":
            record[name] = _truth(text, place)
        else:
            record[name if name in TEXT_COLUMNS else f"extra_{name}"] = text or None
    if record["path"] is None:
        raise DataError(f"{place}: path is empty. Try: the recording's path below the root folder")
    record["start_s"] = record.get("start_s") or 0.0
    if record.get("subset") not in (None, "train"):
        record["labels"] = None  # a subset other than train is predicted, never learnt from
    record.setdefault("secondary_labels", [])
    return record


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _number(name: str, text: str, place: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        hint = "Try: a decimal point" if "," in text else "Try: a plain number such as 2.5"
        raise DataError(f"{place}: {name} is {text!r}, want a number. {hint}") from None
    if not math.isfinite(value) or (name.endswith("_s") and value < 0) or (name == "duration_s" and value == 0):
        raise DataError(f"{place}: {name} is {text!r}, want a finite number, a time not negative. Try: an empty cell")
    return value


def _truth(text: str, place: str) -> bool | None:
    if text.lower() not in TRUTHS:
        raise DataError(f"{place}: verified is {text!r}. Try: true or false")
    return TRUTHS[text.lower()]


def _refuse_twins(records: Sequence[dict[str, Any]], places: Sequence[str]) -> None:
    """The same stretch of the same recording twice."""
    stretches: dict[tuple[Any, ...], str] = {}
    for record, place in zip(records, places, strict=True):
        stretch = (record["path"], record["start_s"], record.get("duration_s"))
        first = stretches.setdefault(stretch, place)
        if first != place:
            raise DataError(f"{place}: the same clip as {first} ({record['path']}). Try: one row with all its labels")


def _refuse_same_ids(kept: Sequence[tuple[dict[str, Any], str]]) -> None:
    """Two clips with the same id, given or made of path and start."""
    ids: dict[str, str] = {}
    for record, place in kept:
        first = ids.setdefault(record["clip_id"], place)
        if first != place:
            raise DataError(
                f"{place}: clip_id {record['clip_id']!r} stands at {first} too. Try: a column clip_id of unique ids"
            )


def _refuse_lookalikes(records: Sequence[dict[str, Any]], table: Path) -> None:
    """Labels that differ only by case, space or Unicode form are one label written in two ways."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for label in (*(record["labels"] or ()), *record["secondary_labels"]):
            spellings["".join(unicodedata.normalize("NFKC", label).casefold().split())].add(label)
    for names in spellings.values():
        if len(names) > 1:
            raise DataError(
                f"{table}: labels that look the same: {', '.join(map(repr, sorted(names)))}. Try: one spelling"
            )


def _look_at(
    records: Sequence[dict[str, Any]], places: Sequence[str], root: Path
) -> tuple[dict[str, tuple[AudioInfo, str]], list[str]]:
    """Header and content hash of every recording by path, and the reasons of the refused ones."""
    place_of = {record["path"]: place for record, place in zip(reversed(records), reversed(places), strict=True)}
    paths = list(dict.fromkeys(record["path"] for record in records))
    found, refused = {}, []
    with ThreadPoolExecutor() as pool:  # libsndfile and hashlib work without the interpreter's lock
        for path, result in zip(paths, pool.map(lambda path: _look_at_one(root, path), paths), strict=True):
            if isinstance(result, DataError):
                refused.append(f"{place_of[path]}: {result}")
            else:
                found[path] = result
    return found, refused


def _look_at_one(root: Path, path: str) -> tuple[AudioInfo, str] | DataError:
    full = root / path
    try:
        if not full.resolve().is_relative_to(root.resolve()):
            return DataError(f"{path}: leaves the folder {root}. Try: --root with a folder that holds all recordings")
        return probe(full), content_hash(full)
    except DataError as error:
        return error
    except (OSError, ValueError, RuntimeError) as error:  # unreadable; a NUL in the name; a loop of links
        return DataError(f"{full}: can't be read ({error})")


def _complete(record: dict[str, Any], info: AudioInfo, content: str, place: str) -> None:
    """Fill in what the table leaves to the recording."""
    record["content"] = content
    start, given = record["start_s"], record.get("duration_s")
    if start >= info.duration_s or (given and start + given > info.duration_s + ROUNDING_S):
        raise DataError(
            f"{place}: the clip ends at {start + (given or 0):g} s, its recording at {info.duration_s:.3f} s "
            f"({record['path']}). Try: times in seconds within the recording"
        )
    record["duration_s"] = min(given or info.duration_s, info.duration_s - start)
    record["recording_id"] = record.get("recording_id") or record["path"]
    record["clip_id"] = record.get("clip_id") or (f"{record['path']}@{start:.10g}" if start else record["path"])
    record["subset"] = record.get("subset") or "train"


def _merge_same_content(records: Sequence[dict[str, Any]]) -> list[str]:
    """One recording id for files with the same content, so that no split can tear them apart."""
    first: dict[str, dict[str, Any]] = {}
    alias: dict[str, str] = {}
    merged = set()

    def final(recording_id: str) -> str:
        while recording_id in alias:
            recording_id = alias[recording_id]
        return recording_id

    for record in records:
        original = first.setdefault(record["content"], record)
        if original["path"] != record["path"]:
            merged.add(record["path"])
            one, other = final(original["recording_id"]), final(record["recording_id"])
            if one != other:
                alias[other] = one
    for record in records:
        record["recording_id"] = final(record["recording_id"])
    if not merged:
        return []
    return [f"{len(merged)} files are copies of others under another name: counted as the same recording"]
