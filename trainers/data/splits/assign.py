"""Folds of a catalogue's clips, whatever the scheme."""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from trainers.data.spec import SplitSpec
from trainers.data.splits.marks import ALWAYS_TRAINED
from trainers.data.splits.rare import in_every_fold, taken_out
from trainers.data.splits.schemes import SPLITS, hold_out, units_of
from trainers.errors import DataError


def assign_folds(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """The fold of every clip: 0 .. n_folds - 1, ALWAYS_TRAINED or LEFT_OUT.

    A clip's fold depends on `split` and on which clips there are, not on their order: a catalogue's digest, which is
    part of a run's key, doesn't either. Clips without `clip_id` are taken in the order given.

    Args:
        clips: labelled rows of a catalogue.
        split: the scheme. With a holdout, fold 0 is held out and the rest always trained on.

    Raises:
        DataError: more folds than groups or than clips of any class, a fold that stays empty, or a column that the
            catalogue leaves empty.
    """
    order = np.argsort(clips["clip_id"].to_numpy(str), kind="stable") if "clip_id" in clips else np.arange(len(clips))
    folds = np.empty(len(clips), np.int64)
    folds[order] = _in_order(clips.iloc[order].reset_index(drop=True), split)
    return folds


def split_digest(clip_ids: Iterable[str], folds: np.ndarray) -> str:
    """Identifies which clip is in which fold, in whatever order they come: 16 hexadecimal digits."""
    rows = sorted(zip(map(str, clip_ids), folds.tolist(), strict=True))
    text = "".join(f"{clip_id}\t{fold}\n" for clip_id, fold in rows)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _in_order(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    scheme = SPLITS[split.scheme]
    if scheme.balanced is None:  # given, not cut
        return scheme.folds(clips, split)
    folds = taken_out(clips, split)
    cut = folds == 0
    folds[cut] = _cut(clips[cut].reset_index(drop=True), split)
    return folds


def _cut(clips: pd.DataFrame, split: SplitSpec) -> np.ndarray:
    """The folds of clips that none of is taken out."""
    folds = SPLITS[split.scheme].folds(clips, split) if split.holdout is None else hold_out(clips, split)
    if split.rare_class == "every_fold":
        folds = in_every_fold(clips, units_of(clips, split), folds, split.pieces)
    if len(np.unique(folds)) < split.pieces:  # a few large groups
        asked = f"n_folds is {split.n_folds}" if split.holdout is None else f"holdout is {split.holdout:g}"
        raise DataError(f"data.split.{asked}, but a fold stays empty. Try: fewer folds")
    return folds if split.holdout is None else np.where(folds == 0, 0, ALWAYS_TRAINED)
