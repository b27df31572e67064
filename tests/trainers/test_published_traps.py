"""The bugs of four published systems, each as the property that shows that a run doesn't have it.

One section per bug. Where a component's own tests hold the numbers, here is the short way through `load_run_data` and
`fit`.
"""

import dataclasses
import math
import sys
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

from analysis.metrics import METRICS
from analysis.records.predictions import read_predictions
from trainers.config.paths import variants
from trainers.config.section import Section
from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.dataset import ClipSet, RunData, load_run_data, windows_of
from trainers.data.prepare import prepare_store
from trainers.data.sources.csv import read_csv
from trainers.data.spec import DataSpec
from trainers.data.store import Store
from trainers.errors import DataError, SpecError
from trainers.fit import fit
from trainers.front_end.mel import MelFrontEnd
from trainers.losses.functions import LOSSES
from trainers.losses.spec import BceSpec, FocalSpec
from trainers.mixing.draw import MIXINGS
from trainers.models.tagger import Tagger
from trainers.models.timm_backbone import TimmBackbone
from trainers.optim.build import OPTIMIZERS
from trainers.sampling.samplers import SAMPLERS
from trainers.spec import RunSpec
from trainers.training import learner
from trainers.training.batches import train_batches
from trainers.training.session import NoSession

pytestmark = pytest.mark.usefixtures("at_home")

PACKAGE = Path(learner.__file__).parent.parent
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

        def tapped(own: Any, x: Tensor, *more: Any, **named: Any) -> Any:
            result = forward(own, x, *more, **named)
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

EVERYTHING: tuple[tuple[str, ...], ...] = (
    (
        "mixing.name=none", "pooling.name=avg_max", "schedule.name=plateau", "schedule.patience=0",
        "schedule.min_delta=1", "data.split.scheme=stratified_group", "data.split.group_by=[recording_id]",
    ),
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
)  # fmt: skip
"""Together every variant of every section, and every option that others depend on."""


def settable() -> Iterator[tuple[str, str]]:
    """Every (section, field) of every variant, but for tags and whole sections."""
    sections: list[type[Any]] = [RunSpec]
    for section in sections:
        for name, info in section.model_fields.items():
            inner = variants(info)
            sections += [model for model in inner.values() if model not in sections]
            if not inner and (name != "name" or section is DataSpec):
                yield section.__name__, name


@pytest.fixture
def read_by_code(monkeypatch) -> set[tuple[str, str]]:
    """(section, field) that code beyond the configuration reads by name, filled while a test runs."""
    read = set()

    def spying(section: Section, name: str) -> Any:
        caller = sys._getframe(1).f_code
        file = Path(caller.co_filename)
        validates = file.name == "agreement.py" or (file.name == "spec.py" and caller.co_name.startswith("_"))
        if file.is_relative_to(PACKAGE) and not validates:
            read.add((type(section).__name__, name))
        return object.__getattribute__(section, name)

    monkeypatch.setattr(Section, "__getattribute__", spying)
    return read


def test_every_field_of_every_variant_is_read_by_what_trains(spec, train, tiny_ast, read_by_code):
    """A run never looks into its configuration as a whole, so a field that isn't read by name is not used."""
    for number, options in enumerate(EVERYTHING):
        epochs = 1 if number else 2  # a plateau needs two
        train(spec(f"training.epochs={epochs}", "loss.class_weight_temperature=1", *options), f"run {number}")
    start = train(spec("training.epochs=1"), "start").checkpoint
    train(spec(f"start.checkpoint={start}", "training.epochs=1"), "started")
    for name in ("ast", "encoder"):
        Tagger(spec(f"model.name={name}", *tiny_ast[1:]), 4)
    assert set(settable()) - read_by_code == set()


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_weight_decay_and_momentum_change_what_is_learnt(spec, train, optimizer):
    def learnt(*overrides: str) -> bytes:
        # 7 steps: RAdam does not adapt before
        run = spec(f"optimizer.name={optimizer}", "training.epochs=1", "training.batch_size=4", *overrides)
        return train(run, " ".join(overrides)).weights

    moments = ("momentum=0.5", "nesterov=true") if optimizer == "sgd" else ("beta1=0.5", "beta2=0.9")
    settings = ("weight_decay=0.2", *moments)
    results = [learnt(), *(learnt(f"optimizer.{setting}") for setting in settings)]
    assert len(set(results)) == len(results)


# ---- no mode falls through to another
# Mix2: `if ... / if ... elif ... else` made `--mix mixup` plain training without a word.


def test_mixup_trains_on_mixtures_and_no_mixing_on_clips(spec, tap, targets_seen):
    for name, mixed in (("mixup", True), ("none", False)):
        run = spec(*ONE_BATCH, f"mixing.name={name}", *(["mixing.p=1"] if mixed else []))
        spectrograms = tap(MelFrontEnd)
        list(fit(run, marked(run, load_run_data(run)), NoSession(CPU)))
        heard = shares_heard(spectrograms.inputs[-1], 4)
        among_several = ((heard > 0.01).sum(1) > 1).mean()
        assert (among_several > 0.5) == mixed
        assert (among_several == 0) == (not mixed)


def test_every_mixing_is_another_training(spec, train):
    runs = {train(spec(f"mixing.name={name}", "training.epochs=1"), name).weights for name in MIXINGS}
    assert len(runs) == len(MIXINGS)


# ---- lambda has the shape (batch, 1, 1, 1)
# Mix2: (batch, 1) met (batch, 1, mels, frames), so lambda i was that of mel band i, which ran for batch == n_mels only.


def test_a_batch_as_large_as_the_mel_bands_has_one_lambda_per_sample(spec, tap, targets_seen):
    run = spec(
        "mixing.name=mixup", "mixing.on=spectrogram", "mixing.p=1", "front_end.n_mels=32", "training.batch_size=32",
        "segments.crops_per_clip=2", "training.epochs=1",
    )  # fmt: skip
    clean, mixed = tap(MelFrontEnd), tap(TimmBackbone)
    data = load_run_data(run)
    list(fit(run, data, NoSession(CPU)))
    x, y = clean.outputs[0].double(), mixed.inputs[0].double()
    assert x.shape[2] == len(x) == 32
    plain = next(train_batches(run, data.train, 1, 0, 1)).targets.numpy()
    for row in range(32):
        partner, lam, rest = fitted_pair(x, y[row], row)
        assert rest < 1e-4
        np.testing.assert_allclose(targets_seen[0][row], lam * plain[row] + (1 - lam) * plain[partner], atol=1e-4)


def fitted_pair(x: Tensor, mixture: Tensor, row: int) -> tuple[int, float, float]:
    """The partner and the one lambda that explain a mixture of sample `row` best, and the largest error left."""
    others = [other for other in range(len(x)) if other != row]
    ways = []
    for other in others:
        away = x[row] - x[other]
        lam = float((away * (mixture - x[other])).sum() / away.square().sum())
        ways.append((float((mixture - lam * x[row] - (1 - lam) * x[other]).abs().max()), other, lam))
    rest, other, lam = min(ways)
    return other, lam, rest


# ---- each sample's lambda weighs its own loss
# Mix2: lambda of shape (batch,) times a loss that was a mean already, so mean(lambda) for everybody.


def test_the_loss_weighs_each_sample_by_the_lambda_that_mixed_it(spec, tap):
    run = spec(*ONE_BATCH, "mixing.name=mixup", "mixing.p=1")
    waveforms, logits = tap(MelFrontEnd), tap(Tagger)
    (report,) = fit(run, marked(run, load_run_data(run)), NoSession(CPU))
    heard, z = shares_heard(waveforms.inputs[0], 4), logits.outputs[0].numpy()
    labels = np.eye(4)
    own_loss = np.stack([cross_entropy(z, np.tile(label, (len(z), 1))) for label in labels], 1)
    assert report.metrics["train/loss"] == pytest.approx((heard * own_loss).sum(1).mean(), abs=1e-4)
    decoupled = (heard.mean(0) * own_loss).sum(1).mean()
    assert report.metrics["train/loss"] != pytest.approx(decoupled, abs=1e-3)


# ---- losses get logits
# BirdCLEF2025, commit 34f9a7e: BCEWithLogitsLoss on sigmoid outputs.


def test_the_reported_losses_are_those_of_the_logits_without_a_second_sigmoid(spec, train, tap):
    run = spec(*ONE_BATCH)
    logits = tap(Tagger)
    trained = train(run)
    data = load_run_data(run)
    z, targets = logits.outputs[0].numpy(), next(train_batches(run, data.train, 1, 0, 1)).targets.numpy()
    assert trained.metrics[0]["train/loss"] == pytest.approx(cross_entropy(z, targets).mean(), rel=1e-5)
    twice = cross_entropy(1 / (1 + np.exp(-z)), targets).mean()
    assert trained.metrics[0]["train/loss"] != pytest.approx(twice, rel=1e-3)

    stored = read_predictions(trained.checkpoint / "predictions.parquet")[0][0]
    clip_of = [data.val.clip_ids.index(name) for name in stored.clip_ids]
    windows = cross_entropy(stored.logits, data.val.targets[clip_of])
    of_clips = [windows[np.equal(clip_of, clip)].mean() for clip in range(len(data.val))]
    assert trained.metrics[0]["val/loss"] == pytest.approx(np.mean(of_clips), rel=2e-3)  # stored as float16


# ---- focal loss at targets of 0.5
# BirdCLEF2025: every pair of a fixed 50/50 mixup has t = .5, where p_t is .5 whatever the prediction: no focusing.


def test_focal_loss_meets_targets_of_one_half_only_where_soft_targets_of_a_fixed_lambda_ask_for_them(
    spec, targets_seen
):
    for overrides, halves in (
        (["mixing.alpha=null"], True),  # as published
        (["mixing.alpha=null", "targets.mode=hard"], False),
        ([], False),  # lambda is drawn
    ):
        run = spec("loss.name=focal", "mixing.name=mixup", "mixing.p=1", *ONE_BATCH, *overrides)
        list(fit(run, load_run_data(run), NoSession(CPU)))
        assert (targets_seen[-1] == 0.5).any() == halves


def test_a_hard_union_is_focused_and_a_soft_half_is_a_constant_share_of_the_cross_entropy():
    logits, half = torch.linspace(-4, 4, 9)[:, None], torch.full((9, 1), 0.5)
    focal, bce = (LOSSES[spec.name](logits, half, spec, None) for spec in (FocalSpec(), BceSpec()))
    torch.testing.assert_close(focal / bce, torch.full((9,), 0.5 * 0.25))  # alpha_t times 0.5^gamma
    union = torch.ones(9, 1)
    ratio = LOSSES["focal"](logits, union, FocalSpec(), None) / LOSSES["bce"](logits, union, BceSpec(), None)
    assert (ratio.diff() < 0).all()
    assert ratio[0] > 100 * ratio[-1]


# ---- the mass of soft targets
# BirdCLEF2025: shares of primaries were assigned, not added: two clips of one species were worth .5.


@pytest.mark.parametrize("alpha", ["1.0", "null"])
def test_partners_of_one_class_keep_its_whole_mass_through_fit(spec, tap, targets_seen, alpha):
    run = spec(*ONE_BATCH, "mixing.name=mixup", "mixing.p=1", f"mixing.alpha={alpha}")
    waveforms = tap(MelFrontEnd)
    list(fit(run, marked(run, load_run_data(run)), NoSession(CPU)))
    (targets,) = targets_seen
    np.testing.assert_allclose(targets, shares_heard(waveforms.inputs[0], 4), atol=1e-4)
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
    of_one_class = (targets > 0).sum(1) == 1
    assert 0 < of_one_class.sum() < 30  # pairs of one class and of two both occurred


# ---- absent classes
# BirdCLEF2025 (torchmetrics AUROC) and Mix2 (F1): a class without positives was averaged in as 0.


def test_a_class_that_validation_lacks_is_left_out_and_counted(spec, train):
    run = spec("training.epochs=2", "segments.eval_windows=head")
    whole = load_run_data(run)
    data = dataclasses.replace(whole, val=rows_of(whole.val, np.flatnonzero(whole.val.targets[:, 3] == 0)))
    trained = train(run, data=data)
    stored = read_predictions(trained.checkpoint / "predictions.parquet")[0][0]
    p, t = 1 / (1 + np.exp(-stored.logits.astype(np.float64))), data.val.targets
    auc = np.mean([roc_auc_score(t[:, c], p[:, c]) for c in range(3)])
    f1 = f1_score(t[:, :3], p[:, :3] > 0.5, average="macro", zero_division=0)
    metrics = trained.metrics[-1]
    assert metrics["val/macro_auc"] == pytest.approx(auc, abs=0.01)
    assert metrics["val/macro_f1"] == pytest.approx(f1, abs=1e-6)
    assert auc > 0.5 and metrics["val/macro_auc"] > 0.8 * auc  # not three quarters of it
    assert metrics["val/absent_classes"] == 1


# ---- the test set is not used to choose a model
# Mix2 and AnuraSet's baseline: the best epoch was that with the best score on the test split.


def test_labels_of_other_subsets_never_reach_a_run(spec, train):
    run = spec("training.epochs=2", "training.keep=best")
    catalogue = load_catalogue("tones")
    outcomes = []
    for name in ("ash", "date"):
        clips = catalogue.clips.copy()
        clips["labels"] = [
            [name] if subset == "target" else own for own, subset in zip(clips["labels"], clips["subset"], strict=True)
        ]
        data = load_run_data(run, dataclasses.replace(catalogue, clips=clips))
        assert not data.unlabelled["target"].targets.any()
        outcomes.append(train(run, name, data=data).outcome)
    assert outcomes[0] == outcomes[1]


def test_a_table_may_hold_test_labels_and_they_are_dropped(tmp_path, audio):
    audio("a.wav"), audio("b.wav")
    (tmp_path / "t.csv").write_text("path,labels,subset\na.wav,robin,train\nb.wav,wren,test")
    clips = read_csv(tmp_path / "t.csv", tmp_path / "root").clips
    assert list(clips["labels"]) == [["robin"], None]


@pytest.mark.parametrize("name", ["test/macro_auc", "test/loss"])
def test_what_is_chosen_by_the_test_split_is_refused_with_the_reason(spec, name):
    with pytest.raises(SpecError, match=rf"training.monitor must not be of the test split: what is chosen by {name}"):
        spec(f"training.monitor={name}")


@pytest.mark.parametrize("name", ["target/macro_f1", "macro_auc"])
def test_only_training_and_validation_can_be_monitored(spec, name):
    with pytest.raises(SpecError, match=rf"training.monitor must be one of .*, got '{name}'"):
        spec(f"training.monitor={name}")


def test_every_number_that_a_run_reports_is_of_training_validation_or_the_clock(spec, train):
    (report,) = train(spec("training.epochs=1", "evaluation.by=[site]", "evaluation.polyphony=true")).reports
    assert {name for name in report.metrics if not name.startswith(("train/", "val/"))} == {
        "seconds",
        "eval_seconds",
        "clips_per_second",
        "cost/inference_s_per_min",
    }


# ---- the monitor is a metric that is logged
# BirdCLEF2025: checkpoints were named after valid_MultilabelAUROC, which nothing logged.


@pytest.mark.parametrize("name", ["val/MultilabelAUROC", "val/macro-auc", "val/macro_f1@scarce"])
def test_a_monitor_that_nothing_logs_is_refused_before_anything_runs(spec, name):
    with pytest.raises(SpecError, match=r"training.monitor must be one of"):
        spec(f"training.monitor={name}")


def test_a_monitor_that_is_only_logged_when_asked_for_is_refused_unless_it_is(spec):
    with pytest.raises(SpecError, match=r"val/macro_f1@rare, which is measured with evaluation.rare_below only"):
        spec("training.monitor=val/macro_f1@rare")
    assert spec("training.monitor=val/macro_f1@rare", "evaluation.rare_below=5").training.monitor


def test_a_monitor_of_a_group_that_the_data_have_not_is_refused_before_the_first_step(spec, train):
    run = spec("training.monitor=val/macro_f1@site=west", "evaluation.by=[site]", "training.epochs=1")
    with pytest.raises(SpecError, match=r"training.monitor is val/macro_f1@site=west.*north, south"):
        train(run)
    known = spec("training.monitor=val/macro_f1@site=north", "evaluation.by=[site]", "training.epochs=1")
    assert train(known).reports


def test_every_metric_that_can_be_monitored_is_logged(spec, train):
    (report,) = train(spec("training.epochs=1")).reports
    for name in ("train/loss", "val/loss", *(f"val/{name}" for name in METRICS)):
        assert spec(f"training.monitor={name}").training.monitor in report.metrics


# ---- filters are designed at the signal's rate, and recordings have the rate they say
# icbhi_2017_challenge: a low pass designed at 16 kHz was applied to recordings of 4 to 44.1 kHz, not yet resampled.
# AnuraSet's baseline: 22.05 kHz recordings went into a mel front end for 16 kHz.


@pytest.fixture
def recording(tmp_path, home, decode_here) -> Callable[[float, int, int], Tensor]:
    """`recording(tone_hz, recorded_at_hz, sample_rate)`: what a run hears of a tone, as floats."""

    def make(tone_hz: float, rate: int, sample_rate: int) -> Tensor:
        t = np.arange(2 * rate) / rate
        soundfile.write(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * tone_hz * t), rate)
        (tmp_path / "tone.csv").write_text("path,labels\n" + "tone.wav,tone\n")
        catalogue = save_catalogue("tone", "csv", tmp_path, read_csv(tmp_path / "tone.csv", tmp_path).clips)
        prepare_store(catalogue, sample_rate)
        (samples,) = Store(sample_rate).open(list(catalogue.clips["content"]))
        return torch.from_numpy(samples[None, :sample_rate].copy()).float() / 32768

    return make


@pytest.mark.parametrize("recorded_at", [8000, 22_050, 44_100])
@pytest.mark.parametrize("sample_rate", [8000, 16_000])
def test_a_low_pass_cuts_at_its_frequency_whatever_the_rates(recording, spec, recorded_at, sample_rate):
    run = spec(f"data.sample_rate={sample_rate}", "front_end.lowpass_hz=2000")
    front_end = MelFrontEnd(run.front_end, sample_rate)
    for tone_hz in (1500.0, 2000.0, 3000.0):
        x = recording(tone_hz, recorded_at, sample_rate)
        middle = slice(sample_rate // 4, -sample_rate // 4)  # the ends ring
        passed, whole = (float(y[:, middle].square().mean()) for y in (front_end.waveform(x), x))
        level = 10 * math.log10(passed / whole)
        sections = scipy.signal.butter(4, 2000, fs=sample_rate, output="sos")
        _, response = scipy.signal.sosfreqz(sections, [tone_hz], fs=sample_rate)
        assert level == pytest.approx(40 * math.log10(abs(response[0])), abs=0.3)  # there and back


@pytest.mark.parametrize("recorded_at", [8000, 16_000, 22_050, 44_100])
def test_a_tone_lies_in_its_own_mel_band_whatever_rate_it_was_recorded_at(recording, spec, recorded_at):
    run = spec("data.sample_rate=16000", "front_end.n_fft=1024", "front_end.n_mels=64", "front_end.f_min=0")
    spectrogram = MelFrontEnd(run.front_end, 16_000).spectrogram(recording(3000.0, recorded_at, 16_000))
    bands = melscale_fbanks(513, 0.0, 8000.0, 64, 16_000)

    def band(hz: float) -> int:
        return int(bands[round(hz * 1024 / 16_000)].argmax())

    assert int(spectrogram.mean((0, 1, 3)).argmax()) == band(3000)
    assert band(3000) != band(3000 * 16_000 / 22_050)


# ---- frequencies are those of the training fold
# BirdCLEF2025: the sampler counted classes over training and validation clips together.


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"shuffle"}))
def test_nothing_of_the_validation_fold_reaches_training(spec, train, sampler):
    run = spec(
        f"sampling.name={sampler}", "loss.class_weight_temperature=0.5", "front_end.normalization=dataset",
        "targets.sample_weight=rating", "training.epochs=1", "mixing.name=mixup", "mixing.partner=balanced",
    )  # fmt: skip
    data = load_run_data(run)
    rng = np.random.default_rng(0)
    other = dataclasses.replace(
        data.val,
        targets=np.eye(4, dtype=np.float32)[np.arange(len(data.val)) // 6],
        samples=tuple(rng.integers(-9999, 9999, len(samples), np.int16) for samples in data.val.samples),
        clips=data.val.clips.assign(rating=1.0),
    )
    one, two = train(run, "one", data=data), train(run, "two", data=dataclasses.replace(data, val=other))
    assert one.weights == two.weights
    assert one.metrics[0]["train/loss"] == two.metrics[0]["train/loss"]
    assert one.metrics[0]["val/loss"] != two.metrics[0]["val/loss"]


def test_frequencies_follow_the_training_fold(spec):
    """Ten training clips of which three are of one class: a sampler of temperature 1 shows both classes as often."""
    run = spec("sampling.name=temperature", "sampling.temperature=1", "training.batch_size=10", "training.epochs=1")
    data = load_run_data(run)
    train = rows_of(
        data.train, np.r_[np.flatnonzero(data.train.targets[:, 0])[:7], np.flatnonzero(data.train.targets[:, 1])[:3]]
    )
    shown = sum(batch.targets.sum(0) for epoch in range(1, 101) for batch in train_batches(run, train, epoch, 0, 1))
    assert (shown / shown.sum())[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
