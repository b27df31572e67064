"""Stored predictions: the logits of every evaluation window, so that a score invented later needs no retraining."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Predictions:
    """Logits of the windows of some clips."""

    subset: str
    """`val` for the held-out fold, else the name of an unlabelled subset"""
    clip_ids: tuple[str, ...]
    """(windows,)"""
    start_s: np.ndarray
    """(windows,) where each window starts in its clip"""
    logits: np.ndarray
    """(windows, classes)"""


def write_predictions(path: Path, parts: list[Predictions], classes: tuple[str, ...]) -> None:
    """Write predictions as Parquet, logits as float16, the classes in the schema's metadata."""
    largest = np.finfo(np.float16).max
    logits = np.concatenate([part.logits for part in parts]).clip(-largest, largest).astype(np.float16)
    table = pa.table(
        {
            "subset": np.repeat([part.subset for part in parts], [len(part.clip_ids) for part in parts]),
            "clip_id": [clip_id for part in parts for clip_id in part.clip_ids],
            "start_s": np.concatenate([part.start_s for part in parts]).astype(np.float32),
            "logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.reshape(-1)), len(classes)),
        }
    )
    table = table.replace_schema_metadata({"classes": json.dumps(classes)})
    pq.write_table(table, path, write_page_checksum=True)


def read_predictions(path: Path) -> tuple[list[Predictions], tuple[str, ...]]:
    """Read what `write_predictions` wrote: (parts by subset, classes)."""
    table = pq.read_table(path, page_checksum_verification=True)
    classes = tuple(json.loads(table.schema.metadata[b"classes"]))
    logits = table["logits"].combine_chunks().flatten().to_numpy().reshape(-1, len(classes)).astype(np.float32)
    subsets = np.array(table["subset"].to_pylist())
    clip_ids, start_s = np.array(table["clip_id"].to_pylist()), table["start_s"].to_numpy()
    parts = []
    for subset in dict.fromkeys(subsets):
        rows = subsets == subset
        parts.append(Predictions(str(subset), tuple(map(str, clip_ids[rows])), start_s[rows], logits[rows]))
    return parts, classes
