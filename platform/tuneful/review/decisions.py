"""What was decided about a catalogue: shown, taken back, written to a table that a team shares, read from one."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.records.files import write_atomically
from trainers.config.paths import nearest
from trainers.data.catalogue import Catalogue, catalogue_folder, classes_of, load_catalogue
from trainers.data.layers.review import KEY, REVIEW, review_counts
from trainers.data.layers.review_log import DECISIONS, RELABEL, append, decision, read_review, undo
from trainers.data.sources.table import read_table
from trainers.errors import DataError

COLUMNS = ("clip_id", "decision", "labels")
SEPARATOR = ";"


@dataclass(frozen=True)
class Imported:
    """What became of the rows of a table of decisions."""

    new: int
    known: int
    """held already"""
    unknown: int
    """about clips that the catalogue hasn't got"""


def logged(name: str) -> tuple[dict[str, Any], ...]:
    """The log of a catalogue, line by line (`trainers.data.layers.review_log`)."""
    return read_review(_log(name)).entries


def counted(name: str) -> dict[str, int]:
    """`review_counts` of a catalogue that somebody has reviewed."""
    return review_counts(catalogue_folder(name)) or {}


def undo_decisions(name: str, count: int) -> list[dict[str, Any]]:
    """Take the last decisions back, the latest first; returns them.

    Raises:
        DataError: fewer than that stand.
    """
    return undo(_log(name), count)


def export_decisions(name: str, path: Path) -> int:
    """Write the decisions that hold as `clip_id,decision,labels`; returns how many.

    Raises:
        DataError: there are none, or a label holds the character that separates labels.
        RecordsError: the file can't be written.
    """
    effective = read_review(_log(name)).effective.values()
    if not effective:
        raise DataError(f"nobody has decided anything about {name}. Try: platform data review {name} --run NAME")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows((entry["clip_id"], entry["decision"], _joined(entry["labels"] or ())) for entry in effective)
    write_atomically(path, text.getvalue().encode())
    return len(effective)


def import_decisions(name: str, path: Path) -> Imported:
    """Take decisions over from a table `clip_id,decision,labels`, all or none.

    A row counts for the clip of that id as this catalogue has it. Rows that say what holds already add nothing.

    Raises:
        DataError: what is wrong with the table, with the line.
    """
    catalogue = load_catalogue(name, without="review")
    clips = catalogue.clips[[*KEY, "labels"]].astype(object).set_index("clip_id", drop=False)
    effective = read_review(_log(name)).effective
    rows = list(_rows(catalogue, path))
    known = [(clips.loc[clip_id].to_dict(), kind, labels) for clip_id, kind, labels in rows if clip_id in clips.index]
    new = [
        decision(clip, kind, labels)
        for clip, kind, labels in known
        if not _holds(effective.get((clip["clip_id"], clip["content"])), kind, labels)
    ]
    if new:
        append(_log(name), new)
    return Imported(len(new), len(known) - len(new), len(rows) - len(known))


def _rows(catalogue: Catalogue, path: Path) -> Iterator[tuple[str, str, list[str] | None]]:
    """Clip, decision and labels of each row of a table."""
    classes, seen = classes_of(catalogue.clips), set[str]()
    for place, cells in read_table(path, COLUMNS).records():
        kind, labels = cells["decision"].strip(), _split(cells["labels"])
        if kind not in DECISIONS:
            raise DataError(f"{place}: the decision is {kind!r}. Try: {', '.join(DECISIONS)}")
        if labels and kind != RELABEL:
            raise DataError(f"{place}: {kind} takes no labels, got {cells['labels']!r}. Try: relabel, or empty labels")
        if unknown := [label for label in labels if label not in classes]:
            raise DataError(
                f"{place}: no clip of {catalogue.name} is labelled {unknown[0]!r}. {nearest(unknown[0], classes)}"
            )
        clip_id = cells["clip_id"].strip()
        if clip_id in seen:
            raise DataError(f"{place}: {clip_id!r} is decided twice. Try: one row per clip")
        seen.add(clip_id)
        yield clip_id, kind, labels if kind == RELABEL else None


def _holds(entry: dict[str, Any] | None, kind: str, labels: list[str] | None) -> bool:
    return entry is not None and (entry["decision"], entry["labels"]) == (kind, labels)


def _split(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(SEPARATOR) if part.strip()))


def _joined(labels: Sequence[str]) -> str:
    for label in labels:
        if SEPARATOR in label:
            raise DataError(
                f"the label {label!r} holds {SEPARATOR!r}, which separates labels. Try: a copy of review.jsonl"
            )
    return SEPARATOR.join(labels)


def _log(name: str) -> Path:
    return catalogue_folder(name) / REVIEW
