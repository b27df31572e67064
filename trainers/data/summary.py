"""What a catalogue holds, as numbers: the same for the command line's text, its JSON and a page."""

from typing import Any

import numpy as np
import pandas as pd

from trainers.data.catalogue import SCHEMA, Catalogue, catalogue_folder
from trainers.data.layers.review import review_counts

COUNTED = ("author", "site", "subject", "collection", "fold", "rating", "verified")
"""Columns whose values are counted, the missing ones too."""
ALWAYS = ("clip_id", "path", "recording_id", "start_s", "duration_s", "content", "subset")
SECONDS_PER_HOUR = 3600


def summary(catalogue: Catalogue) -> dict[str, Any]:
    """Describe a catalogue.

    Returns:
        Plain numbers, texts, lists and dicts, ready for JSON. `classes` and `polyphony` are of labelled clips of the
        subset train; `values` counts the values of each column of `COUNTED` over all clips, with those that are
        missing; `review` counts what people decided, None where nobody has; `empty_columns` are columns of a catalogue
        that hold nothing, `extra_columns` what the dataset adds.
    """
    clips = catalogue.clips
    training = catalogue.subset("train")
    labelled = training[training["labels"].notna()]
    return {
        "name": catalogue.name,
        "source": catalogue.source,
        "folder": str(catalogue.folder),
        "digest": catalogue.digest,
        "review": review_counts(catalogue_folder(catalogue.name)),
        **_amount(clips),
        "durations_s": _durations(clips["duration_s"]),
        "subsets": {name: _amount(rows) for name, rows in clips.groupby(clips["subset"].fillna("train"))},
        "classes": _classes(labelled),
        "polyphony": _counts(labelled["labels"].map(len)),
        "values": {column: _values(clips[column]) for column in COUNTED if clips[column].notna().any()},
        "empty_columns": [name for name in SCHEMA.names if name not in ALWAYS and not clips[name].notna().any()],
        "extra_columns": [name for name in clips if str(name).startswith("extra_")],
    }


def _amount(clips: pd.DataFrame) -> dict[str, Any]:
    return {
        "clips": len(clips),
        "recordings": clips["recording_id"].nunique(),
        "hours": float(clips["duration_s"].sum() / SECONDS_PER_HOUR),
        "unlabelled": int(clips["labels"].isna().sum()),
    }


def _durations(seconds: pd.Series) -> dict[str, float]:
    low, middle, high = np.quantile(seconds, [0, 0.5, 1])
    return {"min": float(low), "median": float(middle), "max": float(high)}


def _classes(labelled: pd.DataFrame) -> list[dict[str, Any]]:
    """Classes by how many clips have them as a label, the most frequent first; then by name."""
    primary = labelled["labels"].explode().dropna().value_counts()
    secondary = labelled["secondary_labels"].explode().dropna().value_counts()
    names = sorted({*primary.index, *secondary.index}, key=lambda name: (-primary.get(name, 0), name))
    return [
        {"name": name, "clips": int(primary.get(name, 0)), "secondary": int(secondary.get(name, 0))} for name in names
    ]


def _values(column: pd.Series) -> dict[str, Any]:
    return {"distinct": column.nunique(), "missing": int(column.isna().sum()), "clips": _counts(column.dropna())}


def _counts(values: pd.Series) -> dict[str, int]:
    """Clips by value, in the order of the values."""
    return {str(value): int(count) for value, count in values.value_counts().sort_index().items()}
