"""The clips that cost most: the hardest, the mislabelled and the unusual."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.records.clip_scores import ClipScores

LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, so that a loss is finite."""


def hardest_clips(clips: ClipScores, most: int = 20, about: pd.DataFrame | None = None) -> pd.DataFrame:
    """The clips with the largest loss, the worst first.

    The loss is the binary cross-entropy summed over the classes, of the clip's mean probabilities: another number than
    the loss that was trained. A clip at the top is as likely to be labelled wrongly as to be hard (Northcutt et al.
    2021): listen first.

    Columns: `clip_id`; `loss`; `labels`; `missed` the label with the lowest probability, and `missed_probability`;
    `alarm` the highest class that is no label, and `alarm_probability`; then the columns of `about`.

    Args:
        clips: what was predicted.
        most: rows at most.
        about: a table with `clip_id`, such as a catalogue's path, start and author; joined where it has the clip.
    """
    loss = clip_loss(clips)
    rows = np.lexsort([np.arange(len(loss)), -loss])[:most]
    table = pd.DataFrame([_told(clips, row) for row in rows])
    table.insert(1, "loss", loss[rows])
    return table if about is None else table.merge(about, on="clip_id", how="left", suffixes=("", "_about"))


def clip_loss(clips: ClipScores) -> np.ndarray:
    """(clips,) binary cross-entropy summed over classes, in nats."""
    kept = clips.probabilities.clip(LEAST, 1 - LEAST)
    return np.asarray(-np.log(np.where(clips.positive, kept, 1 - kept)).sum(axis=1))


def _told(clips: ClipScores, row: int) -> dict[str, object]:
    positive, probability = clips.positive[row], clips.probabilities[row]
    missed = _extreme(clips.classes, np.where(positive, probability, np.nan), np.nanargmin)
    alarm = _extreme(clips.classes, np.where(positive, np.nan, probability), np.nanargmax)
    return {
        "clip_id": clips.clip_ids[row],
        "labels": ", ".join(clips.classes[k] for k in np.flatnonzero(positive)),
        "missed": missed[0],
        "missed_probability": missed[1],
        "alarm": alarm[0],
        "alarm_probability": alarm[1],
    }


def _extreme(classes: tuple[str, ...], values: np.ndarray, pick: Callable[[np.ndarray], np.intp]) -> tuple[str, float]:
    """The class that is picked among those that are not NaN, with its value."""
    if np.isnan(values).all():
        return "", float("nan")
    return classes[pick(values)], float(values[pick(values)])
