"""Splits on record: a file each in the catalogue's folder, named by the digest of which clip is in which fold.

    catalogues/<name>/splits/<digest>.parquet       clip_id, fold; in its metadata what was asked for

A split that is asked for again is the same file. Files stay when a catalogue changes: a result names the digest of its
split, and here is what that was.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.records.files import write_atomically
from trainers.data.catalogue import SPLITS_FOLDER, Catalogue, catalogue_folder
from trainers.data.dataset import labelled_clips
from trainers.data.spec import DataSpec
from trainers.data.splits.assign import assign_folds, split_digest
from trainers.errors import DataError

SCHEMA = pa.schema([("clip_id", pa.string()), ("fold", pa.int64())])
ASKED = b"tuneful_asked"
FIELDS = ("split", "label_map", "exclude_classes", "drop_empty")
"""Of `data`: what decides which labelled clips there are and how they are split."""


@dataclass(frozen=True)
class RecordedSplit:
    """A split of a catalogue's labelled training clips."""

    digest: str
    asked: tuple[dict[str, Any], ...]
    """fields of `data` that gave these folds, and the `catalogue` digest they were asked of, in the order of asking"""
    clips: pd.DataFrame
    """clip_id, and fold: 0, 1, ..., -1 always trained on, -2 left out"""


def record_split(catalogue: Catalogue, data: DataSpec) -> str:
    """Put the split that a run would see on record; returns its digest.

    Raises:
        DataError: the clips can't be split so.
        RecordsError: it can't be written.
    """
    clips = labelled_clips(catalogue, data)
    folds = assign_folds(clips, data.split)
    digest = split_digest(clips["clip_id"], folds)
    path = catalogue_folder(catalogue.name) / SPLITS_FOLDER / f"{digest}.parquet"
    known = _read(path).asked if path.exists() else ()
    wish = {"catalogue": catalogue.digest, **data.model_dump(mode="json", include=set(FIELDS))}
    if wish not in known:
        _write(path, list(clips["clip_id"]), folds, (*known, wish))
    return digest


def record_splits(catalogue: Catalogue, datas: Iterable[DataSpec]) -> list[str]:
    """Put the splits of several runs on record, what they share once; returns the digests, each once."""
    distinct = {data.model_dump_json(include=set(FIELDS)): data for data in datas}
    return list(dict.fromkeys(record_split(catalogue, data) for data in distinct.values()))


def recorded_splits(name: str) -> list[RecordedSplit]:
    """The splits on record of the catalogue called `name`, by digest.

    Raises:
        DataError: a file that can't be read.
    """
    return [_read(path) for path in sorted((catalogue_folder(name) / SPLITS_FOLDER).glob("*.parquet"))]


def _write(path: Path, clip_ids: list[str], folds: np.ndarray, asked: tuple[dict[str, Any], ...]) -> None:
    schema = SCHEMA.with_metadata({ASKED: json.dumps(asked).encode()})
    table = pa.table([pa.array(clip_ids, pa.string()), pa.array(folds, pa.int64())], schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    write_atomically(path, sink.getvalue().to_pybytes())


def _read(path: Path) -> RecordedSplit:
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        asked = tuple(json.loads(table.schema.metadata[ASKED]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: the split can't be read ({error}). Try: remove it, and split again") from None
    return RecordedSplit(path.stem, asked, table.to_pandas())
