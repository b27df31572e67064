"""Checks of settings that change nothing in the run that they are set for."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from pydantic import BaseModel

from trainers.augmentation.spec import AugmentationSpec
from trainers.data.segments import windows
from trainers.spec import RunSpec
from tuneful.checks.subject import Found, Subject

ENCODERS_USE = {"name", "highpass_hz", "lowpass_hz", "filter_order", "peak_normalize"}
"""Fields of the front end that audio encoders share with the mel spectrogram."""
PER_SAMPLE = {"standard", "minmax", "standard_minmax", "per_band"}
WIDE = {"moving", "triangular", "savitzky_golay", "median"}


def setting_without_effect(subject: Subject) -> Found:
    """TF026: what is set and changes nothing hides that something else was meant."""
    return [*_idle_fields(subject.spec), *(found for look in IDLE_BY_DATA for found in look(subject))]


def trains_backbone(spec: RunSpec) -> bool:
    """Whether anything below the head learns."""
    return not spec.model.freeze if spec.model.name == "timm" else spec.model.trainable_layers != 0


def uses_monitor(spec: RunSpec) -> bool:
    """Whether `training.monitor` decides anything."""
    stops = spec.training.early_stopping_patience is not None
    return spec.training.keep == "best" or stops or spec.schedule.name == "plateau"


def cuts_windows(spec: RunSpec) -> bool:
    """Whether clips are cut into windows, to train or to evaluate."""
    return spec.segments.eval_windows == "all" or spec.segments.train_crop == "windows"


NEEDS: tuple[tuple[str, Callable[[RunSpec], bool], str], ...] = (
    ("segments.eval_crops", lambda s: s.segments.eval_windows == "crops", "segments.eval_windows=crops"),
    ("segments.stride", cuts_windows, "segments.eval_windows=all"),
    ("segments.min_rest", cuts_windows, "segments.eval_windows=all"),
    ("segments.smoothing_width", lambda s: s.segments.smoothing in WIDE, "segments.smoothing=moving"),
    ("loss.class_weight_scale", lambda s: s.loss.class_weight_temperature > 0, "loss.class_weight_temperature=0.5"),
    ("front_end.filter_order", lambda s: bool(s.front_end.highpass_hz or s.front_end.lowpass_hz), "a filter"),
    ("front_end.pcen_s", lambda s: s.front_end.compression == "pcen", "front_end.compression=pcen"),
    ("front_end.pcen_alpha", lambda s: s.front_end.compression == "pcen", "front_end.compression=pcen"),
    ("front_end.pcen_delta", lambda s: s.front_end.compression == "pcen", "front_end.compression=pcen"),
    ("front_end.pcen_r", lambda s: s.front_end.compression == "pcen", "front_end.compression=pcen"),
    ("front_end.top_db", lambda s: s.front_end.compression == "db", "front_end.compression=db"),
    ("front_end.amin", lambda s: s.front_end.compression == "db", "front_end.compression=db"),
    ("front_end.eps", lambda s: s.front_end.normalization != "none", "front_end.normalization=standard"),
    ("optimizer.lr_reference_batch", lambda s: s.optimizer.lr_scaling != "none", "optimizer.lr_scaling=linear"),
    ("optimizer.backbone_lr_factor", trains_backbone, "a backbone that trains"),
    (
        "training.early_stopping_min_delta",
        lambda s: s.training.early_stopping_patience is not None,
        "training.early_stopping_patience=3",
    ),
    ("training.monitor", uses_monitor, "training.keep=best"),
    ("start.part", lambda s: s.start.checkpoint is not None, "start.checkpoint=FOLDER"),
    ("start.schedule", lambda s: s.start.checkpoint is not None, "start.checkpoint=FOLDER"),
    ("targets.rating_floor", lambda s: s.targets.sample_weight == "rating", "targets.sample_weight=rating"),
)
"""Fields that mean nothing without another setting: path, whether it is there, and what it is."""


def _idle_fields(spec: RunSpec) -> Iterator[tuple[str, str]]:
    for path, is_used, needed in NEEDS:
        section_name, _, name = path.partition(".")
        section = getattr(spec, section_name)
        if name in _changed(section) and not is_used(spec):
            yield f"{_written(path, getattr(section, name))} does nothing without {needed}", _back(section, path)
    yield from _idle_mel(spec)
    yield from _idle_augmentation(spec.augmentation)


def _idle_mel(spec: RunSpec) -> Iterator[tuple[str, str]]:
    idle = sorted(_changed(spec.front_end) - ENCODERS_USE)
    if spec.model.name == "timm" or not idle:
        return
    text = f"front_end.{', '.join(idle)} do nothing with model.name={spec.model.name}, which hears waveforms"
    yield text, " ".join(_back(spec.front_end, f"front_end.{name}") for name in idle)


def _idle_augmentation(augmentation: AugmentationSpec) -> Iterator[tuple[str, str]]:
    for name in type(augmentation).model_fields:
        section = getattr(augmentation, name)
        idle = sorted(_changed(section)) if getattr(section, "p", 1) == 0 else ()
        if idle:
            switch = f"augmentation.{name}.p"
            yield f"augmentation.{name}.{', '.join(idle)} do nothing while {switch}=0", f"{switch}=0.5"


def _changed(section: BaseModel) -> set[str]:
    """Fields that differ from their defaults."""
    fields = type(section).model_fields
    return {name for name, field in fields.items() if getattr(section, name) != field.get_default()}


def _back(section: BaseModel, path: str) -> str:
    """The setting that restores a default."""
    return _written(path, type(section).model_fields[path.rpartition(".")[2]].get_default())


def _written(path: str, value: object) -> str:
    """`path=value` as the command line takes it."""
    if isinstance(value, float):
        return f"{path}={value:g}"
    return f"{path}={json.dumps(value) if value is None or isinstance(value, bool) else value}"


# ---- what the data decide


def _same_crop_again(subject: Subject) -> Found:
    segments = subject.spec.segments
    if segments.crops_per_clip == 1 or segments.train_crop == "random":
        return []
    what = "windows are cut instead" if segments.train_crop == "windows" else "the same crop again"
    evidence = (
        f"segments.crops_per_clip={segments.crops_per_clip} with segments.train_crop={segments.train_crop}: {what}"
    )
    return [(evidence, "segments.train_crop=random, or segments.crops_per_clip=1")]


def _mixing_never(subject: Subject) -> Found:
    mixing = subject.spec.mixing
    if getattr(mixing, "p", None) == 0:
        return [(f"mixing.name={mixing.name} with mixing.p=0 mixes nothing", "mixing.name=none, or mixing.p=0.5")]
    return []


def _hard_like_soft(subject: Subject) -> Found:
    spec = subject.spec
    mixes = spec.mixing.name != "none" and getattr(spec.mixing, "p", 1) > 0
    shares = spec.targets.secondary_weight > 0 and subject.split.secondary_clips > 0
    weighted = subject.split.learnt["label_weights"].notna().any()
    if spec.targets.mode == "soft" or mixes or shares or weighted:
        return []
    evidence = "targets.mode=hard is the same as soft: nothing is mixed, no secondary label counts"
    return [(evidence, "targets.mode=soft, or mixing.name=mixup")]


def _no_secondary_labels(subject: Subject) -> Found:
    weight = subject.spec.targets.secondary_weight
    if weight == 0 or subject.split.secondary_clips:
        return []
    evidence = f"targets.secondary_weight={weight:g}: none of {len(subject.split.learnt)} training clips has others"
    return [(evidence, "targets.secondary_weight=0")]


def _no_ratings(subject: Subject) -> Found:
    if subject.spec.targets.sample_weight != "rating":
        return []
    rating = subject.split.learnt["rating"].to_numpy(float)
    values = np.unique(rating[rating > 0])
    if len(values) > 1:
        return []
    what = f"all ratings are {values[0]:g}" if len(values) else "no training clip has a rating above 0"
    return [(f"targets.sample_weight=rating: {what}", "targets.sample_weight=none")]


def _smooths_single_windows(subject: Subject) -> Found:
    spec, split = subject.spec, subject.split
    if spec.segments.smoothing == "none" or not len(split.val):
        return []
    key = ("windows", spec.segments, spec.data.sample_rate)
    per_recording = split.known(key, lambda: _windows_per_recording(split.val, spec))
    if per_recording.max() > 1:
        return []
    evidence = f"segments.smoothing={spec.segments.smoothing}: each of {len(per_recording)} recordings has one window"
    return [(evidence, "segments.smoothing=none")]


def _windows_per_recording(clips: pd.DataFrame, spec: RunSpec) -> pd.Series:
    lengths = np.rint(clips["duration_s"].to_numpy(float) * spec.data.sample_rate).astype(int).tolist()
    cut = windows(lengths, spec.segment_samples, spec.segments.eval_windows, spec.segments)
    return clips["recording_id"].iloc[cut.clip].value_counts()


def _pads_nothing(subject: Subject) -> Found:
    segments = subject.spec.segments
    clips = subject.split.learnt["duration_s"], subject.split.val["duration_s"]
    shortest = min((float(seconds.min()) for seconds in clips if len(seconds)), default=0.0)
    set_ = sorted(_changed(segments) & {"padding", "padding_side"})
    if not set_ or segments.trim_db is not None or shortest < segments.duration_s:
        return []
    name = f"segments.{set_[0]}"
    evidence = f"{_written(name, getattr(segments, set_[0]))}: no clip is shorter than {segments.duration_s:g} s"
    return [(evidence, _back(segments, name))]


def _no_neighbours(subject: Subject) -> Found:
    context, clips = subject.spec.segments.context_clips, subject.catalogue.clips
    if context == 0 or clips.duplicated("content").any():
        return []
    evidence = f"segments.context_clips={context}: every recording is one clip, none has neighbours"
    return [(evidence, "segments.context_clips=0")]


def _never_patient_enough(subject: Subject) -> Found:
    spec, epochs = subject.spec, subject.spec.training.epochs
    shorter = max(1, epochs // 4)
    waits = [
        ("training.early_stopping_patience", spec.training.early_stopping_patience, shorter if epochs > 1 else "null")
    ]
    if spec.schedule.name == "plateau":
        waits.append(("schedule.patience", spec.schedule.patience, epochs // 4))
    return [
        (f"{name}={value} with training.epochs={epochs}: the run ends before", f"{name}={fits}")
        for name, value, fits in waits
        if value is not None and value >= epochs
    ]


def _groups_of_nothing(subject: Subject) -> Found:
    asked, val = subject.spec.evaluation, subject.split.val
    empty = [name for name in asked.by if name not in val or val[name].isna().all()]
    left = ",".join(name for name in asked.by if name not in empty)
    found = [(f"evaluation.by: no validation clip has a {name}", f"evaluation.by=[{left}]") for name in empty]
    counts = [subject.split.train_counts[name] for name in subject.split.classes]
    if asked.rare_below is not None and min(counts, default=0) >= asked.rare_below:
        text = f"evaluation.rare_below={asked.rare_below}: the rarest class has {min(counts)} training clips"
        found.append((text, f"evaluation.rare_below={int(np.median(counts)) + 1}"))
    if asked.frequent_above is not None and max(counts, default=0) <= asked.frequent_above:
        text = f"evaluation.frequent_above={asked.frequent_above}: the largest class has {max(counts)} training clips"
        found.append((text, f"evaluation.frequent_above={int(np.median(counts))}"))
    return found


def _masks_nothing(subject: Subject) -> Found:
    asked = subject.spec.augmentation.spec_augment
    hides = asked.freq_masks * asked.freq_width + asked.time_masks * asked.time_width
    if asked.p == 0 or hides:
        return []
    return [("augmentation.spec_augment: no mask of any width", "augmentation.spec_augment.p=0")]


def _gain_undone(subject: Subject) -> Found:
    """A gain is the last change of a waveform; dividing by the peak, or standardising decibels, takes it out again."""
    spec, mel = subject.spec, subject.spec.front_end
    mixed_after = spec.augmentation.before_mixing and getattr(spec.mixing, "on", "") == "waveform"
    if spec.augmentation.gain.p == 0 or mixed_after:
        return []
    standardised = spec.model.name == "timm" and mel.compression == "db" and mel.normalization in PER_SAMPLE
    if not (mel.peak_normalize or standardised):
        return []
    by = "front_end.peak_normalize=true" if mel.peak_normalize else f"front_end.normalization={mel.normalization}"
    return [(f"augmentation.gain.p={spec.augmentation.gain.p:g}: {by} takes it out again", "augmentation.gain.p=0")]


def _no_repeats_to_join(subject: Subject) -> Found:
    asked, sampling = subject.spec.augmentation.concatenate, subject.spec.sampling
    if asked.p == 0 or asked.on != "repeats" or sampling.name != "shuffle" or sampling.extra_share is not None:
        return []
    evidence = "augmentation.concatenate.on=repeats with sampling.name=shuffle, which shows nothing twice"
    return [(evidence, "sampling.name=oversample, or augmentation.concatenate.on=all")]


def _predicts_nothing(subject: Subject) -> Found:
    data = subject.spec.data
    if "predict" not in _changed(data):
        return []
    missing = [name for name in data.predict if not len(subject.catalogue.subset(name))]
    left = ",".join(name for name in data.predict if name not in missing)
    return [(f"data.predict: {data.name} has no subset {name!r}", f"data.predict=[{left}]") for name in missing]


IDLE_BY_DATA: tuple[Callable[[Subject], Found], ...] = (
    _same_crop_again,
    _mixing_never,
    _hard_like_soft,
    _no_secondary_labels,
    _no_ratings,
    _smooths_single_windows,
    _pads_nothing,
    _no_neighbours,
    _never_patient_enough,
    _groups_of_nothing,
    _masks_nothing,
    _gain_undone,
    _no_repeats_to_join,
    _predicts_nothing,
)
