"""Stored predictions: the logits of every evaluation window, so that a score invented later needs no retraining."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit, softmax


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
    targets: np.ndarray | None = None
    """(windows, classes) 0 or 1: the labels of each window's clip; None where they are not known"""


def write_predictions(
    path: Path, parts: list[Predictions], classes: tuple[str, ...], activation: str = "sigmoid"
) -> None:
    """Write predictions as Parquet, logits as float16, the classes in the schema's metadata.

    The labels and the activation (sigmoid or softmax) go with them, so that a score invented later needs neither the
    catalogue nor the split nor the run's configuration.
    """
    largest = np.finfo(np.float16).max
    logits = np.concatenate([part.logits for part in parts]).clip(-largest, largest).astype(np.float16)
    table = pa.table(
        {
            "subset": np.repeat([part.subset for part in parts], [len(part.clip_ids) for part in parts]),
            "clip_id": [clip_id for part in parts for clip_id in part.clip_ids],
            "start_s": np.concatenate([part.start_s for part in parts]).astype(np.float32),
            "logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.reshape(-1)), len(classes)),
            "targets": pa.concat_arrays([_targets(part, len(classes)) for part in parts]),
        }
    )
    table = table.replace_schema_metadata({"classes": json.dumps(classes), "activation": activation})
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
        own = table.filter(pa.array(rows))
        part = Predictions(str(subset), tuple(map(str, clip_ids[rows])), start_s[rows], logits[rows], _labels(own))
        parts.append(part)
    return parts, classes


def read_activation(path: Path) -> str | None:
    """What turns the stored logits into probabilities: `sigmoid` or `softmax`; None in files of older versions."""
    found = (pq.read_schema(path).metadata or {}).get(b"activation")
    return found.decode() if found else None


def as_probabilities(logits: np.ndarray, activation: str) -> np.ndarray:
    """(windows, classes) logits as probabilities.

    Args:
        logits: of a network.
        activation: `sigmoid` or `softmax`.
    """
    return np.asarray(softmax(logits, axis=1) if activation == "softmax" else expit(logits))


def _targets(part: Predictions, classes: int) -> pa.Array:
    if part.targets is None:
        return pa.nulls(len(part.clip_ids), pa.list_(pa.uint8(), classes))
    return pa.FixedSizeListArray.from_arrays(pa.array(part.targets.astype(np.uint8).reshape(-1)), classes)


def _labels(rows: pa.Table) -> np.ndarray | None:
    if "targets" not in rows.column_names or rows["targets"].null_count:  # written before labels were
        return None
    classes = rows["targets"].type.list_size
    return np.asarray(rows["targets"].combine_chunks().flatten()).reshape(-1, classes)
