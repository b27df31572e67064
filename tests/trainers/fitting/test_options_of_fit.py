"""fit: every option does what it says in a run, and a run with it that is stopped goes on to the same numbers."""

import dataclasses
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from sklearn.metrics import f1_score

from analysis.metrics import evaluate, tune_thresholds
from analysis.records.predictions import read_predictions
from trainers.augmentation.apply import SPECTROGRAM, WAVEFORM
from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.dataset import load_run_data, windows_of
from trainers.data.prepare import prepare_store
from trainers.data.sources.csv import read_csv
from trainers.errors import DataError, SpecError
from trainers.fit import fit
from trainers.home import home
from trainers.losses.functions import LOSSES
from trainers.mixing.draw import MIXINGS
from trainers.mixing.partners import PARTNERS
from trainers.models.tagger import Tagger
from trainers.optim.build import OPTIMIZERS
from trainers.optim.schedules import SHAPES
from trainers.poolings.modules import POOLINGS
from trainers.sampling.samplers import SAMPLERS
from trainers.training import embedded
from trainers.training.checkpoint import load_weights
from trainers.training.evaluate import Evaluator, clip_probabilities, predict
from trainers.training.learner import Learner
from trainers.training.session import NoSession
from trainers.training.smoothing import SMOOTHINGS
from trainers.training.stopping import EarlyStopping

CPU = torch.device("cpu")
ONE, TWO = "training.epochs=1", "training.epochs=2"


def weights(trained, name="model.safetensors"):
    return load_file(trained.checkpoint / name)


def assert_close(ours, theirs, atol=1e-5):
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], atol=atol, rtol=0, msg=lambda text, n=name: f"{n}: {text}")


@pytest.fixture(autouse=True)
def nothing_is_synced(monkeypatch):
    """What a power cut leaves is tested elsewhere; here it is a fifth of the time."""
    monkeypatch.setattr(os, "fsync", lambda _file: None)


@pytest.fixture(scope="module")
def remembered():
    return {}


@pytest.fixture
def plain(spec, train, remembered):
    """`plain("mixing.name=mixup")`: the weights of a run that others are compared with, trained once."""

    def make(*overrides):
        if overrides not in remembered:
            remembered[overrides] = train(spec(*overrides), f"plain {len(remembered)}").weights
        return remembered[overrides]

    return make


@pytest.fixture
def rates(monkeypatch):
    """The learning rates of every step, as (backbone, head)."""
    seen = []
    step = Learner._step

    def spying(learner, *args):
        seen.append(tuple(group["lr"] for group in learner.optimizer.param_groups))
        return step(learner, *args)

    monkeypatch.setattr(Learner, "_step", spying)
    return seen


def scored(monkeypatch, *values):
    """Epochs report these values of macro AUC, the last one for good."""
    measured, left = Evaluator.metrics, list(values)

    def instead(*args):
        value = left.pop(0) if len(left) > 1 else left[0]
        return {**measured(*args), "val/macro_auc": value}

    monkeypatch.setattr(Evaluator, "metrics", instead)


def with_labels(clips, subset, labels, label_weights=None):
    """The rows of a catalogue with one subset labelled."""
    clips = clips.copy()
    rows = clips["subset"] == subset
    for column, value in (("labels", labels), ("label_weights", label_weights)):
        clips[column] = [value if chosen else own for own, chosen in zip(clips[column], rows, strict=True)]
    return clips


@pytest.fixture
def changed():
    """`changed(rows -> rows)`: the catalogue `tones` with other rows."""

    def make(change):
        catalogue = load_catalogue("tones")
        return dataclasses.replace(catalogue, clips=change(catalogue.clips.copy()))

    return make


# ---- steps


def test_accumulated_batches_are_one_larger_batch(spec, train, rates):
    plain_sgd = ("optimizer.name=sgd", "optimizer.momentum=0", "optimizer.lr=0.1", "data.split.n_folds=5", ONE)
    large = train(spec("training.batch_size=16", *plain_sgd), "large")
    assert len(rates) == 2
    small = train(spec("training.batch_size=8", "training.accumulate=2", *plain_sgd), "small")
    assert len(rates) == 4
    assert_close(weights(small), weights(large))
    assert small.metrics[0]["train/loss"] == pytest.approx(large.metrics[0]["train/loss"], abs=1e-5)


def test_the_last_batches_of_an_epoch_are_a_step_of_their_own(spec, train, rates):
    train(spec("training.accumulate=2", TWO))  # three batches an epoch
    assert len(rates) == 4


def test_a_clipped_gradient_is_no_longer_than_asked(spec, train):
    plain_sgd = ("optimizer.name=sgd", "optimizer.momentum=0", "optimizer.lr=1", "schedule.name=constant", ONE)
    run = spec("training.grad_clip=0.01", "training.batch_size=30", *plain_sgd)
    before, after = Learner(run, load_run_data(run), NoSession(CPU)).model.state_dict(), weights(train(run))
    moved = math.sqrt(sum(float((after[name] - before[name]).square().sum()) for name in after))
    assert moved == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("scaling", "factor"), [("none", 1), ("linear", 0.5), ("sqrt", math.sqrt(0.5))])
def test_the_rate_is_scaled_by_what_makes_up_a_step(spec, train, rates, scaling, factor):
    run = (f"optimizer.lr_scaling={scaling}", "training.accumulate=2", "training.batch_size=8", ONE)
    train(spec("optimizer.lr_reference_batch=32", "optimizer.lr=0.01", "schedule.name=constant", *run))
    assert rates[0] == pytest.approx((0.01 * factor, 0.01 * factor))


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer_resumes_to_the_bit(spec, resumes, optimizer):
    run = (f"optimizer.name={optimizer}", "optimizer.weight_decay=0.01", "training.accumulate=2")
    assert math.isfinite(resumes(spec(TWO, *run)).metrics[-1]["val/loss"])


@pytest.mark.parametrize("schedule", sorted(SHAPES))
def test_every_schedule_resumes_to_the_bit_on_rates_of_its_own(spec, resumes, rates, schedule):
    options = {
        "warm_restarts": ["schedule.t_0=1", "schedule.per=step"],
        "cosine": ["schedule.per=epoch"],
        "constant": ["schedule.warmup_steps=4"],
    }
    resumes(spec(f"schedule.name={schedule}", *options.get(schedule, []), TWO))
    whole, gone_on = rates[:6], rates[6:]
    assert whole[3:] == gone_on
    assert (len(set(whole)) > 1) == (schedule != "plateau")


def test_a_plateau_lowers_the_rate_and_resumes_to_the_bit(spec, train, rates, monkeypatch):
    run = spec("schedule.name=plateau", "schedule.patience=0", "schedule.factor=0.5", "optimizer.lr=0.004",
               "training.epochs=4")  # fmt: skip
    scored(monkeypatch, 0.5)
    whole = train(run, "whole")
    assert [rate for rate, _ in rates[::3]] == pytest.approx([0.004, 0.004, 0.002, 0.001])
    train(run, "stopped", upto=3)
    assert train(run, "stopped").outcome == whole.outcome


def test_a_plateau_looks_at_the_monitor_in_its_direction(spec, train, rates):
    train(spec("schedule.name=plateau", "schedule.patience=0", "training.monitor=train/loss", "training.epochs=3"))
    assert len(set(rates)) == 1  # the loss falls


def test_a_backbone_whose_rate_is_zero_stays_and_its_head_learns(spec, train):
    run = spec("optimizer.backbone_lr_factor=0", ONE)
    before, after = Learner(run, load_run_data(run), NoSession(CPU)).model.state_dict(), weights(train(run))
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"head.linear.weight", "head.linear.bias"}


def test_a_smaller_rate_of_the_backbone_is_kept_over_the_schedule(spec, train, rates):
    train(spec("optimizer.backbone_lr_factor=0.1", ONE))
    assert all(backbone == pytest.approx(0.1 * head) for backbone, head in rates)


# ---- what is kept and evaluated


def test_the_evaluated_weights_are_the_average_and_both_are_kept(spec, train, resumes, monkeypatch):
    seen = []
    step = Learner._step

    def spying(learner, *args):
        loss = step(learner, *args)
        seen.append({name: value.detach().double().clone() for name, value in learner.model.named_parameters()})
        return loss

    monkeypatch.setattr(Learner, "_step", spying)
    run = spec("training.ema_decay=0.7", TWO)
    start = dict(Learner(run, load_run_data(run), NoSession(CPU)).model.named_parameters())
    trained = resumes(run)
    average = {name: value.detach().double() for name, value in start.items()}
    for now in seen[:6]:
        average = {name: 0.7 * value + 0.3 * now[name] for name, value in average.items()}
    kept, last = weights(trained), weights(trained, "trained.safetensors")
    assert_close({name: kept[name].double() for name in average}, average, 1e-6)
    assert_close({name: last[name].double() for name in seen[5]}, seen[5], 0)
    model = Tagger(run, 4)
    model.load_state_dict(kept)
    stored = read_predictions(trained.checkpoint / "predictions.parquet")[0][0]
    clip = load_run_data(run).val.samples[0]
    x = torch.zeros(1, run.segment_samples)
    x[0, : len(clip)] = torch.from_numpy(clip[: x.shape[1]].copy()).float() / 32768
    np.testing.assert_allclose(model.eval()(x).detach().numpy()[0], stored.logits[0], atol=2e-3)


def test_a_run_without_improvement_stops_and_says_that_it_is_finished(spec, train, monkeypatch):
    run = spec("training.epochs=9", "training.early_stopping_patience=2", "training.keep=best")
    scores = (0.5, 0.7, 0.6, 0.7)
    scored(monkeypatch, *scores)
    whole = train(run, "whole")
    assert [(r.epoch, r.state, r.kept_epoch) for r in whole.reports] == [
        (1, "running", 1), (2, "running", 2), (3, "running", 2), (4, "finished", 2)
    ]  # fmt: skip
    scored(monkeypatch, *scores[:3])
    train(run, "stopped", upto=3)
    scored(monkeypatch, scores[3])
    stopped = train(run, "stopped")
    assert [(r.epoch, r.state, r.kept_epoch) for r in stopped.reports] == [(4, "finished", 2)]


def test_a_run_that_had_stopped_early_is_not_gone_on_with(spec, train, monkeypatch):
    scored(monkeypatch, 0.5)
    run = spec("training.epochs=9", "training.early_stopping_patience=1")
    assert len(train(run).reports) == 2
    assert train(run).reports == []


def test_the_least_improvement_counts(spec, train, monkeypatch):
    scored(monkeypatch, 0.5, 0.505, 0.52)
    run = spec("training.epochs=9", "training.early_stopping_patience=1", "training.early_stopping_min_delta=0.01")
    assert len(train(run).reports) == 2


def test_a_patience_of_none_never_stops():
    stopping = EarlyStopping(None, 0.0, "max")
    assert not any(stopping.update(0.5) for _ in range(100))
    assert not stopping.reached


@pytest.mark.parametrize("scores", [(0.5, 0.9, 0.3), (math.nan,)], ids=["best in the middle", "no score at all"])
def test_what_stays_of_keep_best_has_the_unlabelled_logits(spec, train, monkeypatch, scores):
    scored(monkeypatch, *scores)
    trained = train(spec("training.epochs=3", "training.keep=best"))
    kept = trained.reports[-1].kept_epoch
    assert kept == (3 if math.isnan(scores[0]) else 2)
    folder = trained.ledger.checkpoint(kept)
    parts, _ = read_predictions(folder / "predictions.parquet")
    assert [part.subset for part in parts] == ["val", "target"]


# ---- from another run's weights


@pytest.fixture
def earlier(spec, train) -> Path:
    return train(spec("seed=7", TWO), "earlier").checkpoint


@pytest.mark.parametrize("part", ["whole", "backbone"])
def test_a_run_starts_from_the_weights_of_another(spec, earlier, part):
    run = spec(f"start.checkpoint={earlier}", f"start.part={part}")
    ours = Learner(run, load_run_data(run), NoSession(CPU)).model.state_dict()
    fresh = Learner(spec(), load_run_data(run), NoSession(CPU)).model.state_dict()
    theirs = load_file(earlier / "model.safetensors")
    for name, value in ours.items():
        from_earlier = part == "whole" or not name.startswith("head")
        assert torch.equal(value, (theirs if from_earlier else fresh)[name]), name


def test_a_started_run_resumes_to_the_bit_and_its_key_is_that_of_the_weights(spec, earlier, resumes):
    run = spec(f"start.checkpoint={earlier}", "start.schedule=rewarm", "training.ema_decay=0.9", TWO)
    resumes(run)
    assert run.key("d", 1, "fp32") != spec(TWO, "training.ema_decay=0.9").key("d", 1, "fp32")


def test_a_rewarmed_schedule_rises_over_the_first_epoch(spec, train, earlier, rates):
    rates.clear()
    train(spec(f"start.checkpoint={earlier}", "start.schedule=rewarm", "schedule.name=constant", TWO))
    assert [rate for rate, _ in rates] == pytest.approx([0.001, 0.002, 0.003, 0.003, 0.003, 0.003])


# ---- frozen networks


FROZEN = ("model.freeze=true", "segments.train_crop=center", TWO)


HOW = {
    "plain": (),
    "manifold mixup": ("mixing.name=manifold_mixup",),
    "windows and attention": ("segments.train_crop=windows", "segments.duration_s=0.3", "pooling.name=attention"),
}


@pytest.mark.parametrize("how", HOW)
def test_cached_embeddings_train_as_the_frozen_network_does(spec, train, monkeypatch, how):
    settings = dict(override.split("=", 1) for override in (*FROZEN, *HOW[how]))
    run = spec(*(f"{path}={value}" for path, value in settings.items()))
    shutil.rmtree(home() / "embeddings", ignore_errors=True)
    calls = []
    embed = embedded._embed
    monkeypatch.setattr(embedded, "_embed", lambda *a: calls.append(1) or embed(*a))
    cached = train(run, "cached")
    assert calls
    computed = len(calls)
    assert train(run, "again").outcome == cached.outcome
    assert len(calls) == computed  # read from disk
    monkeypatch.setattr(embedded, "cacheable", lambda _spec: False)
    direct = train(run, "direct")
    assert_close(weights(cached), weights(direct), 2e-5)
    for ours, theirs in zip(cached.metrics, direct.metrics, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4, nan_ok=True)


def test_clips_that_begin_or_end_elsewhere_are_not_found_in_the_cache(spec):
    """As with context clips, when a neighbour's bounds are corrected and the clip's own row stays."""
    clips = load_run_data(spec()).val
    windows = windows_of(spec(), clips)
    earlier = dataclasses.replace(clips, offset_s=clips.offset_s - 0.1)
    shorter = dataclasses.replace(clips, samples=(clips.samples[0][:-1], *clips.samples[1:]))
    assert len({embedded._content(other, windows) for other in (clips, earlier, shorter)}) == 3


def test_cached_embeddings_resume_to_the_bit(spec, resumes):
    resumes(spec(*FROZEN, "model.dropout=0.3", "mixing.name=multimix"))


def test_an_encoder_trains_on_cached_embeddings(spec, train, tiny_ast, monkeypatch):
    heads = []
    embed = Tagger.embed
    monkeypatch.setattr(Tagger, "embed", lambda model, *a: heads.append(torch.is_grad_enabled()) or embed(model, *a))
    trained = train(spec(*tiny_ast, TWO, "optimizer.lr=0.05", "model.dropout=0"))
    assert not any(heads)  # the encoder ran for the cache, never in a step
    assert trained.metrics[1]["train/loss"] < trained.metrics[0]["train/loss"]


# ---- networks, samplers


@pytest.mark.parametrize("pooling", sorted(POOLINGS))
def test_every_pooling_trains_and_is_another_network(spec, resumes, plain, pooling):
    early = ("model.out_indices=[1]", TWO)  # the last map of this backbone is a single point
    trained = resumes(spec(f"pooling.name={pooling}", *early))
    assert trained.metrics[-1]["train/loss"] < trained.metrics[0]["train/loss"]
    assert (trained.weights == plain(*early)) == (pooling == "avg")


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_resumes_to_the_bit(spec, resumes, sampler):
    trained = resumes(spec(f"sampling.name={sampler}", TWO))
    assert trained.metrics[-1]["train/loss"] < trained.metrics[0]["train/loss"]


def test_statistics_of_the_training_fold_are_kept_with_the_weights(spec, resumes):
    run = spec("front_end.normalization=dataset", "segments.duration_s=0.4", "segments.train_crop=head",
               "segments.eval_windows=head", TWO)  # fmt: skip
    kept = weights(resumes(run))
    data, front_end = load_run_data(run), Tagger(run, 4).front_end
    values = torch.cat([
        front_end.spectrogram(torch.from_numpy(samples[None, :3200].copy()).float() / 32768).flatten()
        for samples in data.train.samples if len(samples) >= 3200
    ]).double()  # fmt: skip
    assert all(len(samples) >= 3200 for samples in data.train.samples)
    name = "features.front_end.statistics"
    assert float(kept[f"{name}.mean"]) == pytest.approx(float(values.mean()), rel=1e-5)
    assert float(kept[f"{name}.std"]) == pytest.approx(float(values.std(correction=0)), rel=1e-5)


# ---- targets and weights


def test_a_sample_weighs_its_rating(spec, train, monkeypatch):
    run = spec("targets.sample_weight=rating", "training.batch_size=30", ONE)
    losses = []
    loss = Learner._loss

    def spying(learner, batch, rng):
        per_sample = learner.loss(learner.model(batch.samples.float() / 32768), batch.targets)
        losses.append((per_sample.detach(), batch.weights))
        return loss(learner, batch, rng)

    monkeypatch.setattr(Learner, "_loss", spying)
    reported = train(run).metrics[0]["train/loss"]
    ((per_sample, weight),) = losses
    assert reported == pytest.approx(float((per_sample * weight).mean()), rel=1e-5)
    assert reported != pytest.approx(float(per_sample.mean()), rel=1e-5)
    rating = load_run_data(run).train.clips["rating"]
    expected = rating / rating.max()
    np.testing.assert_allclose(load_run_data(run).train.weights, expected / expected.mean(), rtol=1e-6)


def test_classes_weigh_as_they_are_rare(spec, changed, train):
    run = spec("loss.class_weight_temperature=1", ONE)

    def without_many(clips):
        return clips.drop([i for i in range(24) if i % 4]).reset_index(drop=True)  # ash keeps 10, the others 4

    catalogue = changed(without_many)
    data = load_run_data(run, catalogue)
    learner = Learner(run, data, NoSession(CPU))
    counts = data.train.targets.sum(0)
    for c in range(4):
        one_class = torch.zeros(1, 4)
        logits = torch.full((1, 4), -50.0)
        logits[0, c] = 0.0  # only class c has a loss: log 2
        expected = (len(data.train) / counts[c]) * math.log(2) / 4
        assert float(learner.loss(logits, one_class)) == pytest.approx(expected, rel=1e-5)
    assert train(run, data=data).weights != train(spec(ONE), "unweighted", data=data).weights


# ---- which clips


def test_pseudo_labelled_clips_are_trained_on_with_their_weights_and_never_validated_on(spec, changed, resumes):
    catalogue = changed(lambda clips: with_labels(clips, "target", ["ash", "date"], [0.8, 0.3]))
    for fold in range(4):
        run = spec("data.extra_train=[target]", "sampling.extra_share=0.5", f"data.fold={fold}", TWO)
        data = load_run_data(run, catalogue)
        assert data.train.extra.sum() == 5
        np.testing.assert_allclose(data.train.targets[data.train.extra], [[0.8, 0, 0, 0.3]] * 5)
        extra = set(data.train.clips["clip_id"][data.train.extra])
        assert not extra & set(data.val.clip_ids)
        assert data.val.clip_ids == load_run_data(spec(f"data.fold={fold}")).val.clip_ids
    assert math.isfinite(resumes(run, data).metrics[-1]["val/loss"])


def test_an_epoch_that_is_too_short_for_a_batch_is_refused(spec, changed):
    """Few clips and a small share of many pseudo-labelled ones."""
    catalogue = changed(lambda clips: with_labels(clips, "target", ["ash"], [1.0]))
    with pytest.raises(DataError, match=r"has only 33 training segments an epoch. Try: training.batch_size=16"):
        load_run_data(
            spec("data.extra_train=[target]", "sampling.extra_share=0.1", "training.batch_size=34"), catalogue
        )


def test_excluded_classes_and_empty_clips_are_left_out(spec, train):
    run = spec("data.exclude_classes=[date]", ONE)
    data = load_run_data(run)
    assert data.classes == ("ash", "birch", "cedar")
    assert len(data.train) + len(data.val) == 40
    assert (data.train.targets.sum(1) == 0).sum() + (data.val.targets.sum(1) == 0).sum() == 10
    dropped = spec("data.exclude_classes=[date]", "data.drop_empty=true", ONE)
    data = load_run_data(dropped)
    assert len(data.train) + len(data.val) == 30
    assert weights(train(dropped))["head.linear.bias"].shape == (3,)


def test_label_maps_make_other_classes(spec, changed, train):
    names = {"ash": ["crackle"], "birch": ["wheeze"], "cedar": ["crackle", "wheeze"], "date": []}

    def as_lungs(clips):
        clips["labels"] = [None if own is None else names[own[0]] for own in clips["labels"]]
        return clips

    catalogue = changed(as_lungs)
    for label_map, classes in (("icbhi_four", ("both", "crackle", "none", "wheeze")), ("none", ("crackle", "wheeze"))):
        run = spec(f"data.label_map={label_map}", ONE)
        data = load_run_data(run, catalogue)
        assert data.classes == classes
        (metrics,) = train(run, label_map, data=data).metrics
        assert math.isfinite(metrics["val/icbhi_score"]) == (label_map == "none")


def test_context_clips_lengthen_what_is_heard_and_change_the_scores(spec, changed, train):
    def in_two(clips):
        """Every recording as two clips."""
        first = clips.assign(duration_s=clips["duration_s"] / 2, clip_id=clips["clip_id"] + "a")
        second = first.assign(start_s=first["duration_s"], clip_id=clips["clip_id"] + "b")
        return type(clips)(list(first.T.to_dict().values()) + list(second.T.to_dict().values()))

    catalogue = changed(in_two)
    split = ("data.split.scheme=stratified_group", "data.split.group_by=[recording_id]", "segments.duration_s=0.3", ONE)
    alone, wide = (load_run_data(spec(f"segments.context_clips={n}", *split), catalogue) for n in (0, 1))
    for narrow, extended, start, offset in zip(
        alone.train.samples, wide.train.samples, alone.train.clips["start_s"], wide.train.offset_s, strict=True
    ):
        assert len(extended) == pytest.approx(2 * len(narrow), abs=2)
        assert offset == pytest.approx(-start, abs=1e-3)  # from the first clip's beginning on
    scores = [train(spec(f"segments.context_clips={n}", *split), str(n), data=data).metrics[0]["val/loss"]
              for n, data in enumerate((alone, wide))]  # fmt: skip
    assert scores[0] != scores[1]


@pytest.fixture
def quiet_ends(tmp_path, monkeypatch, decode_here):
    """A catalogue `tones` of 16 recordings with 0.4 s of silence, 0.5 s of a tone, 0.3 s of silence."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))
    t, rows = np.arange(4000) / 8000, ["path,labels"]
    for number in range(16):
        label = number % 4
        tone = 0.5 * np.sin(2 * np.pi * 400 * 2**label * t)
        soundfile.write(tmp_path / f"{number}.wav", np.concatenate([np.zeros(3200), tone, np.zeros(2400)]), 8000)
        rows.append(f"{number}.wav,{label}")
    (tmp_path / "quiet.csv").write_text("\n".join(rows))
    clips = read_csv(tmp_path / "quiet.csv", tmp_path).clips
    prepare_store(save_catalogue("tones", "csv", tmp_path, clips), 8000)


def test_silence_is_cut_off_and_predictions_still_point_into_the_clip(spec, train, quiet_ends):
    starts = {}
    for db in (30, "null"):
        run = spec(f"segments.trim_db={db}", "segments.duration_s=0.3", ONE)
        trained = train(run, str(db))
        starts[db] = np.unique(read_predictions(trained.checkpoint / "predictions.parquet")[0][0].start_s)
    assert starts["null"].min() == 0 and starts["null"].max() == pytest.approx(0.9)
    assert starts[30].min() == pytest.approx(0.4, abs=0.15)  # a frame of 2048 samples sees 0.13 s ahead
    assert starts[30].max() + 0.3 == pytest.approx(0.9, abs=0.2)


# ---- evaluation


def rescored(run, trained, data, clip_scores):
    """What the kept network is worth when clips are scored by `clip_scores(p)` of their windows."""
    model = Tagger(run, len(data.classes))
    load_weights(trained.checkpoint, model)
    logits = predict(model, run, data.val, NoSession(CPU)).astype(np.float64)
    clip_of = windows_of(run, data.val).clip
    p = 1 / (1 + np.exp(-logits))
    scores = np.stack([clip_scores(p[clip_of == clip]) for clip in range(len(data.val))])
    return evaluate(data.val.targets, scores)


AGGREGATES = {
    "mean": lambda p: p.mean(0),
    "max": lambda p: p.max(0),
    "geometric": lambda p: np.prod(p, 0) ** (1 / len(p)),
}
SHORT = ("segments.duration_s=0.3", ONE)
FINE = ("cmap", "map", "macro_auc")


def two_after_another(data):
    """Validation clips that go on as the next one, so that their windows disagree."""
    samples = data.val.samples
    joined = tuple(np.concatenate(pair) for pair in zip(samples, samples[1:] + samples[:1], strict=True))
    return dataclasses.replace(data, val=dataclasses.replace(data.val, samples=joined))


@pytest.mark.parametrize("how", AGGREGATES)
def test_windows_are_joined_as_asked(spec, train, how):
    run = spec(f"segments.aggregate={how}", *SHORT)
    data = two_after_another(load_run_data(run))
    trained = train(run, data=data)
    expected = {name: rescored(run, trained, data, join) for name, join in AGGREGATES.items()}
    for name in FINE:
        assert trained.metrics[0][f"val/{name}"] == pytest.approx(expected[how][name], abs=1e-6), name
    for other in set(AGGREGATES) - {how}:  # else this would show nothing
        assert any(abs(expected[other][name] - expected[how][name]) > 0.001 for name in FINE), other


@pytest.mark.parametrize("how", sorted(SMOOTHINGS))
def test_windows_are_smoothed_over_their_recording_before_they_are_joined(spec, train, how):
    """Each recording is one clip here; the maximum sees what the smoothing did."""
    run = spec(f"segments.smoothing={how}", "segments.aggregate=max", "segments.stride=0.25", *SHORT)
    data = two_after_another(load_run_data(run))
    trained = train(run, data=data)
    smooth = rescored(run, trained, data, lambda p: SMOOTHINGS[how](p, 3).max(0))
    for name in FINE:
        assert trained.metrics[0][f"val/{name}"] == pytest.approx(smooth[name], abs=1e-6), name


def test_smoothing_changes_what_clips_are_given(spec):
    run, plain = (
        spec("segments.smoothing=moving", "segments.aggregate=max", *SHORT),
        spec("segments.aggregate=max", *SHORT),
    )
    val = load_run_data(run).val
    logits = np.random.default_rng(0).normal(size=(len(windows_of(run, val)), 4)).astype(np.float32)
    assert not np.allclose(clip_probabilities(run, val, logits), clip_probabilities(plain, val, logits))


def test_crops_are_evenly_spaced_and_as_many_as_asked(spec, train):
    run = spec("segments.eval_windows=crops", "segments.eval_crops=3", *SHORT)
    trained = train(run)
    stored = read_predictions(trained.checkpoint / "predictions.parquet")[0][0]
    val = load_run_data(run).val
    for name, samples in zip(val.clip_ids, val.samples, strict=True):
        starts = stored.start_s[np.array(stored.clip_ids) == name]
        np.testing.assert_allclose(starts, np.linspace(0, len(samples) / 8000 - 0.3, 3), atol=1e-3)


GROUPS = (
    "evaluation.rare_below=8", "evaluation.frequent_above=8", "evaluation.polyphony=true", "evaluation.by=[site]",
    "evaluation.tune_thresholds=true",
)  # fmt: skip


def test_groups_have_the_same_names_in_every_epoch_and_in_one_that_diverged(spec, train, monkeypatch):
    steps = iter(range(100))
    bce = LOSSES["bce"]
    monkeypatch.setitem(LOSSES, "bce", lambda *args: bce(*args) * (math.nan if next(steps) > 9 else 1))
    reports = train(spec(*GROUPS, "training.epochs=4")).reports
    assert [report.state for report in reports] == ["running", "running", "diverged"]
    names = [set(report.metrics) for report in reports]
    assert names[0] == names[1] == names[2]
    for part in ("macro_f1@rare", "macro_auc@frequent", "map@common", "accuracy@polyphony=1", "macro_f1@tuned",
                 "map@site=north", "map@site=south", "map@site:mean", "map@site:worst"):  # fmt: skip
        assert f"val/{part}" in names[0]


def test_thresholds_are_tuned_on_training_clips_only(spec, train):
    """Validation clips with other labels: the thresholds, and so the decisions, stay."""
    run = spec(
        "evaluation.tune_thresholds=true", "training.epochs=3", "segments.eval_windows=head", "training.keep=last"
    )
    data = load_run_data(run)
    swapped = dataclasses.replace(data.val, targets=data.val.targets[:, [1, 0, 3, 2]])
    one = train(run, "one", data=data)
    other = train(run, "other", data=dataclasses.replace(data, val=swapped))
    learner = Learner(run, data, NoSession(CPU))
    learner.load(one.checkpoint)
    p = [1 / (1 + np.exp(-predict(learner.evaluated, run, part, NoSession(CPU)))) for part in (data.train, data.val)]
    thresholds = tune_thresholds(data.train.targets, p[0])
    for trained, val in ((one, data.val), (other, swapped)):
        f1 = f1_score(val.targets, p[1] > thresholds, average="macro", zero_division=0)
        assert trained.metrics[-1]["val/macro_f1@tuned"] == pytest.approx(f1, abs=1e-6)


# ---- mixing and augmentation


@pytest.mark.parametrize("mode", ["soft", "hard"])
@pytest.mark.parametrize("mixing", sorted(MIXINGS))
def test_every_mixing_trains_with_every_kind_of_target_and_resumes_to_the_bit(spec, resumes, mixing, mode):
    overrides = (f"mixing.name={mixing}", f"targets.mode={mode}", TWO)
    if mode == "hard" and mixing in ("multimix", "mix2"):
        with pytest.raises(SpecError, match=f"targets.mode must be soft for mixing.name={mixing}"):
            spec(*overrides)
        return
    trained = resumes(spec(*overrides))
    assert all(math.isfinite(m["train/loss"]) and math.isfinite(m["val/loss"]) for m in trained.metrics)


@pytest.mark.parametrize("partner", sorted(PARTNERS))
def test_partners_from_the_training_clips_are_mixed_in(spec, resumes, plain, partner):
    run = ("mixing.name=mixup", "mixing.p=1", TWO)
    assert resumes(spec(f"mixing.partner={partner}", *run)).weights != plain(*run)


def test_partners_of_the_same_site_are_refused_where_no_site_is_known(spec, changed):
    run = spec("mixing.name=mixup", "mixing.partner=same_site", ONE)
    data = load_run_data(run, changed(lambda clips: clips.assign(site=None)))
    with pytest.raises(SpecError, match=r"mixing.partner=same_site needs training clips that share a known site"):
        next(fit(run, data, NoSession(CPU)))


@pytest.mark.parametrize("name", sorted({*WAVEFORM, *SPECTROGRAM, "concatenate"}))
def test_every_augmentation_trains_changes_what_is_learnt_and_resumes_to_the_bit(spec, resumes, plain, name):
    trained = resumes(spec(f"augmentation.{name}.p=1", TWO))
    assert all(math.isfinite(m["train/loss"]) and math.isfinite(m["val/loss"]) for m in trained.metrics)
    assert trained.weights != plain(TWO)


@pytest.mark.parametrize(("name", "on"), [("gain", "waveform"), ("spec_augment", "spectrogram")])
def test_clips_are_augmented_before_they_are_mixed_when_asked(spec, train, name, on):
    run = (f"augmentation.{name}.p=1", "mixing.name=mixup", f"mixing.on={on}", "mixing.p=1", ONE)
    assert train(spec(*run), "after").weights != train(spec("augmentation.before_mixing=true", *run), "before").weights


@pytest.mark.parametrize("name", ["time_shift", "reverse"])
def test_what_can_be_done_to_either_is_done_to_the_spectrogram_when_asked(spec, train, name):
    runs = [spec(f"augmentation.{name}.p=1", f"augmentation.{name}.on={on}", ONE) for on in ("waveform", "spectrogram")]
    assert train(runs[0], "waveform").weights != train(runs[1], "spectrogram").weights
