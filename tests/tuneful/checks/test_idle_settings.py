"""Settings that change nothing are named, and those that change something are not."""

import numpy as np
import pandas as pd
import pytest

from trainers.config.build import FIELDS, Layer, build_spec, load_recipe
from trainers.data.catalogue import SCHEMA, Catalogue
from tuneful.checks.registry import CHECKS
from tuneful.checks.settings import NEEDS
from tuneful.checks.subject import CatalogueFacts, SplitFacts, Subject

CHORUS = load_recipe("chorus")
N = 24


def clips(**changes):
    number = np.arange(N)
    frame = pd.DataFrame({name: pd.Series([None] * N, dtype=object) for name in SCHEMA.names})
    return frame.assign(
        clip_id=[f"c{n}" for n in number],
        recording_id=[f"r{n}" for n in number],
        path=[f"{n}.wav" for n in number],
        content=[f"{n:064d}" for n in number],
        start_s=0.0,
        duration_s=12.0,
        labels=[["ab"[n % 2]] for n in number],
        secondary_labels=[[] for _ in number],
        **changes,
    )


def idle(tmp_path, settings, **changes):
    data = CatalogueFacts(Catalogue("birds", "csv", tmp_path, clips(**changes), "digest"))
    spec = build_spec(CHORUS, [Layer({"data.name": "birds", "training.batch_size": 4, **settings})])
    return CHECKS["TF026"].find(Subject(spec, data, SplitFacts(data.catalogue, spec.data)))


AST = {"model.name": "ast", "mixing.name": "none", "front_end.hop_length": 320}
CASES = {
    "mixing that never mixes": ({"mixing.p": 0.0}, {"mixing.p": 0.1}),
    "hard without a mixture": ({"mixing.name": "none", "targets.mode": "hard"}, {"targets.mode": "hard"}),
    "a field of another choice": (
        {"segments.eval_crops": 3},
        {"segments.eval_crops": 3, "segments.eval_windows": "crops"},
    ),
    "stride without windows": (
        {"segments.stride": 0.5, "segments.eval_windows": "head"},
        {"segments.stride": 0.5, "segments.eval_windows": "all"},
    ),
    "the same crop again": (
        {"segments.crops_per_clip": 3, "segments.train_crop": "center"},
        {"segments.crops_per_clip": 3, "segments.train_crop": "random"},
    ),
    "scale of no weights": (
        {"loss.class_weight_scale": "mean_one"},
        {"loss.class_weight_scale": "mean_one", "loss.class_weight_temperature": 0.5},
    ),
    "order of no filter": (
        {"front_end.filter_order": 2},
        {"front_end.filter_order": 2, "front_end.lowpass_hz": 4000.0},
    ),
    "mel bands of an encoder": ({**AST, "front_end.n_mels": 128}, {**AST, "front_end.lowpass_hz": 4000.0}),
    "rate of a frozen backbone": (
        {"optimizer.backbone_lr_factor": 0.1, "model.freeze": True},
        {"optimizer.backbone_lr_factor": 0.1},
    ),
    "a monitor that nobody looks at": (
        {"training.monitor": "val/map"},
        {"training.monitor": "val/map", "training.keep": "best"},
    ),
    "patience of a whole run": ({"training.early_stopping_patience": 6}, {"training.early_stopping_patience": 3}),
    "patience of the schedule": (
        {"schedule.name": "plateau", "schedule.patience": 9},
        {"schedule.name": "plateau", "schedule.patience": 2},
    ),
    "an augmentation that is off": (
        {"augmentation.noise.color": "pink"},
        {"augmentation.noise.color": "pink", "augmentation.noise.p": 0.5},
    ),
    "masks of no width": (
        {
            "augmentation.spec_augment.p": 1.0,
            "augmentation.spec_augment.freq_width": 0,
            "augmentation.spec_augment.time_masks": 0,
        },
        {"augmentation.spec_augment.p": 1.0},
    ),
    "a gain that is taken out again": (
        {"augmentation.gain.p": 0.5, "front_end.peak_normalize": True},
        {"augmentation.gain.p": 0.5, "front_end.normalization": "none"},
    ),
    "repeats of a shuffle": (
        {"augmentation.concatenate.p": 1.0, "augmentation.concatenate.on": "repeats"},
        {"augmentation.concatenate.p": 1.0, "augmentation.concatenate.on": "repeats", "sampling.name": "oversample"},
    ),
    "padding of long clips": (
        {"segments.padding": "repeat"},
        {"segments.padding": "repeat", "segments.duration_s": 20.0},
    ),
    "neighbours of whole files": ({"segments.context_clips": 1}, {"segments.context_clips": 0}),
    "smoothing of single windows": (
        {"segments.smoothing": "moving", "segments.eval_windows": "head"},
        {"segments.smoothing": "moving"},
    ),
    "rare classes that are none": ({"evaluation.rare_below": 3}, {"evaluation.rare_below": 30}),
    "predicting what isn't there": ({"data.predict": ["elsewhere"]}, {"data.predict": ["train"]}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_setting_that_changes_nothing_is_named_and_one_that_does_is_not(case, tmp_path):
    without_effect, with_effect = CASES[case]
    assert len(idle(tmp_path, without_effect)) >= 1
    assert idle(tmp_path, with_effect) == []


BY_DATA = {
    "secondary labels": ({"targets.secondary_weight": 0.2}, {}, {"secondary_labels": [["c"]] * N}),
    "ratings": ({"targets.sample_weight": "rating"}, {"rating": [0.0] * N}, {"rating": [float(n) for n in range(N)]}),
    "groups": ({"evaluation.by": ["site"]}, {}, {"site": ["here"] * N}),
}


@pytest.mark.parametrize("case", BY_DATA)
def test_what_the_data_do_not_have_can_have_no_effect(case, tmp_path):
    settings, without, there = BY_DATA[case]
    ((evidence, fix),) = idle(tmp_path, settings, **without)
    assert next(iter(settings)) in evidence
    assert "=" in fix
    assert idle_with(tmp_path, settings, there) == []


def idle_with(tmp_path, settings, columns):
    frame = clips().assign(**columns)
    data = CatalogueFacts(Catalogue("birds", "csv", tmp_path, frame, "digest"))
    spec = build_spec(CHORUS, [Layer({"data.name": "birds", "training.batch_size": 4, **settings})])
    return CHECKS["TF026"].find(Subject(spec, data, SplitFacts(data.catalogue, spec.data)))


PCEN = {"front_end.compression": "pcen"}
FROZEN = {"model.freeze": True}
CHECKPOINT = {"start.checkpoint": "somewhere"}
HEAD = {"segments.eval_windows": "head"}
NEEDED = {
    "segments.eval_crops": (3, {}, {"segments.eval_windows": "crops"}),
    "segments.stride": (0.5, HEAD, {"segments.eval_windows": "all"}),
    "segments.min_rest": (0.5, HEAD, {"segments.train_crop": "windows"}),
    "segments.smoothing_width": (5, {}, {"segments.smoothing": "moving"}),
    "loss.class_weight_scale": ("mean_one", {}, {"loss.class_weight_temperature": 0.5}),
    "front_end.filter_order": (2, {}, {"front_end.lowpass_hz": 4000.0}),
    "front_end.pcen_s": (0.1, {}, PCEN),
    "front_end.pcen_alpha": (0.5, {}, PCEN),
    "front_end.pcen_delta": (1.0, {}, PCEN),
    "front_end.pcen_r": (0.25, {}, PCEN),
    "front_end.top_db": (60.0, PCEN, {}),
    "front_end.amin": (1e-8, PCEN, {}),
    "front_end.eps": (1e-3, {"front_end.normalization": "none"}, {"front_end.normalization": "standard"}),
    "optimizer.lr_reference_batch": (64, {}, {"optimizer.lr_scaling": "linear"}),
    "optimizer.backbone_lr_factor": (0.1, FROZEN, {}),
    "training.early_stopping_min_delta": (0.1, {}, {"training.early_stopping_patience": 2}),
    "training.monitor": ("val/map", {}, {"training.keep": "best"}),
    "start.part": ("backbone", {}, CHECKPOINT),
    "start.schedule": ("rewarm", {}, CHECKPOINT),
    "targets.rating_floor": (0.5, {}, {"targets.sample_weight": "rating"}),
}
"""field -> a value that isn't its default, settings with which it does nothing, and with which it does something"""


@pytest.mark.parametrize(("path", "needed"), [(path, needed) for path, _, needed in NEEDS])
def test_a_field_that_needs_another_is_named_without_it_and_not_with_it(path, needed, tmp_path):
    assert path in FIELDS
    value, without, with_it = NEEDED[path]
    ((evidence, fix),) = idle(tmp_path, {path: value, **without})
    assert evidence.startswith(f"{path}=")
    assert evidence.endswith(f"does nothing without {needed}")
    assert fix.startswith(f"{path}=")
    rated = {"rating": [float(n % 5) for n in range(N)]}
    assert idle(tmp_path, {path: value, **with_it}, **rated) == []


def test_a_boolean_and_null_are_written_as_yaml(tmp_path):
    settings = {**AST, "front_end.f_max": 4000.0, "front_end.normalized": True}
    ((evidence, fix),) = idle(tmp_path, settings)
    assert "front_end.f_max, normalized do nothing with model.name=ast" in evidence
    assert fix == "front_end.f_max=null front_end.normalized=false"
