"""The data of one run: training and validation clips of one fold, as samples and targets."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.data.spec import DataSpec
from trainers.data.splits import assign_folds
from trainers.data.store import Store
from trainers.errors import DataError
from trainers.spec import RunSpec
from trainers.targets.encode import encode_labels, encode_targets


@dataclass(frozen=True)
class ClipSet:
    """Clips with their samples; `targets` is (clips, classes), all zero where clips are not labelled."""

    clip_ids: tuple[str, ...]
    samples: tuple[np.ndarray, ...]
    """(samples,) int16 each, views into the store"""
    targets: np.ndarray

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.clip_ids)


@dataclass(frozen=True)
class RunData:
    """What `fit` trains on, validates on, and predicts."""

    classes: tuple[str, ...]
    train: ClipSet
    val: ClipSet
    unlabelled: dict[str, ClipSet]
    """Subsets named in `data.predict`, as far as the catalogue has them."""
    digest: str
    """Of the catalogue: part of the run's key."""
    protocol: str
    """How scores are made: evaluation clips, labels, windows and aggregation. Equal protocols can be compared."""


def load_run_data(spec: RunSpec, catalogue: Catalogue | None = None) -> RunData:
    """Open the catalogue and the store for one fold. The store must have been prepared (`prepare_store`).

    Raises:
        DataError: no such catalogue, no labelled clips, or samples that were never decoded.
    """
    catalogue = catalogue or load_catalogue(spec.data.name)
    train, val = split_clips(catalogue, spec.data)
    classes = catalogue.classes
    crops = len(train) * spec.segments.crops_per_clip
    if crops < spec.training.batch_size:
        raise DataError(
            f"training.batch_size is {spec.training.batch_size}, but without fold {spec.data.fold} {catalogue.name} "
            f"has only {crops} training segments. Try: training.batch_size={max(1, crops // 2)}"
        )
    train_targets = encode_targets(train["labels"], train["secondary_labels"], classes, spec.targets)
    unlabelled = {name: catalogue.subset(name) for name in spec.data.predict}
    return RunData(
        classes=classes,
        train=_clip_set(train, train_targets, spec),
        val=_clip_set(val, encode_labels(val["labels"], classes), spec),
        unlabelled={
            name: _clip_set(clips, np.zeros((len(clips), len(classes)), np.float32), spec)
            for name, clips in unlabelled.items()
            if len(clips)
        },
        digest=catalogue.digest,
        protocol=_protocol(spec, catalogue, val, classes),
    )


def split_clips(catalogue: Catalogue, data: DataSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The labelled training clips as (training, validation) by the fold that is held out.

    Raises:
        DataError: there are no labelled clips.
    """
    clips = catalogue.subset("train")
    clips = clips[clips["labels"].notna()].reset_index(drop=True)
    clips["secondary_labels"] = [() if value is None else value for value in clips["secondary_labels"]]
    if not catalogue.classes:
        raise DataError(f"the catalogue {catalogue.name} has no labelled training clips. Try: fill its column `labels`")
    held_out = assign_folds(clips, data.split) == data.fold
    return clips[~held_out].reset_index(drop=True), clips[held_out].reset_index(drop=True)


def _clip_set(clips: pd.DataFrame, targets: np.ndarray, spec: RunSpec) -> ClipSet:
    rate = spec.data.sample_rate
    recordings = Store(rate).open(list(clips["content"]))
    stretches = zip(recordings, clips["start_s"], clips["duration_s"], strict=True)
    samples = tuple(
        recording[round(start * rate) : round((start + length) * rate)] for recording, start, length in stretches
    )
    return ClipSet(tuple(clips["clip_id"]), samples, targets)


def _protocol(spec: RunSpec, catalogue: Catalogue, val: pd.DataFrame, classes: Sequence[str]) -> str:
    columns = zip(val["clip_id"], val["content"], val["labels"], strict=True)
    rows = [[clip_id, content, sorted(labels)] for clip_id, content, labels in columns]
    windows = spec.segments.model_dump(include={"duration_s", "eval_windows", "aggregate", "padding"})
    text = json.dumps([catalogue.name, sorted(rows), windows, list(classes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
