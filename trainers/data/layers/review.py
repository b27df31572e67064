"""The layer of cleaning by hand: clips that people dropped are gone, relabelled ones have their new labels."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from trainers.data.layers.review_log import DROP, KEEP, RELABEL, read_review

REVIEW = "review.jsonl"
KEY = ("clip_id", "content")
"""A decision counts for the clip of that id in a recording of that content, and for nothing else."""


def with_review(clips: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The clips as people decided (`trainers.data.layers.review_log`); the same frame where nothing changes.

    New labels take the place of `labels`, and have no weights. Secondary labels that are not among them stay.

    Raises:
        DataError: the log is damaged.
    """
    effective = read_review(path).effective
    found = [effective.get(key) for key in _keys(clips)]
    kinds = pd.Series([entry["decision"] if entry else KEEP for entry in found], index=clips.index, dtype=object)
    if (kinds == KEEP).all():
        return clips
    new = {row: entry["labels"] for row, entry in enumerate(found) if entry and entry["decision"] == RELABEL}
    return _relabelled(clips, new)[kinds != DROP].reset_index(drop=True)


def review_counts(folder: Path) -> dict[str, int] | None:
    """How many clips of a catalogue were decided about; None where nobody has reviewed it.

    `dropped`, `relabelled` and `kept` clips; `gone`, decisions about clips that the catalogue hasn't got (any more);
    `torn`, 1 where the log's last line was cut off.
    """
    if not (folder / REVIEW).exists():
        return None
    review = read_review(folder / REVIEW)
    there = set(_keys(pq.read_table(folder / "catalogue.parquet", columns=list(KEY)).to_pandas()))
    kinds = [entry["decision"] for key, entry in review.effective.items() if key in there]
    counts = {"dropped": kinds.count(DROP), "relabelled": kinds.count(RELABEL), "kept": kinds.count(KEEP)}
    return counts | {"gone": len(review.effective) - len(kinds), "torn": int(review.torn)}


def review_sentence(counts: dict[str, int]) -> str:
    """`12 dropped, 3 relabelled, 40 kept`, and what is ignored."""
    parts = [f"{counts[name]} {name}" for name in ("dropped", "relabelled", "kept")]
    if counts["gone"]:
        parts.append(f"{counts['gone']} of clips that are gone, ignored")
    if counts["torn"]:
        parts.append("the last line was cut off, ignored")
    return ", ".join(parts)


def _relabelled(clips: pd.DataFrame, new: dict[int, list[str]]) -> pd.DataFrame:
    """The clips, row numbers in `new` with other labels."""

    def column(name: str, value: Any) -> pd.Series:
        old = list(clips[name]) if name in clips else [None] * len(clips)
        return pd.Series([value(row, x) if row in new else x for row, x in enumerate(old)], clips.index, object)

    return clips.assign(
        labels=column("labels", lambda row, _: new[row]),
        label_weights=column("label_weights", lambda _row, _: None),
        secondary_labels=column("secondary_labels", lambda row, old: _without(old, new[row])),
    )


def _without(names: Any, labels: list[str]) -> list[str] | None:
    return None if names is None else [name for name in names if name not in labels]


def _keys(clips: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(*(clips[name] for name in KEY), strict=True))
