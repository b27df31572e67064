"""What a split looks like: per fold clips, hours, groups and classes, and what is missing where."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trainers.data.catalogue import classes_of
from trainers.data.layers.duplicates import DUPLICATES
from trainers.data.spec import SplitSpec
from trainers.data.splits.assign import assign_folds, split_digest
from trainers.data.splits.columns import label_matrix
from trainers.data.splits.groups import group_ids
from trainers.data.splits.marks import ALWAYS_TRAINED, LEFT_OUT
from trainers.data.splits.official import official_names
from trainers.data.splits.parts import has_values
from trainers.data.splits.schemes import SPLITS


@dataclass(frozen=True)
class FoldSummary:
    """A fold, or the clips that are in none."""

    fold: int
    """its number, ALWAYS_TRAINED or LEFT_OUT"""
    name: str
    clips: int
    validated: int
    """clips with the values of `validate_where`"""
    hours: float
    groups: int
    classes: int
    missing: tuple[str, ...]
    """classes of the catalogue that the fold has no clip of: they can't be scored here"""
    only_here: tuple[str, ...]
    """classes that nothing else has: a model that this fold is held out from never sees them"""
    clips_of: dict[str, int]
    """clips with each class of the catalogue as a label"""


@dataclass(frozen=True)
class SplitSummary:
    """All folds of a split."""

    folds: tuple[FoldSummary, ...]
    grouped_by: tuple[str, ...]
    """columns that make groups here, besides the recording"""
    groups: int
    shared_groups: int
    """groups with clips in more than one fold"""
    digest: str


def summarise(clips: pd.DataFrame, split: SplitSpec) -> SplitSummary:
    """Look at a split.

    Args:
        clips: labelled rows of a catalogue.
        split: how they are split; a scheme without groups is looked at by those columns of `group_by` that have values.

    Raises:
        DataError: as `assign_folds`.
    """
    folds = assign_folds(clips, split)
    names = _names(clips, split, folds)
    grouped_by = _grouping(clips, split)
    groups = group_ids(clips, grouped_by)
    view = _View(clips, split, folds, groups)
    return SplitSummary(
        tuple(view.fold(number, name) for number, name in names.items()),
        (*grouped_by, DUPLICATES) if _filled(clips, DUPLICATES) else grouped_by,
        len(np.unique(groups)),
        _shared(groups, folds),
        split_digest(clips["clip_id"], folds),
    )


class _View:
    """A split's clips with what is counted of them."""

    def __init__(self, clips: pd.DataFrame, split: SplitSpec, folds: np.ndarray, groups: np.ndarray) -> None:
        self.folds, self.groups = folds, groups
        self.hours = clips["duration_s"].to_numpy(float) / 3600
        self.counted = has_values(clips, split.validate_where)
        self.matrix, self.labels = label_matrix(clips)
        self.classes = classes_of(clips)

    def fold(self, number: int, name: str) -> FoldSummary:
        inside = self.folds == number
        here, elsewhere = self._present(inside), self._present(~inside & (self.folds != LEFT_OUT))
        return FoldSummary(
            fold=number,
            name=name,
            clips=int(inside.sum()),
            validated=int((inside & self.counted).sum()),
            hours=float(self.hours[inside].sum()),
            groups=len(np.unique(self.groups[inside])),
            classes=len(here),
            missing=tuple(name for name in self.classes if name not in here),
            only_here=tuple(sorted(here - elsewhere)) if number >= 0 else (),
            clips_of=self._counts(inside),
        )

    def _counts(self, rows: np.ndarray) -> dict[str, int]:
        counted = dict(zip(self.labels, self.matrix[rows].sum(0).tolist(), strict=True))
        return {name: counted.get(name, 0) for name in self.classes}

    def _present(self, rows: np.ndarray) -> set[str]:
        return {self.labels[column] for column in np.flatnonzero(self.matrix[rows].any(0))}


def _names(clips: pd.DataFrame, split: SplitSpec, folds: np.ndarray) -> dict[int, str]:
    """Folds in the order of their numbers, then the clips that are in none."""
    given = official_names(clips) if split.scheme == "official" else ()
    names = {int(fold): str(fold) for fold in np.unique(folds) if fold >= 0}
    names |= {place: f"{place} ({name})" for place, name in enumerate(given)}
    if split.test_fold in names:
        names[split.test_fold] += " test"
    rest = {ALWAYS_TRAINED: "always trained", LEFT_OUT: "left out"}
    return names | {mark: name for mark, name in rest.items() if (folds == mark).any()}


def _grouping(clips: pd.DataFrame, split: SplitSpec) -> tuple[str, ...]:
    if SPLITS[split.scheme].grouped:
        return split.group_by
    return tuple(column for column in split.group_by if _filled(clips, column))


def _filled(clips: pd.DataFrame, column: str) -> bool:
    return column in clips and bool(clips[column].notna().any())


def _shared(groups: np.ndarray, folds: np.ndarray) -> int:
    counted = folds != LEFT_OUT
    return int((pd.Series(folds[counted]).groupby(groups[counted]).nunique() > 1).sum())
