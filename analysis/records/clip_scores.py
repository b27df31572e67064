"""Stored predictions as one row per clip: what mistakes are looked for in, and what ensembles are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import RecordsError
from analysis.metrics import Case, as_case
from analysis.records.predictions import Predictions, as_probabilities, read_activation, read_predictions


@dataclass(frozen=True)
class ClipScores:
    """What was predicted of some clips, and what is true of them."""

    clip_ids: tuple[str, ...]
    """(clips,) each once, sorted"""
    classes: tuple[str, ...]
    positive: np.ndarray
    """(clips, classes) bool: the class is a label of the clip"""
    probabilities: np.ndarray
    """(clips, classes) float64"""

    @property
    def case(self) -> Case:
        """The same for `analysis.metrics`."""
        return as_case(self.positive, self.probabilities)


def read_clip_scores(paths: Sequence[Path], subset: str = "val", activation: str | None = None) -> ClipScores:
    """The labelled predictions of some runs as one row per clip.

    A clip's probabilities are the mean over its windows; smoothing over windows, which a run's own metrics may have,
    is left out. Runs on several folds give the clips of all of them, out of fold; a clip that several runs predicted
    (repeats with other seeds) gets the mean over them.

    Args:
        paths: what `write_predictions` wrote, one file per run.
        subset: whose predictions.
        activation: sigmoid or softmax, for files of older versions, which do not say it themselves.

    Raises:
        RecordsError: no file, a file without the subset, its labels or an activation, files that contradict each other.
    """
    if not paths:
        raise RecordsError("no stored predictions to read. Try: a run that has ended")
    tables = [_clips_of(path, subset, activation) for path in paths]
    names = [table.columns for table in tables]
    for path, own in zip(paths, names, strict=True):
        if not own.equals(names[0]):
            raise RecordsError(f"{path}: other classes than in {paths[0]}. Try: runs of one catalogue")
    clips = pd.concat(tables).groupby(level=0, sort=True).mean()
    labels, probabilities = clips["positive"].to_numpy(), clips["probability"].to_numpy()
    disputed = clips.index[((labels != 0) & (labels != 1)).any(axis=1)]
    if len(disputed):
        raise RecordsError(f"{paths[0]} and others: {disputed[0]} has other labels there. Try: runs of one catalogue")
    classes = tuple(map(str, clips["positive"].columns))
    return ClipScores(tuple(map(str, clips.index)), classes, labels == 1, probabilities)


def _clips_of(path: Path, subset: str, activation: str | None) -> pd.DataFrame:
    """A row per clip of one file; columns (positive or probability, class), float64."""
    part, classes = _part(path, subset)
    how = read_activation(path) or activation
    if how is None:
        raise RecordsError(f"{path}: an older version wrote it, without its activation. Try: the run again")
    probabilities = as_probabilities(part.logits.astype(np.float64), how)
    columns = pd.MultiIndex.from_product([("positive", "probability"), classes])
    assert part.targets is not None
    windows = pd.DataFrame(np.hstack([part.targets, probabilities]), pd.Index(part.clip_ids), columns)
    return windows.groupby(level=0).mean()


def _part(path: Path, subset: str) -> tuple[Predictions, tuple[str, ...]]:
    try:
        parts, classes = read_predictions(path)
    except FileNotFoundError as error:
        raise RecordsError(f"{path}: no predictions are stored there. Try: let the sweep of that run end") from error
    except (OSError, ValueError, KeyError, TypeError) as error:  # torn, or another Parquet file
        raise RecordsError(f"{path}: no predictions can be read there. Try: the run again") from error
    for part in parts:
        if part.subset == subset and part.targets is not None:
            return part, classes
    labelled = [part.subset for part in parts if part.targets is not None]
    known = f"Labelled there: {', '.join(labelled)}" if labelled else "Nothing is labelled there"
    raise RecordsError(
        f"{path}: holds no labelled predictions of {subset!r}. {known}. Try: train it again, with a validation fold"
    )
