"""Recipes: the constants of the published systems, written out. This is what "exact" at their heads means."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from trainers.config.build import RECIPES, Layer, build_spec, load_recipe, recipe_names
from trainers.config.paths import flatten, get_path
from trainers.spec import RunSpec

SYSTEMS = {
    "birdclef2025": "te1ord/BirdCLEF2025",
    "birdclef2025_nfnet": "te1ord/BirdCLEF2025",
    "anuraset_mix2": "ilyassmoummad/Mix2",
    "icbhi2017_ast": "fabiocat93/icbhi_2017_challenge",
    "fsdkaggle2018_lh": "daisukelab/freesound-dataset-kaggle-2018-solution",
    "fsdkaggle2018_x": "daisukelab/freesound-dataset-kaggle-2018-solution",
}

BIRDCLEF: dict[str, Any] = {
    "data.name": "birdclef2025",
    "data.sample_rate": 32_000,
    "data.split.scheme": "stratified", "data.split.n_folds": 5, "data.split.seed": 42,
    "data.split.group_by": ["author"],
    "data.fold": 0,
    "segments.duration_s": 5.0,
    "segments.train_crop": "center",
    "segments.padding": "zero",
    "segments.padding_side": "right",
    "sampling.name": "temperature",
    "sampling.temperature": 0.5,
    "front_end.peak_normalize": True,
    "front_end.n_fft": 2048,
    "front_end.win_length": None,
    "front_end.n_mels": 128,
    "front_end.f_min": 20.0,
    "front_end.power": 2,
    "front_end.normalized": True,
    "front_end.mel_scale": "htk",
    "front_end.norm": None,
    "front_end.compression": "db",
    "front_end.top_db": 80.0,
    "front_end.amin": 1e-10,
    "front_end.normalization": "standard_minmax",
    "front_end.eps": 1e-6,
    "front_end.in_chans": 1,
    "augmentation.before_mixing": False,
    "augmentation.noise.p": 0.5,
    "augmentation.noise.color": "white",
    "augmentation.noise.level": "amplitude",
    "augmentation.noise.min_amplitude": 0.001,
    "augmentation.noise.max_amplitude": 0.015,
    "augmentation.time_stretch": {"p": 0.5, "min_rate": 0.8, "max_rate": 1.2},
    "augmentation.pitch_shift": {"p": 0.5, "min_semitones": -4.0, "max_semitones": 4.0},
    "augmentation.spec_augment": {
        "p": 1.0, "freq_masks": 5, "freq_width": 20, "time_masks": 5, "time_width": 30, "count": "up_to", "fill": "min",
    },
    "targets.mode": "soft",
    "targets.secondary_weight": 0.0,
    "targets.smoothing": 0.0,
    "mixing.name": "mixup",
    "mixing.on": "waveform",
    "mixing.alpha": None,
    "mixing.partner": "uniform",
    "model.name": "timm",
    "model.pretrained": True,
    "model.dropout": 0.5,
    "pooling": {"name": "avg"},
    "loss": {"name": "ce", "class_weight_temperature": 0.0, "class_weight_scale": "none"},
    "optimizer.name": "adamw",
    "optimizer.lr": 5e-4,
    "optimizer.weight_decay": 1e-5,
    "schedule": {"name": "cosine", "warmup_steps": 0, "per": "step", "eta_min": 1e-6},
    "training.grad_clip": None,
    "training.keep": "last",
    "seed": 42,
}  # fmt: skip
FREESOUND: dict[str, Any] = {
    "data.name": "fsdkaggle2018",
    "data.split.scheme": "stratified_group", "data.split.n_folds": 5, "data.split.seed": 42,
    "data.split.group_by": ["recording_id"],
    "segments.trim_db": 60.0,
    "segments.padding": "zero",
    "segments.padding_side": "both",
    "sampling.name": "oversample",
    "front_end.f_min": 20.0,
    "front_end.f_max": None,
    "front_end.mel_scale": "slaney",
    "front_end.norm": "slaney",
    "front_end.power": 2,
    "front_end.top_db": 80.0,
    "front_end.amin": 1e-10,
    "augmentation.before_mixing": False,
    "augmentation.time_shift": {"p": 1.0, "on": "spectrogram", "min_fraction": 0.0, "max_fraction": 0.4},
    "augmentation.reverse": {"p": 0.5, "on": "spectrogram"},
    "augmentation.random_erasing": {
        "p": 0.5, "min_area": 0.02, "max_area": 0.4, "min_aspect": 0.3, "max_aspect": 3.33, "fill": "constant",
        "low": -1.0, "high": 1.0,
    },
    "targets.mode": "soft",
    "mixing": {
        "name": "mixup", "on": "spectrogram", "alpha": 1.0, "p": 1.0, "draw": "sample", "partner": "batch",
    },
    "model.backbone": "seresnet34",
    "model.pretrained": False,
    "pooling": {"name": "avg"},
    "loss.name": "ce",
    "optimizer.name": "adam",
    "optimizer.lr": 1e-4,
    "optimizer.weight_decay": 1e-4,
    "schedule.name": "constant",
    "training.epochs": 200,
    "training.batch_size": 32,
    "training.keep": "best",
    "training.monitor": "val/loss",
    "seed": 42,
}  # fmt: skip
CONSTANTS: dict[str, dict[str, Any]] = {
    "birdclef2025": {
        **BIRDCLEF,
        "front_end.hop_length": 512,
        "front_end.f_max": None,
        "mixing.p": 0.5,
        "model.backbone": "tf_efficientnet_b0.in1k",
        "model.out_indices": [4],
        "training.epochs": 10,
        "training.batch_size": 16,
    },
    "birdclef2025_nfnet": {
        **BIRDCLEF,
        "front_end.hop_length": 1024,
        "front_end.f_max": 15_000.0,
        "mixing.p": 1.0,
        "model.backbone": "eca_nfnet_l1",
        "model.out_indices": [4],
        "training.epochs": 37,
        "training.batch_size": 64,
    },
    "anuraset_mix2": {
        "data.name": "anuraset",
        "data.sample_rate": 16_000,
        "data.split.scheme": "stratified_group", "data.split.n_folds": 3, "data.split.seed": 42,
        "data.split.group_by": ["recording_id"],
        "data.exclude_classes": [],
        "data.drop_empty": False,
        "segments.duration_s": 3.0,
        "sampling.name": "shuffle",
        "front_end.n_fft": 512,
        "front_end.hop_length": 128,
        "front_end.n_mels": 128,
        "front_end.f_min": 0.0,
        "front_end.f_max": None,
        "front_end.power": 2,
        "front_end.normalized": False,
        "front_end.mel_scale": "htk",
        "front_end.norm": None,
        "front_end.top_db": None,
        "front_end.normalization": "batch_minmax",
        "front_end.in_chans": 1,
        "augmentation.before_mixing": True,
        "augmentation.time_shift": {"p": 1.0, "on": "spectrogram", "min_fraction": 0.0, "max_fraction": 1.0},
        "augmentation.spec_augment": {
            "p": 1.0, "freq_masks": 3, "freq_width": 10, "time_masks": 6, "time_width": 30, "count": "exact",
            "fill": "zero",
        },
        "targets.mode": "soft",
        "mixing": {
            "name": "mix2", "p_mixup": 0.25, "p_manifold": 0.5, "p_multimix": 0.25, "on": "spectrogram", "alpha": 1.0,
            "alpha_min": 0.2, "alpha_max": 0.2, "n_mixes": None, "variant": "as_described",
        },
        "model.backbone": "mobilenetv3_large_100",
        "model.pretrained": False,
        "model.dropout": 0.0,
        "pooling": {"name": "mel_mean_time_max"},
        "loss.name": "bce",
        "optimizer.name": "adamw",
        "optimizer.lr": 1e-2,
        "optimizer.weight_decay": 0.01,
        "schedule": {"name": "cosine", "warmup_steps": 0, "per": "epoch", "eta_min": 0.0},
        "training.epochs": 100,
        "training.batch_size": 128,
        "training.eval_batch_size": 128,
        "training.keep": "best",
        "training.monitor": "val/macro_f1",
        "evaluation.polyphony": True,
    },
    "icbhi2017_ast": {
        "data.name": "icbhi2017",
        "data.sample_rate": 16_000,
        "data.label_map": "none",
        "data.split.scheme": "stratified_group", "data.split.n_folds": 5, "data.split.seed": 42,
        "data.split.group_by": ["subject"],
        "data.split.stratify_by": ["site"],
        "data.split.test_fold": 4,
        "segments.duration_s": 10.24,
        "segments.train_crop": "head",
        "segments.eval_windows": "head",
        "segments.padding": "zero",
        "sampling.name": "oversample",
        "front_end.highpass_hz": None,
        "front_end.lowpass_hz": 4000.0,
        "front_end.filter_order": 4,
        "front_end.peak_normalize": False,
        "augmentation.concatenate": {"p": 1.0, "on": "repeats"},
        "augmentation.gain": {"p": 0.5, "min_db": -15.0, "max_db": 15.0},
        "augmentation.time_shift": {"p": 0.5, "on": "waveform", "min_fraction": 0.1, "max_fraction": 0.9},
        "mixing.name": "none",
        "model": {
            "name": "ast", "checkpoint": "MIT/ast-finetuned-audioset-14-14-0.443", "pretrained": True,
            "trainable_layers": 0, "relu": True, "dropout": 0.5,
        },
        "loss.name": "bce",
        "optimizer.name": "adam",
        "optimizer.lr": 5e-5,
        "optimizer.weight_decay": 0.0,
        "schedule.name": "constant",
        "training.epochs": 20,
        "training.batch_size": 16,
        "training.keep": "last",
        "training.monitor": "val/loss",
        "training.early_stopping_patience": 3,
        "training.early_stopping_min_delta": 0.01,
    },
    "fsdkaggle2018_lh": {
        **FREESOUND,
        "data.split.validate_where": {"verified": True},
        "data.sample_rate": 44_100,
        "segments.duration_s": 4.0,
        "segments.train_crop": "head",
        "segments.eval_windows": "head",
        "front_end.n_mels": 128,
        "front_end.n_fft": 20 * 128,
        "front_end.hop_length": round(0.020 * 44_100),
        "front_end.normalization": "standard",
        "front_end.eps": 1.0,
    },
    "fsdkaggle2018_x": {
        **FREESOUND,
        "data.split.validate_where": {},
        "data.sample_rate": 26_000,
        "segments.duration_s": 6.0,
        "segments.train_crop": "windows",
        "segments.eval_windows": "all",
        "segments.stride": 0.9,
        "segments.min_rest": 0.2,
        "segments.aggregate": "geometric",
        "front_end.n_mels": 48,
        "front_end.n_fft": 20 * 48,
        "front_end.hop_length": round(0.020 * 26_000),
        "front_end.normalization": "dataset",
    },
}  # fmt: skip
OURS = {"evaluation.rare_below", "evaluation.frequent_above", "segments.train_crop", "segments.eval_windows"}
"""What is not published: thresholds on our folds, and which segment of a clip that is as long as a segment."""


@cache
def recipe(name: str) -> RunSpec:
    return build_spec(load_recipe(name))


def test_every_recipe_but_the_synthetic_one_is_of_a_published_system():
    assert set(recipe_names()) == {"chorus", *SYSTEMS} == {"chorus", *CONSTANTS}


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_constants_are_those_of_the_system(name):
    resolved = recipe(name).resolved()
    wrong = {path: get_path(resolved, path) for path in CONSTANTS[name]}
    assert wrong == CONSTANTS[name]


@pytest.mark.parametrize("name", CONSTANTS)
def test_what_a_recipe_sets_is_written_out_here(name):
    """A field of a recipe that no constant above names would be exact by assertion only."""
    written = [f"{path}." for path in (*CONSTANTS[name], *OURS)]
    for path, _ in flatten(load_recipe(name).data):
        assert f"{path}.".startswith(tuple(written))


@pytest.mark.parametrize("name", CONSTANTS)
def test_only_the_augmentations_that_are_named_are_on(name):
    augmentation = recipe(name).resolved()["augmentation"]
    del augmentation["before_mixing"]
    named = {path.split(".")[1] for path in CONSTANTS[name] if path.startswith("augmentation.")}
    assert {key for key, section in augmentation.items() if section["p"] > 0} == named - {"before_mixing"}


@pytest.mark.parametrize("name", SYSTEMS)
def test_its_head_names_the_system_and_says_what_is_exact_and_what_differs(name):
    text = (RECIPES / f"{name}.yaml").read_text()
    head = text[: text.index("\ndata:")]
    assert all(line.startswith("# ") for line in head.splitlines())
    assert SYSTEMS[name] in head
    assert "\n# Exact: " in head
    assert "\n# Differs: " in head or "holds here" in " ".join(head.replace("\n#", "").split())


@pytest.mark.parametrize("name", SYSTEMS)
def test_its_published_runs_are_listed(name):
    document = Path(__file__).parents[3] / "docs" / "published.md"
    assert f"`platform train {name}`" in document.read_text()


@pytest.mark.parametrize("name", SYSTEMS)
def test_timm_knows_the_backbone_and_has_weights_where_they_are_asked_for(name):
    model = recipe(name).model
    if model.name == "timm":
        assert timm.is_model(model.backbone.split(".")[0])
        assert not model.pretrained or timm.models.get_pretrained_cfg(model.backbone) is not None


@pytest.mark.parametrize(("name", "parameters"), [("birdclef2025", 3_594_812), ("birdclef2025_nfnet", 38_334_440)])
def test_the_network_has_the_published_size(name, parameters):
    spec = recipe(name)
    options = {"in_chans": spec.front_end.in_chans, "out_indices": spec.model.out_indices}
    with torch.device("meta"):
        backbone = timm.create_model(spec.model.backbone, pretrained=False, features_only=True, **options)
    assert sum(p.numel() for p in backbone.parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "frames"), [("anuraset_mix2", 376), ("fsdkaggle2018_lh", 201), ("fsdkaggle2018_x", 301)]
)
def test_a_segment_has_as_many_frames_as_published(name, frames):
    spec = recipe(name)
    assert 1 + spec.segment_samples // spec.front_end.hop_length == frames


def test_mix2_as_released_needs_nothing_but_its_switch():
    spec = build_spec(load_recipe("anuraset_mix2"), [Layer({"mixing.variant": "as_released"})])
    assert spec.mixing.variant == "as_released"
