"""fit: deterministic for its key, the same when stopped and gone on with, and right about what it reports."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.metrics import METRICS, evaluate
from analysis.records.predictions import read_predictions
from trainers import fit as fit_module
from trainers.data.catalogue import load_catalogue
from trainers.data.dataset import load_run_data
from trainers.errors import CheckpointError, DataError, DeviceError, SpecError
from trainers.fit import fit
from trainers.losses.functions import LOSSES, build_loss
from trainers.models.tagger import Tagger
from trainers.training.batches import batches_per_epoch, train_batches
from trainers.training.checkpoint import load_weights
from trainers.training.device import resolve_precision
from trainers.training.evaluate import Evaluator
from trainers.training.learner import Learner
from trainers.training.session import NoSession, better

CPU = torch.device("cpu")
EVERYTHING = (  # all that draws random numbers
    "model.dropout=0.2", "model.drop_path=0.1", "mixing.name=mixup", "augmentation.spec_augment.p=0.7",
    "segments.crops_per_clip=2", "training.grad_clip=1.0", "targets.smoothing=0.05",
)  # fmt: skip
FROZEN = ("model.freeze=true", "segments.train_crop=center", "front_end.normalization=dataset", "training.epochs=3")
BATCH_STATISTICS = ("model.backbone=test_resnet", "mixing.name=mixup", "model.dropout=0.2", "training.epochs=3")


def report_instead(monkeypatch, value):
    """Epochs report `value()` as their macro AUC."""
    measured = Evaluator.metrics
    monkeypatch.setattr(Evaluator, "metrics", lambda *a: {**measured(*a), "val/macro_auc": value()})


# ---- the same numbers, however they came about


@pytest.mark.parametrize(
    "overrides",
    [EVERYTHING, BATCH_STATISTICS, FROZEN],
    ids=["everything random", "batch statistics", "embeddings of measured statistics"],
)
def test_a_stopped_run_that_goes_on_is_bit_for_bit_the_one_never_stopped(spec, train, overrides):
    run = spec(*overrides)
    whole = train(run, "whole")
    assert repr(train(run, "stopped", upto=2).metrics) == repr(whole.metrics[:2])
    torch.manual_seed(999)  # another process would be in another state
    stopped = train(run, "stopped")
    assert [report.epoch for report in stopped.reports] == list(range(3, run.training.epochs + 1))
    assert stopped.outcome == whole.outcome


def test_two_fresh_runs_are_bit_for_bit_the_same(spec, train):
    torch.manual_seed(1)
    one = train(spec(*EVERYTHING, "training.epochs=2"), "one")
    torch.manual_seed(2)
    np.random.seed(3)
    assert train(spec(*EVERYTHING, "training.epochs=2"), "other").outcome == one.outcome


@pytest.mark.long
def test_a_fresh_process_is_bit_for_bit_like_one_that_trained_something_else_before(spec, train, tmp_path):
    run = spec(*EVERYTHING, "training.epochs=2")
    job = {"specs": [run.resolved()], "ledgers": str(tmp_path / "fresh"), "rank": 0, "world_size": 1}
    fresh = subprocess.Popen([sys.executable, Path(__file__).with_name("worker.py"), json.dumps(job)])
    train(spec("model.backbone=test_resnet", "seed=9", "training.epochs=1"), "before")
    used = train(run, "used")
    assert fresh.wait() == 0
    ledger = type(used.ledger)(tmp_path / "fresh" / "0")
    assert type(used)(ledger, []).outcome == used.outcome


def test_runs_that_advance_side_by_side_are_bit_for_bit_the_same_alone(spec, train):
    specs = [spec(*EVERYTHING, "training.epochs=2", f"seed={seed}") for seed in (0, 1)]
    alone = [train(run, f"alone {run.seed}") for run in specs]
    together = [fit(run, load_run_data(run), NoSession(CPU)) for run in specs]
    reports = [[next(iterator) for iterator in together] for _ in range(2)]
    for number, run in enumerate(alone):
        for epoch, metrics in enumerate(run.metrics):
            ours = reports[epoch][number].metrics
            assert {name: ours[name] for name in metrics} == pytest.approx(metrics, abs=0, rel=0, nan_ok=True)


def test_the_random_states_of_the_process_are_left_alone(spec, train):
    torch.manual_seed(5)
    np.random.seed(6)
    before, np_before = torch.get_rng_state(), np.random.get_state()
    train(spec(*EVERYTHING, "training.epochs=1"))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(np.array_equal(a, b) for a, b in zip(np_before, np.random.get_state(), strict=True))


def test_another_seed_is_another_run(spec, train):
    assert train(spec("training.epochs=1"), "a").weights != train(spec("training.epochs=1", "seed=1"), "b").weights


def test_the_golden_numbers_of_a_tiny_run(spec, train):
    first, second = train(spec("seed=3", "training.epochs=2")).metrics
    assert (first["train/loss"], first["val/loss"]) == pytest.approx((0.5185, 0.2275), rel=2e-4)
    assert (second["train/loss"], second["val/loss"]) == pytest.approx((0.1550, 0.1934), rel=5e-4)


# ---- what is reported


def test_it_learns_to_tell_tones_apart(spec, train):
    trained = train(spec())
    assert trained.metrics[-1]["val/macro_auc"] > 0.9
    assert trained.metrics[-1]["train/loss"] < 0.5 * trained.metrics[0]["train/loss"]


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_every_loss_trains_with_every_kind_of_target(spec, train, loss, mode):
    run = spec(f"loss.name={loss}", f"targets.mode={mode}", "mixing.name=mixup", "training.epochs=1")
    (metrics,) = train(run).metrics
    assert set(metrics) == {"train/loss", "val/loss", "val/absent_classes", *(f"val/{name}" for name in METRICS)}
    assert math.isfinite(metrics["val/loss"])
    assert 0 <= metrics["val/macro_auc"] <= 1


def test_epochs_are_numbered_from_one_and_the_last_says_so(spec, train):
    trained = train(spec("training.epochs=2"))
    assert [(r.epoch, r.state, r.kept_epoch) for r in trained.reports] == [(1, "running", 1), (2, "finished", 2)]
    assert trained.reports[0].protocol == load_run_data(spec()).protocol
    assert all(m["seconds"] > 0 for m in (r.metrics for r in trained.reports))


@pytest.mark.parametrize(
    "overrides", [["targets.secondary_weight=0.6"], ["targets.secondary_weight=0.2", "targets.mode=hard"]]
)
def test_which_classes_are_rare_is_up_to_the_labels_and_not_to_the_targets(spec, overrides):
    catalogue, run = load_catalogue("tones"), spec(*overrides)
    catalogue.clips["secondary_labels"] = [["ash"]] * len(catalogue.clips)
    data = load_run_data(run, catalogue)
    counts = Evaluator(run, data, build_loss(run.loss, data.train.targets)).train_labels.sum(0).tolist()
    assert counts == [int((data.train.clips["labels"].str[0] == name).sum()) for name in data.classes]
    assert counts != (data.train.targets > 0.5).sum(0).tolist()


def test_stored_logits_give_the_reported_scores(spec, train):
    trained = train(spec("training.epochs=1", "segments.duration_s=0.3"))
    parts, classes = read_predictions(trained.checkpoint / "predictions.parquet")
    val = load_run_data(spec()).val
    assert classes == ("ash", "birch", "cedar", "date")
    part = parts[0]
    ids = np.array(part.clip_ids)
    assert len(ids) > len(val)  # clips of more than one window
    p = np.stack([(1 / (1 + np.exp(-part.logits[ids == name]))).mean(0) for name in val.clip_ids])
    for name, value in evaluate(val.targets, p).items():
        assert trained.metrics[0][f"val/{name}"] == pytest.approx(value, abs=0.02, nan_ok=True), name  # float16


def test_unlabelled_subsets_are_predicted_after_the_last_epoch_alone(spec, train):
    run = spec("training.epochs=2", "data.predict=[target, elsewhere]")
    stopped = train(run, upto=1)
    assert [p.subset for p in read_predictions(stopped.checkpoint / "predictions.parquet")[0]] == ["val"]
    parts, _ = read_predictions(train(run).checkpoint / "predictions.parquet")
    assert [p.subset for p in parts] == ["val", "target"]
    assert set(parts[1].clip_ids) == {f"{n}.wav" for n in range(40, 45)}


def test_keep_best_keeps_the_best_epoch_also_over_a_stop(spec, train, monkeypatch):
    scores = iter([0.6, 0.9, 0.7, 0.8])
    report_instead(monkeypatch, lambda: next(scores))
    run = spec("training.keep=best")
    train(run, upto=3)
    trained = train(run)
    assert [record["kept_epoch"] for record in trained.ledger.epochs()] == [1, 2, 2, 2]
    trained.ledger.finish("finished", 2)
    assert trained.ledger.newest_checkpoint()[0] == 2


def test_without_any_score_the_last_epoch_is_kept(spec, train, monkeypatch):
    report_instead(monkeypatch, lambda: math.nan)
    trained = train(spec("training.keep=best", "training.epochs=2"))
    assert [report.kept_epoch for report in trained.reports] == [1, 2]


@pytest.mark.parametrize("direction", ["max", "min"])
def test_a_nan_is_never_better(direction):
    assert better(0.1, math.nan, direction)
    assert not better(math.nan, math.nan, direction)
    assert not better(math.nan, 0.1, direction)
    assert not better(0.5, 0.5, direction)


def test_better_is_larger_or_for_a_loss_smaller():
    assert better(0.6, 0.5, "max")
    assert not better(0.6, 0.5, "min")
    assert better(0.4, 0.5, "min")


# ---- diverged


@pytest.mark.parametrize("keep", ["last", "best"])
def test_a_loss_that_is_no_number_ends_the_run_as_diverged(spec, train, monkeypatch, keep):
    steps = iter(range(100))

    def failing(logits, targets, loss_spec, weights):
        per_sample = LOSSES["ce"](logits, targets, loss_spec, weights)
        return per_sample * math.nan if next(steps) >= 8 else per_sample  # in the third epoch

    monkeypatch.setitem(LOSSES, "bce", failing)
    monkeypatch.setattr(Evaluator, "_loss", lambda *_: 0.5)
    report_instead(monkeypatch, lambda: 0.5)
    trained = train(spec(f"training.keep={keep}"))
    assert [report.state for report in trained.reports] == ["running", "running", "diverged"]
    last = trained.reports[-1]
    assert math.isnan(last.metrics["train/loss"])
    assert all(math.isnan(last.metrics[f"val/{name}"]) for name in ["loss", *METRICS])
    assert last.kept_epoch == (2 if keep == "last" else 1)
    assert trained.ledger.newest_checkpoint()[0] == last.kept_epoch
    trained.ledger.finish("diverged", last.kept_epoch)
    assert trained.ledger.checkpoint(last.kept_epoch) is not None


def test_a_huge_learning_rate_diverges_in_the_first_epoch_without_a_checkpoint(spec, train):
    trained = train(
        spec("optimizer.lr=10", "optimizer.weight_decay=1000", "schedule.name=constant", "training.epochs=9")
    )
    assert trained.reports[-1].state == "diverged"
    assert trained.ledger.checkpoint(trained.reports[-1].epoch) is None


def test_outputs_that_are_no_numbers_are_diverged_though_the_loss_was(spec, train, monkeypatch):
    monkeypatch.setattr(fit_module, "predict", lambda *_: np.full((10, 4), np.nan, np.float32))
    trained = train(spec("training.epochs=2"))
    assert [(r.state, r.kept_epoch) for r in trained.reports] == [("diverged", None)]
    assert trained.ledger.newest_checkpoint() is None


# ---- refused


def test_a_batch_larger_than_the_data_is_refused(spec):
    with pytest.raises(
        DataError, match=r"training.batch_size is 64, .* has only 30 training segments an epoch. Try: training"
    ):
        load_run_data(spec("training.batch_size=64"))
    assert load_run_data(spec("training.batch_size=64", "segments.crops_per_clip=3")).classes


def test_an_unknown_backbone_gets_the_nearest_name(spec, train):
    with pytest.raises(SpecError, match=r"model.backbone 'test_resnett' is no timm model. Did you mean test_resnet\?"):
        train(spec("model.backbone=test_resnett"))


def test_weights_that_do_not_exist_are_refused(spec, train):
    with pytest.raises(SpecError, match=r"'test_resnet.none': timm has no weights 'none' of it. Known: r160_in1k"):
        train(spec("model.backbone=test_resnet.none"))


def test_an_option_that_a_backbone_has_not_is_refused(spec, train):
    with pytest.raises(SpecError, match="vgg11 does not take these options"):
        train(spec("model.backbone=vgg11", "model.drop_path=0.1"))


def test_precision_on_a_cpu_is_fp32():
    assert resolve_precision("auto", CPU) == "fp32"
    with pytest.raises(DeviceError, match=r"fp16 needs a GPU. Try: training.precision=auto"):
        resolve_precision("fp16", CPU)


def test_bf16_trains_on_a_cpu_too(spec, train):
    (metrics,) = train(spec("training.precision=bf16", "training.epochs=1")).metrics
    assert math.isfinite(metrics["train/loss"])


# ---- checkpoints


def test_a_checkpoint_is_safetensors_json_and_parquet_without_pickle(spec, train):
    folder = train(spec("training.epochs=1")).checkpoint
    names = {path.name for path in folder.iterdir()}
    assert names == {"MANIFEST.json", "model.safetensors", "optimizer.safetensors", "predictions.parquet", "state.json"}
    for path in folder.iterdir():
        head = path.read_bytes()[:4]
        assert not head.startswith((b"\x80", b"PK"))  # pickle, and the zip that torch.save writes
    assert load_file(folder / "model.safetensors").keys() == Tagger(spec(), 4).state_dict().keys()
    json.loads((folder / "state.json").read_text())


@pytest.mark.parametrize(
    ("overrides", "classes", "message"),
    [
        (["model.backbone=test_resnet"], 4, r"not a checkpoint of this model: \d+ tensors differ \(features.backbone"),
        ([], 7, r"2 tensors differ \(head.linear.bias 4 for 7, head.linear.weight 4x\d+ for 7x\d+\)"),
        (["front_end.n_mels=16"], 4, r"1 tensors differ \(features.front_end.mel.mel_scale.fb 129x32 for 129x16\)"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_says_what_differs(spec, train, overrides, classes, message):
    folder = train(spec("training.epochs=1")).checkpoint
    with pytest.raises(CheckpointError, match=message):
        load_weights(folder, Tagger(spec(*overrides), classes))


def test_going_on_with_another_model_is_refused(spec, train):
    train(spec(), upto=1)
    with pytest.raises(CheckpointError, match="not a checkpoint of this model"):
        train(spec("model.backbone=test_resnet"))


@pytest.mark.parametrize("content", [b"", b"12", b"\x80\x04pickle", None])
def test_a_file_that_is_no_checkpoint_is_refused(spec, tmp_path, content):
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="not readable as a checkpoint"):
        load_weights(tmp_path, Tagger(spec(), 4))


def test_weights_of_another_dtype_are_taken(spec, tmp_path):
    model = Tagger(spec(), 4)
    save_file({k: v.to(torch.float64) for k, v in model.state_dict().items()}, tmp_path / "model.safetensors")
    load_weights(tmp_path, model)
    assert model.head.linear.weight.dtype == torch.float32


# ---- embeddings


def test_only_windows_that_a_run_looks_at_are_embedded(spec):
    frozen = ("model.freeze=true", "segments.train_crop=center", "segments.duration_s=0.3")
    embedded = {}
    for tuned in ("false", "true"):
        run = spec(*frozen, f"evaluation.tune_thresholds={tuned}")
        data = Learner(run, load_run_data(run), NoSession(CPU)).data
        embedded[tuned] = len(data.train.embeddings.values)
    assert embedded["false"] == len(data.train) < embedded["true"]


# ---- batches


def test_an_epoch_sees_every_clip_once_but_for_the_rest(spec):
    run = spec("training.batch_size=7")
    data = load_run_data(run)
    seen = torch.cat([batch.targets for batch in train_batches(run, data.train, 1, 0, 1)])
    assert len(seen) == batches_per_epoch(run, data.train) * 7 == 28
    assert (seen.sum(0) <= torch.from_numpy(data.train.targets).sum(0)).all()


def test_epochs_have_orders_of_their_own(spec):
    data = load_run_data(spec())
    one, two = (next(train_batches(spec(), data.train, epoch, 0, 1)).samples for epoch in (1, 2))
    assert not torch.equal(one, two)


def test_the_shares_of_workers_make_up_the_batch_of_one(spec):
    run, data = spec(), load_run_data(spec())
    alone = list(train_batches(run, data.train, 3, 0, 1))
    shares = [list(train_batches(run, data.train, 3, rank, 4)) for rank in range(4)]
    for number, batch in enumerate(alone):
        assert torch.equal(batch.samples, torch.cat([share[number].samples for share in shares]))
        assert torch.equal(batch.targets, torch.cat([share[number].targets for share in shares]))


def test_validation_clips_are_not_trained_on(spec):
    for fold in range(4):
        data = load_run_data(spec(f"data.fold={fold}"))
        assert not set(data.train.clip_ids) & set(data.val.clip_ids)
        assert len(data.train) + len(data.val) == 40


def test_the_protocol_is_that_of_the_evaluation_alone(spec):
    protocol = load_run_data(spec()).protocol
    for same in ("seed=4", "optimizer.lr=0.1", "segments.train_crop=head", "targets.mode=hard"):
        assert load_run_data(spec(same)).protocol == protocol
    for other in ("data.fold=1", "segments.aggregate=max", "segments.duration_s=1.0", "segments.eval_windows=head"):
        assert load_run_data(spec(other)).protocol != protocol


def test_smoothing_moves_a_share_of_every_target_to_all_classes(spec, train, monkeypatch):
    seen = []

    def spying(logits, targets, loss_spec, weights):
        seen.append(targets.clone())
        return LOSSES["ce"](logits, targets, loss_spec, weights)

    monkeypatch.setitem(LOSSES, "bce", spying)
    monkeypatch.setattr(Evaluator, "_loss", lambda *_: 0.5)
    train(spec("targets.smoothing=0.2", "training.epochs=1"))
    values = torch.cat(seen).unique()
    torch.testing.assert_close(values, torch.tensor([0.05, 0.85]))
    torch.testing.assert_close(torch.cat(seen).sum(1), torch.ones(24))
