"""The members of an ensemble: what several configurations predict of the same clips, each out of fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.errors import UserError
from analysis.records.clip_scores import read_clip_scores
from analysis.records.stored_trials import find_trials


@dataclass(frozen=True)
class Members:
    """Predictions of the same clips."""

    names: tuple[str, ...]
    clip_ids: tuple[str, ...]
    """(clips,)"""
    positive: np.ndarray
    """(clips, classes) bool"""
    probabilities: np.ndarray
    """(members, clips, classes) float64"""

    def of_clips(self, rows: np.ndarray) -> "Members":
        """The same members on some clips only, ``rows`` places ``(n,)`` or a mask ``(clips,)``."""
        kept = tuple(np.array(self.clip_ids, dtype=object)[rows])
        return Members(self.names, kept, self.positive[rows], self.probabilities[:, rows])


def find_members(results: Path, asked: Sequence[str]) -> Members:
    """Read the trials that are named `SWEEP` (all complete ones of its search) or `SWEEP:TRIAL`.

    Raises:
        UserError: as `find_trials` and `read_members`.
        RecordsError: stored predictions that can't be read.
    """
    return read_members({trial.name: trial.files for trial in find_trials(results, asked)})


def read_members(files: Mapping[str, Sequence[Path]]) -> Members:
    """Read the held-out predictions of each member: one file per fold, and per repeat, which are averaged.

    Raises:
        UserError: fewer than two members, or members that did not predict the same clips with the same labels.
        RecordsError: a file can't be read or holds no labelled predictions.
    """
    if len(files) < 2:
        raise UserError(f"an ensemble has at least 2 members, got {len(files)}. Try: a sweep with more complete trials")
    scores = {name: read_clip_scores(paths) for name, paths in files.items()}
    first_name, first = next(iter(scores.items()))
    for name, own in scores.items():
        if (own.clip_ids, own.classes) != (first.clip_ids, first.classes):
            shared = len(set(own.clip_ids) & set(first.clip_ids))
            raise UserError(
                f"{name} predicted {len(own.clip_ids)} clips, {shared} of them among the {len(first.clip_ids)} of "
                f"{first_name}. Try: members with the same catalogue, split and folds"
            )
        if not np.array_equal(own.positive, first.positive):
            raise UserError(f"{name} has other labels than {first_name}. Try: members with the same catalogue")
    stacked = np.stack([own.probabilities for own in scores.values()])
    return Members(tuple(scores), first.clip_ids, first.positive, stacked)
