"""Checks of what else shows only once a run is under way: it can't start, or its learning rate never peaks."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from trainers.data.catalogue import classes_of, of_subset
from trainers.data.segments import windows
from trainers.errors import SpecError
from trainers.mixing.partners import hours
from trainers.models.rules import refuse_spectrogram_settings
from trainers.sampling.samplers import epoch_length
from tuneful.checks.subject import Found, Subject, some


def run_cannot_start(subject: Subject) -> Found:
    """TF024: what would stop a run after its data was prepared stops it here."""
    return [found for look in OBSTACLES for found in look(subject)]


def rate_never_peaks(subject: Subject) -> Found:
    """TF025: a schedule that is longer than the run ends on its way up."""
    spec, schedule = subject.spec, subject.spec.schedule
    epochs = spec.training.epochs
    steps = _steps_per_epoch(subject) * epochs
    warmup = getattr(schedule, "warmup_steps", 0)
    if warmup >= steps:
        evidence = f"schedule.warmup_steps={warmup}, the run has about {steps} steps ({epochs} epochs)"
        return [(evidence, f"schedule.warmup_steps={steps // 10}")]
    if schedule.name == "cyclic" and schedule.half_cycle_epochs > epochs:
        evidence = f"schedule.half_cycle_epochs={schedule.half_cycle_epochs:g}, the run has {epochs} epochs"
        return [(evidence, f"schedule.half_cycle_epochs={epochs / 2:g}")]
    return []


def segments_of(subject: Subject) -> int:
    """Training segments, as many as `trainers.data.dataset.train_windows` gives where no silence is cut off."""
    spec, clips = subject.spec, subject.split.learnt
    if spec.segments.train_crop != "windows":
        return len(clips) * spec.segments.crops_per_clip
    lengths = np.rint(clips["duration_s"].to_numpy(float) * spec.data.sample_rate).astype(int).tolist()
    return subject.split.known(
        ("segments", spec.segments, spec.data.sample_rate),
        lambda: len(windows(lengths, spec.segment_samples, "all", spec.segments)),
    )


def _batch_larger_than_data(subject: Subject) -> Found:
    spec, segments = subject.spec, segments_of(subject)
    if segments >= spec.training.batch_size:
        return []
    evidence = (
        f"training.batch_size is {spec.training.batch_size}, but without fold {spec.data.fold} {spec.data.name} has "
        f"only {segments} training segments"
    )
    return [(evidence, f"training.batch_size={max(1, segments // 2)}")]


def _extra_share_without_extra(subject: Subject) -> Found:
    asked = subject.spec.sampling.extra_share
    if asked is None or len(subject.split.extra):
        return []
    evidence = f"sampling.extra_share={asked:g} needs clips of data.extra_train, there are none"
    return [(evidence, "sampling.extra_share=null, or data.extra_train=[SUBSET]")]


def _extra_subset_unusable(subject: Subject) -> Found:
    found = []
    for name in subject.spec.data.extra_train:
        clips = of_subset(subject.split.extra, name)
        unknown = sorted(set(classes_of(clips)) - set(subject.split.classes))
        if not len(clips):
            known = sorted(set(subject.catalogue.clips["subset"].dropna()))
            found.append((f"data.extra_train: no labelled clips of the subset {name!r} ({some(known)})", _WITHOUT))
        elif unknown:
            text = f"data.extra_train: {len(unknown)} labels of {name!r} that no training clip has ({some(unknown)})"
            found.append((text, f"data.exclude_classes=[{','.join(unknown)}]"))
    return found


def _background_missing(subject: Subject) -> Found:
    asked = subject.spec.augmentation.background
    if asked.p == 0 or len(subject.catalogue.subset(asked.subset)):
        return []
    evidence = f"augmentation.background.subset: {subject.spec.data.name} has no subset {asked.subset!r}"
    return [(evidence, "augmentation.background.p=0")]


def _encoder_refuses(subject: Subject) -> Found:
    if subject.spec.model.name == "timm":
        return []
    try:
        refuse_spectrogram_settings(subject.spec)
    except SpecError as error:
        return [(str(error), "that value, or model.name=timm")]
    return []


def _no_companions(subject: Subject) -> Found:
    """Partners of the same site or hour, where no two clips share one."""
    spec, clips = subject.spec, subject.split.learnt
    partner = getattr(spec.mixing, "partner", None)
    if partner == "same_site":
        column, known = "site", clips["site"].dropna()
    elif partner == "same_hour":
        hour = hours(list(clips["recorded_at"]))
        column, known = "recorded_at", pd.Series(hour[hour >= 0])
    else:
        return []
    if known.duplicated().any():
        return []
    evidence = f"mixing.partner={partner}: no two training clips share one (column {column}, {len(known)} values)"
    return [(evidence, "mixing.partner=uniform")]


_WITHOUT = "data.extra_train=[]"
OBSTACLES: tuple[Callable[[Subject], Found], ...] = (
    _batch_larger_than_data,
    _extra_share_without_extra,
    _extra_subset_unusable,
    _background_missing,
    _encoder_refuses,
    _no_companions,
)


def _steps_per_epoch(subject: Subject) -> int:
    """Optimizer steps; `extra_share` makes them more."""
    spec, split = subject.spec, subject.split
    sampling = spec.sampling.model_copy(update={"extra_share": None})
    shown = epoch_length(split.targets, sampling, np.zeros(len(split.learnt), bool))
    segments = shown * segments_of(subject) / max(1, len(split.learnt))
    batches = int(segments // spec.training.batch_size)
    return max(1, math.ceil(batches / spec.training.accumulate))
