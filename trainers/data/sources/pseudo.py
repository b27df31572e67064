"""Pseudo-labels: what trained runs predict of unlabelled recordings, as clips to train on.

As in the 2nd place of BirdCLEF+ 2025 (github.com/VSydorskyy/BirdCLEF_2025_2nd_place): one clip per evaluation window,
its labels weighted by their probabilities. A window without a sure label is left out; weak labels are cut off.
No network runs: the logits are those stored with each run's kept checkpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from analysis.records.predictions import Predictions
from trainers.data.catalogue import Catalogue, check_name
from trainers.errors import DataError, SpecError
from trainers.spec import RunSpec

SOURCE_COLUMN = "extra_pseudo_from"
"""Keys of the runs that a pseudo-labelled clip comes from, separated by `;`."""
VALIDATION = "val"
SAME_START_S = 1e-3
"""Windows of two runs are the same within this: sample rates differ, and starts are stored as float32."""
START_DIGITS = 6


@dataclass(frozen=True)
class PseudoOptions:
    """Which windows become clips, and which of their labels stay."""

    subsets: tuple[str, ...] = ()
    """Unlabelled subsets to label; empty: the only one that the runs predicted."""
    into: str = "pseudo"
    """Subset of the new clips: `data.extra_train` names it."""
    primary_label_min_prob: float = 0.5
    """A window counts when its largest probability is at least this."""
    trim_min_prob: float = 0.1
    """Its labels of at least this probability stay."""

    def __post_init__(self) -> None:
        """Refuse thresholds that would leave a kept window without labels, and names that are taken."""
        check_name(self.into)
        if self.into in ("train", VALIDATION):
            raise SpecError(f"the subset of pseudo-labels can't be called {self.into!r}. Try: pseudo")
        if not 0 < self.primary_label_min_prob <= 1:
            raise SpecError(
                f"primary_label_min_prob must be > 0 and <= 1, got {self.primary_label_min_prob:g}. Try: 0.5"
            )
        if not 0 < self.trim_min_prob <= self.primary_label_min_prob:
            raise SpecError(
                f"trim_min_prob must be > 0 and <= primary_label_min_prob ({self.primary_label_min_prob:g}), "
                f"got {self.trim_min_prob:g}. Try: {self.primary_label_min_prob / 5:g}"
            )


@dataclass(frozen=True)
class Teacher:
    """A finished run with the logits of its kept checkpoint (`analysis.records.predictions.read_predictions`)."""

    key: str
    spec: RunSpec
    parts: tuple[Predictions, ...]
    classes: tuple[str, ...]

    @property
    def unlabelled(self) -> dict[str, Predictions]:
        """The unlabelled subsets it predicted, by name."""
        return {part.subset: part for part in self.parts if part.subset != VALIDATION}


@dataclass(frozen=True)
class PseudoLabels:
    """New clips, and what became of the windows."""

    clips: pd.DataFrame
    """rows of a catalogue, one per kept window"""
    subsets: tuple[str, ...]
    """the unlabelled subsets they come from"""
    windows: int
    """windows seen"""
    labelled: int
    """windows left out because their recording is among the labelled training clips"""


@dataclass(frozen=True)
class _Windows:
    """Windows with the mean of the runs' probabilities."""

    clip_ids: np.ndarray
    """(windows,)"""
    start_s: np.ndarray
    """(windows,) s from the start of the clip"""
    probabilities: np.ndarray
    """(windows, classes) float64"""

    def __getitem__(self, chosen: np.ndarray) -> "_Windows":
        return _Windows(self.clip_ids[chosen], self.start_s[chosen], self.probabilities[chosen])


def pseudo_label(catalogue: Catalogue, teachers: Sequence[Teacher], options: PseudoOptions) -> PseudoLabels:
    """Make clips of what runs on a catalogue predict of its unlabelled recordings.

    Several runs are an ensemble: their probabilities (softmax for `loss.name=ce`, else sigmoid) are averaged window by
    window. A window whose recording is also a labelled training clip, by id or by content, is left out: some fold
    validates on it. `segments.smoothing` and `segments.aggregate`, which join windows, are not applied.

    Args:
        catalogue: the one that the runs were trained on.
        teachers: at least one run.
        options: subsets and thresholds.

    Raises:
        DataError: runs that don't fit the catalogue or each other, no unlabelled predictions, or no window left.
    """
    if options.into in set(catalogue.clips["subset"].dropna()):
        raise DataError(f"{catalogue.name} has a subset {options.into!r} already. Try: another, such as pseudo-2")
    for teacher in teachers:
        _refuse_misfit(catalogue, teacher)
    subsets = _subsets(teachers[0], options)
    windows = _ensemble(teachers, subsets)
    known = _clips_of(catalogue, subsets, windows)
    labelled = _is_labelled(catalogue, known)
    best = np.where(labelled, 0.0, windows.probabilities.max(axis=1))
    kept = best >= options.primary_label_min_prob
    if not kept.any():
        raise DataError(_nothing_left(best, labelled, options))
    clips = _new_clips(known[kept], windows[kept], teachers, options)
    return PseudoLabels(clips, subsets, len(best), int(labelled.sum()))


def extended_clips(catalogue: Catalogue, pseudo: PseudoLabels) -> pd.DataFrame:
    """All rows of the catalogue as they are, then the pseudo-labelled ones."""
    return pd.concat([catalogue.clips.astype(object), pseudo.clips.astype(object)], ignore_index=True)


def class_table(catalogue: Catalogue, pseudo: PseudoLabels) -> pd.DataFrame:
    """What the pseudo-labels add to each class of the catalogue, most first.

    Columns: `class`; `train`, labelled training clips that have it; `pseudo`, new clips that have it; `first`, new
    clips where it is the most probable label; `mean_weight`, the mean of its weights, NaN without any.
    """
    labels = pd.DataFrame(
        [
            (name, weight, place == 0)
            for row in pseudo.clips[["labels", "label_weights"]].itertuples(index=False)
            for place, (name, weight) in enumerate(zip(*row, strict=True))
        ],
        columns=["class", "weight", "first"],
    )
    by_class = labels.groupby("class")
    table = pd.DataFrame(index=pd.Index(catalogue.classes, name="class"))
    table["train"] = catalogue.subset("train")["labels"].explode().value_counts()
    table["pseudo"], table["first"] = by_class.size(), by_class["first"].sum()
    counts = table.fillna(0).astype(int)
    return (
        counts.assign(mean_weight=by_class["weight"].mean())
        .reset_index()
        .sort_values(["pseudo", "class"], ascending=[False, True], ignore_index=True)
    )


def _refuse_misfit(catalogue: Catalogue, teacher: Teacher) -> None:
    """Raise DataError for a run whose windows or classes are not the catalogue's own."""
    spec, run = teacher.spec, f"run {teacher.key}"
    if spec.data.name != catalogue.name:
        raise DataError(f"{run} was trained on {spec.data.name}, not on {catalogue.name}. Try: runs of one catalogue")
    if spec.data.label_map != "none":
        raise DataError(
            f"{run} predicts the classes of data.label_map={spec.data.label_map}, not those of {catalogue.name}. "
            "Try: a run with data.label_map=none"
        )
    if spec.segments.context_clips:
        raise DataError(
            f"{run} has segments.context_clips={spec.segments.context_clips}: its windows reach into other clips. "
            "Try: a run with segments.context_clips=0"
        )
    if unknown := sorted(set(teacher.classes) - set(catalogue.classes)):
        raise DataError(
            f"{run} predicts classes that {catalogue.name} hasn't got ({', '.join(unknown[:3])}). "
            "Try: train on the catalogue as it is now"
        )


def _subsets(teacher: Teacher, options: PseudoOptions) -> tuple[str, ...]:
    """The unlabelled subsets that are asked for."""
    if options.subsets:
        return tuple(dict.fromkeys(options.subsets))
    found = tuple(teacher.unlabelled)
    if not found:
        raise DataError(_no_logits(teacher, "an unlabelled subset", "target"))
    if len(found) > 1:
        raise DataError(f"run {teacher.key} predicts {', '.join(found)}. Try: name the subset to label: {found[0]}")
    return found


def _no_logits(teacher: Teacher, what: str, subset: str) -> str:
    found = ", ".join(teacher.unlabelled) or "none"
    return (
        f"run {teacher.key} holds no logits of {what} (unlabelled subsets it has: {found}). "
        f"Try: train it with data.predict=[{subset}], the name of a subset of unlabelled clips"
    )


def _ensemble(teachers: Sequence[Teacher], subsets: tuple[str, ...]) -> _Windows:
    """The windows that all runs share, with their mean probabilities."""
    first, *others = teachers
    windows = _windows(first, subsets)
    total = windows.probabilities
    for other in others:
        _refuse_other_classes(first, other)
        theirs = _windows(other, subsets)
        _refuse_other_windows(first, other, windows, theirs)
        total = total + theirs.probabilities
    return _Windows(windows.clip_ids, windows.start_s, total / len(teachers))


def _windows(teacher: Teacher, subsets: tuple[str, ...]) -> _Windows:
    """One run's windows of the subsets."""
    found = teacher.unlabelled
    for subset in subsets:
        if subset not in found:
            raise DataError(_no_logits(teacher, f"the subset {subset!r}", subset))
    parts = [found[subset] for subset in subsets]
    logits = np.concatenate([part.logits for part in parts]).astype(np.float64)
    if not np.isfinite(logits).all():
        raise DataError(f"run {teacher.key} has logits that are no finite numbers. Try: another run")
    clip_ids = np.array([clip_id for part in parts for clip_id in part.clip_ids], dtype=object)
    starts = np.concatenate([part.start_s for part in parts]).astype(np.float64).round(START_DIGITS)
    return _Windows(clip_ids, starts, softmax(logits, axis=1) if teacher.spec.loss.name == "ce" else expit(logits))


def _refuse_other_classes(first: Teacher, other: Teacher) -> None:
    if first.classes != other.classes:
        differing = sorted(set(first.classes) ^ set(other.classes))
        raise DataError(
            f"runs {first.key} and {other.key} predict other classes ({', '.join(differing[:3])}). "
            "Try: runs with the same data.exclude_classes"
        )


def _refuse_other_windows(first: Teacher, other: Teacher, ours: _Windows, theirs: _Windows) -> None:
    same = (
        first.spec.segments.duration_s == other.spec.segments.duration_s
        and np.array_equal(ours.clip_ids, theirs.clip_ids)
        and np.allclose(ours.start_s, theirs.start_s, rtol=0, atol=SAME_START_S)
    )
    if not same:
        raise DataError(
            f"runs {first.key} and {other.key} look at other windows ({len(ours.clip_ids)} of "
            f"{first.spec.segments.duration_s:g} s, {len(theirs.clip_ids)} of {other.spec.segments.duration_s:g} s). "
            "Try: runs with the same segments"
        )


def _clips_of(catalogue: Catalogue, subsets: tuple[str, ...], windows: _Windows) -> pd.DataFrame:
    """The catalogue's row of each window's clip: (windows,) rows."""
    clips = catalogue.clips[catalogue.clips["subset"].fillna("train").isin(subsets)]
    clips = clips.astype(object).set_index("clip_id", drop=False)
    missing = [clip_id for clip_id in dict.fromkeys(windows.clip_ids) if clip_id not in clips.index]
    if missing:
        raise DataError(
            f"{len(missing)} predicted clips, such as {missing[0]}, are not in {', '.join(subsets)} of "
            f"{catalogue.name}. Try: train on the catalogue as it is now"
        )
    known = clips.loc[list(windows.clip_ids)].reset_index(drop=True)
    beyond = windows.start_s >= known["duration_s"].to_numpy(np.float64)
    if beyond.any():
        raise DataError(
            f"{int(beyond.sum())} windows start after the end of their clips, such as {windows.clip_ids[beyond][0]}. "
            "Try: train on the catalogue as it is now"
        )
    return known


def _is_labelled(catalogue: Catalogue, known: pd.DataFrame) -> np.ndarray:
    """(windows,) bool: the window's recording, or a copy of it, is among the labelled training clips."""
    train = catalogue.subset("train")
    train = train[train["labels"].notna()]
    same_id, same_content = (known[name].isin(set(train[name].dropna())) for name in ("recording_id", "content"))
    return (same_id | same_content).to_numpy(bool)


def _nothing_left(best: np.ndarray, labelled: np.ndarray, options: PseudoOptions) -> str:
    if labelled.all():
        return f"all {len(best)} windows are of recordings that are labelled already. Try: a subset of other recordings"
    return (
        f"no window of {len(best)} has a label of probability >= {options.primary_label_min_prob:g}, the highest is "
        f"{best.max():.3f}. Try: a lower primary_label_min_prob, or a run that has learnt more"
    )


def _new_clips(
    known: pd.DataFrame, windows: _Windows, teachers: Sequence[Teacher], options: PseudoOptions
) -> pd.DataFrame:
    """The row of each window's clip, made into that of the window."""
    duration = np.minimum(
        teachers[0].spec.segments.duration_s, known["duration_s"].to_numpy(np.float64) - windows.start_s
    )
    labels = [_labels(row, teachers[0].classes, options.trim_min_prob) for row in windows.probabilities]
    ids = zip(windows.clip_ids, windows.start_s, strict=True)
    columns: dict[str, Any] = {
        "clip_id": [f"{options.into}:{clip_id}@{start:.10g}" for clip_id, start in ids],
        "start_s": known["start_s"].to_numpy(np.float64) + windows.start_s,
        "duration_s": duration,
        "labels": [[name for name, _ in row] for row in labels],
        "label_weights": [[weight for _, weight in row] for row in labels],
        "secondary_labels": [[] for _ in labels],
        "subset": options.into,
        "verified": False,
        SOURCE_COLUMN: ";".join(teacher.key for teacher in teachers),
    }
    # Crops that are spaced evenly over a clip hardly longer than a segment start at the same sample.
    return known.assign(**columns).drop_duplicates("clip_id", ignore_index=True)


def _labels(probabilities: np.ndarray, classes: tuple[str, ...], least: float) -> list[tuple[str, float]]:
    """(label, weight) of what is at least that probable, the most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    return [(classes[c], float(probabilities[c])) for c in order if probabilities[c] >= least]
