"""The data of one run: training and validation clips of one fold, as samples and targets."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from trainers.data.catalogue import Catalogue, classes_of, load_catalogue, of_subset
from trainers.data.embedded import Embeddings
from trainers.data.label_maps import apply_labels
from trainers.data.segments import Windows, windows
from trainers.data.spec import DataSpec, SplitSpec
from trainers.data.splits import LEFT_OUT, SPLITS, parts_of, split_digest
from trainers.data.store import Store
from trainers.data.stretches import extended
from trainers.data.trim import loud_stretch
from trainers.errors import DataError
from trainers.mixing.partners import hours
from trainers.sampling.samplers import epoch_length
from trainers.spec import RunSpec
from trainers.targets.encode import encode_labels, encode_targets, sample_weights


@dataclass(frozen=True)
class ClipSet:
    """Clips with their samples and what is known of each."""

    clips: pd.DataFrame
    """rows of the catalogue"""
    samples: tuple[np.ndarray, ...]
    """(samples,) int16 each, views into the store"""
    targets: np.ndarray
    """(clips, classes) float32, all zero where clips are not labelled"""
    weights: np.ndarray
    """(clips,) float32: what each counts in the loss"""
    offset_s: np.ndarray
    """(clips,) where the samples begin, in seconds from the clip's start: later than it where silence was cut off,
    earlier where neighbours come before"""
    embeddings: Embeddings | None = None
    """what a frozen network makes of their windows, where it is cached"""

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.samples)

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """(clips,)"""
        return tuple(self.clips["clip_id"])

    @property
    def extra(self) -> np.ndarray:
        """(clips,) bool: of a subset named in `data.extra_train`."""
        return self.clips["extra"].to_numpy(bool)

    def codes(self, column: str) -> np.ndarray:
        """(clips,) int64: equal values of a column as equal numbers, -1 where it is empty."""
        return np.asarray(pd.factorize(self.clips[column])[0], np.int64)

    @property
    def hours(self) -> np.ndarray:
        """(clips,) hour of day of each recording, -1 where unknown."""
        return hours(list(self.clips["recorded_at"]))


@dataclass(frozen=True)
class SplitClips:
    """A catalogue's labelled training clips as one run sees them, rows of the catalogue.

    Clips that are in no part (`data.split.validate_where`, rare classes) are left out.
    """

    train: pd.DataFrame
    val: pd.DataFrame
    test: pd.DataFrame
    """the third part; empty without `data.split.test_fold`"""
    classes: tuple[str, ...]
    """of the clips of all folds, sorted: the same whichever fold is held out"""
    digest: str
    """of which clip is in which fold"""


@dataclass(frozen=True)
class RunData:
    """What `fit` trains on, validates on, and predicts."""

    classes: tuple[str, ...]
    train: ClipSet
    val: ClipSet
    unlabelled: dict[str, ClipSet]
    """Subsets named in `data.predict`, as far as the catalogue has them."""
    test: ClipSet | None
    """The third part, where `data.split.test_fold` cuts one: scored once, never chosen by."""
    digest: str
    """Of the catalogue: part of the run's key."""
    split_digest: str
    """Of which clip is in which fold: `platform data split NAME --list` knows it."""
    protocol: str
    """How scores are made: evaluation clips, labels, windows and aggregation. Equal protocols can be compared; where
    windows and aggregation alone differ, scores of whole clips can (`analysis.comparability`)."""
    background: tuple[np.ndarray, ...] = field(default=())
    """Clips for `augmentation.background`, (samples,) int16 each."""


def load_run_data(spec: RunSpec, catalogue: Catalogue | None = None) -> RunData:
    """Open the catalogue and the store for one fold. The store must have been prepared (`prepare_store`).

    Raises:
        DataError: no such catalogue, no labelled clips, or samples that were never decoded.
    """
    catalogue = catalogue or load_catalogue(spec.data.name)
    split = split_clips(catalogue, spec.data)
    classes, val, test = split.classes, split.val, split.test
    train = pd.concat([split.train.assign(extra=False), *_extra(catalogue, spec.data, val, classes)], ignore_index=True)
    neighbours = catalogue.clips
    unlabelled = {name: catalogue.subset(name) for name in spec.data.predict}
    data = RunData(
        classes=classes,
        train=_clip_set(train, neighbours, _train_targets(train, classes, spec), spec),
        val=_clip_set(val, neighbours, encode_labels(val["labels"], classes), spec),
        unlabelled={
            name: _clip_set(clips, neighbours, np.zeros((len(clips), len(classes)), np.float32), spec)
            for name, clips in unlabelled.items()
            if len(clips)
        },
        test=_clip_set(test, neighbours, encode_labels(test["labels"], classes), spec) if len(test) else None,
        digest=catalogue.digest,
        split_digest=split.digest,
        protocol=_protocol(spec, val, classes),
        background=_background(catalogue, spec, val),
    )
    _check_batch_size(spec, data.train, catalogue.name)
    return data


def split_clips(catalogue: Catalogue, data: DataSpec) -> SplitClips:
    """Split the labelled training clips by the fold that is held out.

    Raises:
        DataError: there are no labelled clips, or they can't be split so.
    """
    clips = labelled_clips(catalogue, data)
    parts = parts_of(clips, data.split, data.fold)
    train, val, test = (clips[rows].reset_index(drop=True) for rows in (parts.train, parts.val, parts.test))
    classes = classes_of(clips[parts.folds != LEFT_OUT])
    return SplitClips(train, val, test, classes, split_digest(clips["clip_id"], parts.folds))


def labelled_clips(catalogue: Catalogue, data: DataSpec) -> pd.DataFrame:
    """The labelled training clips, with the labels that a run sees: those that are split.

    Raises:
        DataError: there are none.
    """
    clips = _labelled(catalogue, "train", data)
    if not classes_of(clips):
        raise DataError(f"the catalogue {catalogue.name} has no labelled training clips. Try: fill its column `labels`")
    return clips


def windows_of(spec: RunSpec, clips: ClipSet) -> Windows:
    """The evaluation windows of a clip set."""
    lengths = [len(samples) for samples in clips.samples]
    return windows(lengths, spec.segment_samples, spec.segments.eval_windows, spec.segments)


def train_windows(spec: RunSpec, clips: ClipSet) -> Windows:
    """What training draws from: the windows of clips for `train_crop: windows`, else each clip `crops_per_clip` times
    (where a crop starts is then drawn anew for each epoch)."""
    if spec.segments.train_crop == "windows":
        lengths = [len(samples) for samples in clips.samples]
        return windows(lengths, spec.segment_samples, "all", spec.segments)
    clip = np.tile(np.arange(len(clips)), spec.segments.crops_per_clip)
    return Windows(clip, np.zeros(len(clip), np.int64))


def _labelled(catalogue: Catalogue, subset: str, data: DataSpec) -> pd.DataFrame:
    clips = of_subset(apply_labels(catalogue.clips, data), subset)
    clips = clips[clips["labels"].notna()].reset_index(drop=True)
    clips["secondary_labels"] = [() if value is None else value for value in clips["secondary_labels"]]
    return clips


def _extra(catalogue: Catalogue, data: DataSpec, val: pd.DataFrame, classes: Sequence[str]) -> list[pd.DataFrame]:
    """The clips of `data.extra_train`, with labels that the training clips have, too, apart from validation."""
    found = []
    for name in data.extra_train:
        clips = _apart(_labelled(catalogue, name, data), val, data.split)
        unknown = set(classes_of(clips)) - set(classes)
        if not len(clips) or unknown:
            why = (
                f"labels that no training clip has ({', '.join(sorted(unknown)[:3])})"
                if unknown
                else "no labelled clips of recordings that validation hasn't got"
            )
            raise DataError(
                f"data.extra_train: the subset {name!r} of {catalogue.name} has {why}. {_subsets(catalogue)}"
            )
        found.append(clips.assign(extra=True))
    return found


def _apart(clips: pd.DataFrame, val: pd.DataFrame, split: SplitSpec) -> pd.DataFrame:
    """The clips that share no recording with validation and, where the split is by groups, no group either: what the
    split has torn apart, another subset must not join again."""
    shared = np.zeros(len(clips), bool)
    for column in ("recording_id", "content", *(split.group_by if SPLITS[split.scheme].grouped else ())):
        shared |= clips[column].isin(set(val[column].dropna())).to_numpy(bool)
    return clips[~shared].reset_index(drop=True)


def _subsets(catalogue: Catalogue) -> str:
    return f"Its subsets: {', '.join(sorted(set(catalogue.clips['subset'].fillna('train'))))}"


def _train_targets(clips: pd.DataFrame, classes: Sequence[str], spec: RunSpec) -> np.ndarray:
    return encode_targets(
        clips["labels"], clips["secondary_labels"], classes, spec.targets, label_weights=clips["label_weights"]
    )


def _clip_set(clips: pd.DataFrame, neighbours: pd.DataFrame, targets: np.ndarray, spec: RunSpec) -> ClipSet:
    rate, db = spec.data.sample_rate, spec.segments.trim_db
    recordings = Store(rate).open(list(clips["content"]))
    stretches = extended(clips, neighbours, spec.segments.context_clips)
    bounds = [(round(start * rate), round(end * rate)) for start, end in stretches]
    if db is not None:
        bounds = [_without_silence(*both, db) for both in zip(recordings, bounds, strict=True)]
    samples = tuple(recording[first:last] for recording, (first, last) in zip(recordings, bounds, strict=True))
    offset_s = np.array([first for first, _ in bounds]) / rate - clips["start_s"].to_numpy(float)
    return ClipSet(clips, samples, targets, sample_weights(list(clips["rating"]), spec.targets), offset_s)


def _without_silence(recording: np.ndarray, bounds: tuple[int, int], db: float) -> tuple[int, int]:
    first, last = loud_stretch(recording[slice(*bounds)], db)
    return bounds[0] + first, bounds[0] + last


def _background(catalogue: Catalogue, spec: RunSpec, val: pd.DataFrame) -> tuple[np.ndarray, ...]:
    asked, rate = spec.augmentation.background, spec.data.sample_rate
    if asked.p == 0:
        return ()
    clips = _apart(catalogue.subset(asked.subset), val, spec.data.split)
    if not len(clips):
        raise DataError(
            f"augmentation.background.subset: {catalogue.name} has no clips of {asked.subset!r} apart from validation. "
            f"{_subsets(catalogue)}"
        )
    stretches = zip(Store(rate).open(list(clips["content"])), extended(clips, clips, 0), strict=True)
    return tuple(recording[round(start * rate) : round(end * rate)] for recording, (start, end) in stretches)


def _check_batch_size(spec: RunSpec, train: ClipSet, name: str) -> None:
    items = train_windows(spec, train).clip
    segments = epoch_length(train.targets[items], spec.sampling, train.extra[items])
    if segments < spec.training.batch_size:
        raise DataError(
            f"training.batch_size is {spec.training.batch_size}, but without fold {spec.data.fold} {name} "
            f"has only {segments} training segments an epoch. Try: training.batch_size={max(1, segments // 2)}"
        )


def _protocol(spec: RunSpec, val: pd.DataFrame, classes: Sequence[str]) -> str:
    columns = zip(val["clip_id"], val["content"], val["labels"], strict=True)
    rows = [[clip_id, content, sorted(labels)] for clip_id, content, labels in columns]
    segments = spec.segments.model_dump(exclude={"train_crop", "crops_per_clip"})
    text = json.dumps([sorted(rows), segments, list(classes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
