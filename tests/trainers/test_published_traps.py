"""The bugs of four published systems, each as the property that shows that a run doesn't have it.

One section per item of the list in the project's notes on these systems, in its order. Where a component's own tests hold the
numbers, here is the short way through `load_run_data` and `fit`.
"""

import dataclasses
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch
from sklearn.metrics import f1_score, roc_auc_score
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from analysis.records.predictions import read_predictions
from trainers.config.build import FIELDS
from trainers.config.paths import variants
from trainers.config.section import Section
from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.dataset import ClipSet, RunData, load_run_data, windows_of
from trainers.data.prepare import prepare_store
from trainers.data.sources.csv import read_csv
from trainers.errors import DataError, SpecError
from trainers.fit import fit
from trainers.front_end.mel import MelFrontEnd
from trainers.models.tagger import Tagger
from trainers.models.timm_backbone import TimmBackbone
from trainers.spec import RunSpec
from trainers.training.batches import train_batches
from trainers.training.session import NoSession

pytestmark = pytest.mark.usefixtures("at_home")

CPU = torch.device("cpu")
ONE_BATCH = ("training.epochs=1", "training.batch_size=30")  # the tiny training fold whole


def rows_of(clips: ClipSet, rows: np.ndarray) -> ClipSet:
    """Some of the clips."""
    return ClipSet(
        clips.clips.iloc[rows].reset_index(drop=True),
        tuple(clips.samples[row] for row in rows),
        clips.targets[rows],
        clips.weights[rows],
        clips.offset_s[rows],
    )


def marked(spec: RunSpec, data: RunData) -> RunData:
    """The data with training clips that show their class in any mixture: class c sounds in the c-th part only."""
    block = spec.segment_samples // len(data.classes)
    samples = np.zeros((len(data.train), spec.segment_samples), np.int16)
    for row, c in enumerate(data.train.targets.argmax(1)):
        samples[row, c * block : (c + 1) * block] = 16384
    return dataclasses.replace(data, train=dataclasses.replace(data.train, samples=tuple(samples)))


def shares_heard(waveforms: Tensor, n_classes: int) -> np.ndarray:
    """(rows, classes): how much of each class is in mixtures of `marked` clips."""
    block = waveforms.shape[1] // n_classes
    return waveforms[:, : block * n_classes].reshape(len(waveforms), n_classes, block)[:, :, block // 2].numpy() * 2


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """BCE of logits by its definition, in float64: (rows, classes) -> (rows,)."""
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(1)


class Tap:
    """What passes through a module's `forward` while a run trains (not while it evaluates)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: type[torch.nn.Module]) -> None:
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        forward = module.forward

        def tapped(own: Any, x: Tensor, *more: Any) -> Any:
            result = forward(own, x, *more)
            if torch.is_grad_enabled():
                self.inputs.append(x.detach().clone())
                self.outputs.append(result.detach().clone() if isinstance(result, Tensor) else result)
            return result

        monkeypatch.setattr(module, "forward", tapped)


@pytest.fixture
def tap(monkeypatch) -> Callable[[type[torch.nn.Module]], Tap]:
    return lambda module: Tap(monkeypatch, module)


@pytest.fixture
def targets_seen(monkeypatch) -> list[np.ndarray]:
    """The targets that training hands to the loss."""
    from trainers.training import learner

    seen: list[np.ndarray] = []
    smooth = learner.smooth

    def spying(targets: Tensor, smoothing: float) -> Tensor:
        seen.append(smooth(targets, smoothing).numpy().copy())
        return smooth(targets, smoothing)

    monkeypatch.setattr(learner, "smooth", spying)
    return seen


# ---- unique (file, start, end) per split
# fabiocat93/icbhi_2017_challenge: each patient's cycles entered once per recording of the patient, up to 66 times.


def test_a_split_holds_every_stretch_of_a_file_once_and_no_stretch_on_both_sides(spec):
    for fold in range(4):
        data = load_run_data(spec(f"data.fold={fold}"))
        sides = [
            list(zip(*(part.clips[name] for name in ("content", "start_s", "duration_s")), strict=True))
            for part in (data.train, data.val)
        ]
        for side in sides:
            assert len(set(side)) == len(side)
        assert not set(sides[0]) & set(sides[1])
        assert sum(map(len, sides)) == 40


def test_a_table_that_lists_a_cycle_once_per_recording_of_its_patient_is_refused(tmp_path, audio):
    audio("101_1.wav", seconds=2)
    audio("101_2.wav", seconds=2)
    rows = ["101_1.wav,crackle,0,1", "101_2.wav,,0,1"]
    (tmp_path / "cycles.csv").write_text("\n".join(["path,labels,start_s,duration_s", *rows * 2]))
    with pytest.raises(DataError, match=r"cycles.csv:4: the same clip as .*cycles.csv:2"):
        read_csv(tmp_path / "cycles.csv", tmp_path / "root")


def test_a_subset_to_train_on_beside_the_training_clips_enters_once_and_is_not_that_of_the_training_clips(spec):
    with pytest.raises(SpecError, match=r"data.extra_train must name other subsets than train, each once"):
        spec("data.extra_train=[train]")
    with pytest.raises(SpecError, match=r"data.extra_train must name other subsets than train, each once"):
        spec("data.extra_train=[pseudo, pseudo]")


# ---- windows of one clip don't cross the split
# FSDKaggle2018 kernel: the split was drawn over windows, after clips had been cut.


@pytest.mark.parametrize("scheme", ["stratified", "stratified_group"])
def test_all_windows_of_a_clip_are_on_its_side_of_the_split(spec, scheme):
    run = spec(
        f"data.split.scheme={scheme}", "data.split.group_by=[recording_id]", "segments.train_crop=windows",
        "segments.duration_s=0.2", "segments.stride=0.5", "training.epochs=1",
    )  # fmt: skip
    data = load_run_data(run)
    assert len(windows_of(run, data.train)) > 2 * len(data.train)
    pieces = np.concatenate([batch.samples.numpy() for batch in train_batches(run, data.train, 1, 0, 1)])
    shown = {piece.tobytes() for piece in pieces}
    for clip in data.val.samples:
        assert not any(clip[start : start + 1600].tobytes() in shown for start in range(0, len(clip) - 1600, 800))


# ---- every field of a run is used
# Mix2: --wd, --momentum, --alpha, --outdim parsed and never passed; AnuraSet's baseline: weight_decay.

LAYERS_OF_OPTIONS: tuple[tuple[str, ...], ...] = (
    (
        "loss.name=bce", "mixing.name=mixup", "pooling.name=avg", "sampling.name=shuffle", "optimizer.name=adamw",
        "schedule.name=constant", "mixing.partner=uniform", "targets.sample_weight=rating", "targets.smoothing=0.1",
        "augmentation.noise.p=1", "augmentation.noise.level=amplitude", "augmentation.gain.p=1",
        "augmentation.filtering.p=1", "augmentation.time_stretch.p=1", "augmentation.pitch_shift.p=1",
        "training.ema_decay=0.5", "training.grad_clip=1", "training.early_stopping_patience=3",
        "segments.smoothing=moving",
    ),
    (
        "loss.name=ce", "mixing.name=manifold_mixup", "pooling.name=max", "sampling.name=temperature",
        "optimizer.name=adam", "schedule.name=cosine", "augmentation.noise.p=1", "augmentation.background.p=1",
        "augmentation.background.subset=background", "augmentation.spec_augment.p=1",
        "augmentation.random_erasing.p=1", "augmentation.time_shift.p=1", "augmentation.reverse.p=1",
        "segments.eval_windows=crops", "segments.aggregate=max",
    ),
    (
        "loss.name=focal", "mixing.name=multimix", "pooling.name=gem", "sampling.name=balanced",
        "optimizer.name=radam", "schedule.name=warm_restarts", "front_end.compression=pcen",
        "augmentation.concatenate.p=1", "segments.train_crop=windows", "segments.eval_windows=all",
        "segments.duration_s=0.3", "segments.padding=reflect", "segments.context_clips=1", "segments.trim_db=30",
    ),
    (
        "loss.name=focal_bce", "mixing.name=mix2", "pooling.name=attention", "sampling.name=oversample",
        "optimizer.name=sgd", "schedule.name=one_cycle", "evaluation.rare_below=5", "evaluation.polyphony=true",
        "evaluation.by=[site]", "evaluation.tune_thresholds=true", "front_end.lowpass_hz=3000",
        "mixing.p_manifold=0", "mixing.p_mixup=1", "mixing.p_multimix=0",
    ),
    (
        "loss.name=asymmetric", "mixing.name=mix2", "pooling.name=mel_mean_time_max",
        "sampling.name=rare_combinations", "schedule.name=cyclic", "mixing.p_mixup=0", "mixing.p_manifold=0",
        "mixing.p_multimix=1", "model.freeze=true",
    ),
    ("mixing.name=none", "pooling.name=avg_max", "schedule.name=plateau", "data.split.scheme=stratified_group",
     "data.split.group_by=[site, recorded_at]", "data.split.n_folds=2"),
)  # fmt: skip
"""Together every variant of every section, and every option that others depend on."""


def settable() -> Iterator[tuple[type[Section], str]]:
    """Every (section, field) of every variant, but for tags."""
    sections: list[type[Any]] = [RunSpec]
    for section in sections:
        for name, info in section.model_fields.items():
            inner = variants(info)
            sections += [model for model in inner.values() if model not in sections]
            if not inner and name != "name":
                yield section, name


@pytest.fixture
def read_by_code(monkeypatch) -> dict[str, set[str]]:
    """Section -> fields that code outside the configuration reads; filled while a test runs."""
    read: dict[str, set[str]] = defaultdict(set)

    def spying(section: Section, name: str) -> Any:
        caller = Path(sys._getframe(1).f_code.co_filename)
        if caller.name not in ("spec.py", "agreement.py") and "trainers" in caller.parts:
            read[type(section).__name__].add(name)
        return object.__getattribute__(section, name)

    monkeypatch.setattr(Section, "__getattribute__", spying)
    return read


def test_every_field_of_every_section_is_read_by_what_trains(spec, read_by_code, tmp_path):
    for options in LAYERS_OF_OPTIONS:
        run = spec("training.epochs=1", *options)
        for _ in fit(run, load_run_data(run), NoSession(CPU)):
            pass
    pytest.importorskip("transformers")
    for name in ("ast", "encoder"):
        run = spec(f"model.name={name}", f"model.checkpoint={tmp_path}", "model.pretrained=true", "start.part=whole")
        with pytest.raises(SpecError):
            Tagger(run, 4)
    ...
