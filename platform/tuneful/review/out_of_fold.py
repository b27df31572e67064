"""What runs predict of the clips that they did not train on, from the logits stored with their kept checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from trainers.data.catalogue import Catalogue
from trainers.errors import DataError
from trainers.training.smoothing import per_clip, smooth_recordings
from tuneful.finished import FinishedRun

VALIDATION = "val"


@dataclass(frozen=True)
class OutOfFold:
    """Probabilities of clips, each by the runs that held it out."""

    clip_ids: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: np.ndarray
    """(clips, classes) float64"""
    gone: int
    """clips that runs held out and the catalogue hasn't got, or not with labels"""


def out_of_fold(catalogue: Catalogue, runs: Sequence[FinishedRun]) -> OutOfFold:
    """The mean of the runs' validation predictions, clip by clip; windows are joined as each run joined them.

    Raises:
        DataError: a run is of another catalogue, of mapped labels or of other classes, or no clip is left.
    """
    known, classes = labelled_rows(catalogue), _classes(runs)
    total: dict[str, np.ndarray] = {}
    count: dict[str, int] = {}
    for run in runs:
        _refuse_misfit(catalogue, run)
        for clip_id, probabilities in _of_clips(catalogue.clips, run):
            total[clip_id] = total.get(clip_id, 0.0) + probabilities
            count[clip_id] = count.get(clip_id, 0) + 1
    kept = [clip_id for clip_id in total if clip_id in known.index]
    if not kept:
        raise DataError(
            f"none of the {len(total)} clips that the runs held out is in {catalogue.name}. "
            "Try: train on it as it is now"
        )
    means = np.stack([total[clip_id] / count[clip_id] for clip_id in kept])
    return OutOfFold(tuple(kept), classes, means, len(total) - len(kept))


def labelled_rows(catalogue: Catalogue) -> pd.DataFrame:
    """The labelled training clips, by id."""
    train = catalogue.subset("train")
    return train[train["labels"].notna()].astype(object).set_index("clip_id", drop=False)


def _classes(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """What all runs predict."""
    first = runs[0].predictions()[1]
    for run in runs[1:]:
        if other := sorted(set(first) ^ set(run.predictions()[1])):
            raise DataError(
                f"{runs[0].where} and {run.where} predict other classes ({', '.join(other[:3])}). "
                "Try: runs with the same data.exclude_classes"
            )
    return first


def _refuse_misfit(catalogue: Catalogue, run: FinishedRun) -> None:
    data = run.spec.data
    if data.name != catalogue.name:
        raise DataError(
            f"{run.where} was trained on {data.name}, not on {catalogue.name}. Try: a run on {catalogue.name}"
        )
    if data.label_map != "none":
        raise DataError(
            f"{run.where} predicts the classes of data.label_map={data.label_map}, not the labels of {catalogue.name}. "
            "Try: a run with data.label_map=none"
        )


def _of_clips(clips: pd.DataFrame, run: FinishedRun) -> list[tuple[str, np.ndarray]]:
    """Clip ids with (classes,) probabilities: windows smoothed, then aggregated, as the run's scores were made."""
    part = next((part for part in run.predictions()[0] if part.subset == VALIDATION), None)
    if part is None:
        raise DataError(f"{run.where} held out no clips. Try: a run with a data.split.scheme other than none")
    logits, segments = part.logits.astype(np.float64), run.spec.segments
    values = softmax(logits, axis=1) if run.spec.loss.name == "ce" else expit(logits)
    ids = pd.Series(part.clip_ids)
    places = clips.drop_duplicates("clip_id").set_index("clip_id")[["recording_id", "start_s"]].reindex(ids)
    recording = pd.factorize(places["recording_id"].fillna(ids.set_axis(places.index)))[0]
    start = places["start_s"].fillna(0.0).to_numpy(float) + part.start_s
    values = smooth_recordings(values, recording, start, segments.smoothing, segments.smoothing_width)
    codes, names = pd.factorize(ids)
    return list(zip(names, per_clip(values, codes, segments.aggregate), strict=True))
