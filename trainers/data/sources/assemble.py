"""From what a dataset says of its clips to the rows of a catalogue: every recording is looked at, none is trusted."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.records.strict_csv import quoted
from trainers.data.decode import AudioInfo, probe
from trainers.data.sources.spelling import refuse_lookalikes
from trainers.data.store import content_hash, refusal
from trainers.errors import DataError

ROUNDING_S = 0.01
"""How far beyond a file's end a clip may reach: tables round to hundredths."""
MOST_SHOWN = 500
"""How many characters of a reason are shown: a cell of a table can hold any number."""


@dataclass(frozen=True)
class Row:
    """A clip as its dataset describes it. `path` and `labels` are there; what is missing comes from the recording."""

    place: str
    """FILE or FILE:LINE, for messages"""
    values: dict[str, Any]
    """by column of a catalogue"""


@dataclass(frozen=True)
class SourceResult:
    """A dataset's clips, with what was noticed and what was left out."""

    clips: pd.DataFrame
    """rows with the columns of a catalogue and `extra_*`"""
    notes: list[str]
    refused: list[str]
    """FILE:LINE and the reason, of each recording or clip that was left out"""
    folder: Path
    """what the paths are relative to"""


def assemble(
    rows: Sequence[Row], folder: Path, origin: Path, skip_refused: bool = False, refused: Sequence[str] = ()
) -> SourceResult:
    """Look at every recording and complete the rows by what is found: hash, duration, ids.

    Args:
        rows: the clips.
        folder: what their paths are relative to; none may leave it.
        origin: the table or folder that messages name.
        skip_refused: leave out recordings and clips that can't be used instead of refusing the dataset.
        refused: clips that the source has refused already.

    Raises:
        DataError: what is wrong, with the place.
    """
    _refuse_twins(rows)
    refuse_lookalikes(_label_places(rows))
    looked_at, unusable = _look_at(rows, folder)
    usable = [row for row in rows if row.values["path"] in looked_at]
    outside = {id(row): reason for row in usable if (reason := _beyond(row, looked_at[row.values["path"]][0]))}
    reasons = [*refused, *unusable, *outside.values()]
    if reasons and not skip_refused:
        raise DataError(f"{origin}: {refusal(reasons)}")
    kept = [row for row in usable if id(row) not in outside]
    if not kept:
        raise DataError(f"{origin}: no clips are left. Try: check the paths against the folder {folder}")
    for row in kept:
        _complete(row.values, *looked_at[row.values["path"]])
    _refuse_same_ids(kept)
    notes = _merge_same_content([row.values for row in kept])
    return SourceResult(pd.DataFrame([row.values for row in kept]), notes, reasons, folder)


def _refuse_twins(rows: Sequence[Row]) -> None:
    """The same stretch of the same recording twice."""
    stretches: dict[tuple[Any, ...], str] = {}
    for row in rows:
        path = row.values["path"]
        stretch = (path, row.values.get("start_s") or 0.0, row.values.get("duration_s"))
        first = stretches.setdefault(stretch, row.place)
        if first != row.place:
            raise DataError(
                f"{row.place}: the same clip as {first} ({_legible(path)}). Try: one row with all its labels"
            )


def _refuse_same_ids(rows: Sequence[Row]) -> None:
    """Two clips with the same id, given or made of path and start."""
    ids: dict[str, str] = {}
    for row in rows:
        clip_id = row.values["clip_id"]
        first = ids.setdefault(clip_id, row.place)
        if first != row.place:
            raise DataError(
                f"{row.place}: clip_id {quoted(clip_id)} stands at {first} too. Try: a column clip_id of unique ids"
            )


def _label_places(rows: Sequence[Row]) -> dict[str, str]:
    """Label -> the first clip that has it."""
    places: dict[str, str] = {}
    for row in rows:
        for label in (*(row.values["labels"] or ()), *(row.values.get("secondary_labels") or ())):
            places.setdefault(label, row.place)
    return places


def _look_at(rows: Sequence[Row], folder: Path) -> tuple[dict[str, tuple[AudioInfo, str]], list[str]]:
    """Header and content hash of every recording by path, and the reasons of the refused ones."""
    place_of = {row.values["path"]: row.place for row in reversed(rows)}
    paths = list(dict.fromkeys(row.values["path"] for row in rows))
    found, refused = {}, []
    with ThreadPoolExecutor() as pool:  # libsndfile and hashlib work without the interpreter's lock
        for path, result in zip(paths, pool.map(lambda path: _look_at_one(folder, path), paths), strict=True):
            if isinstance(result, DataError):
                refused.append(f"{place_of[path]}: {_legible(str(result))}")
            else:
                found[path] = result
    return found, refused


def _legible(reason: str) -> str:
    """A message with names from a table in it: what can't be printed is escaped, endless ones are cut."""
    text = reason if reason.isprintable() else ascii(reason)[1:-1]
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}... ({len(text):,} characters)"


def _look_at_one(folder: Path, path: str) -> tuple[AudioInfo, str] | DataError:
    full = folder / path
    try:
        if not full.resolve().is_relative_to(folder.resolve()):
            return DataError(f"{path}: leaves the folder {folder}. Try: --root with a folder that holds all recordings")
        return probe(full), content_hash(full)
    except DataError as error:
        return error
    except (OSError, ValueError, RuntimeError) as error:  # unreadable; a NUL in the name; a loop of links
        return DataError(f"{full}: can't be read ({error})")


def _beyond(row: Row, info: AudioInfo) -> str | None:
    """Why a clip doesn't lie in its recording; None where it does."""
    start, given = row.values.get("start_s") or 0.0, row.values.get("duration_s")
    if start < info.duration_s and not (given and start + given > info.duration_s + ROUNDING_S):
        return None
    return (
        f"{row.place}: the clip ends at {start + (given or 0):g} s, its recording at {info.duration_s:.3f} s "
        f"({_legible(row.values['path'])}). Try: times in seconds within the recording"
    )


def _complete(values: dict[str, Any], info: AudioInfo, content: str) -> None:
    """Fill in what the dataset leaves to the recording."""
    path, start = values["path"], values.get("start_s") or 0.0
    values["content"] = content
    values["start_s"] = start
    values["duration_s"] = min(values.get("duration_s") or info.duration_s, info.duration_s - start)
    values["recording_id"] = values.get("recording_id") or path
    values["clip_id"] = values.get("clip_id") or (f"{path}@{start:.10g}" if start else path)
    values["subset"] = values.get("subset") or "train"
    values.setdefault("secondary_labels", [])


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
