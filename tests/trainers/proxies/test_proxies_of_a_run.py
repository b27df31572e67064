"""Proxies are computed once, of the checkpoint that is kept, and stored with it."""

import hashlib
import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.proxies.names import REPORTED
from analysis.records.predictions import read_predictions
from trainers.config.agreement import not_measured
from trainers.errors import SpecError
from trainers.proxies.compute import PROXIES
from trainers.proxies.weighted import weighted_macro_auc
from trainers.spec import SCHEMA_VERSION

ALL = (
    "proxies=[{name: rerender, scenes: 12}, {name: robustness, scenes: 10, snr_db: [10, 0]}, {name: unlabelled}, "
    "{name: augmented}, {name: embeddings}]"
)


@pytest.fixture(autouse=True)
def everything_at_home(at_home: None) -> None:
    """Every test here trains on `tones`."""


def macro_auc(targets: np.ndarray, logits: np.ndarray) -> float:
    known = [k for k in range(targets.shape[1]) if 0 < targets[:, k].sum() < len(targets)]
    return float(np.mean([roc_auc_score(targets[:, k], logits[:, k]) for k in known]))


def test_every_proxy_is_reported_with_the_kept_epoch_alone(spec, train):
    run = spec(ALL, "training.epochs=2")
    first, last = (set(metrics) for metrics in train(run).metrics)
    assert {name.partition("/")[0] for name in last - first} == set(PROXIES)
    assert not first - last
    assert [not_measured(name, run) for name in last - first] == [None] * len(last - first)
    promised = {f"{proxy}/{name}" for proxy, names in REPORTED.items() for name in names if proxy != "robustness"}
    promised |= {f"robustness/{name}@snr={snr}" for name in REPORTED["robustness"] for snr in (10, 0)}
    assert promised == last - first


def test_scores_of_scenes_are_those_of_the_stored_logits_and_labels(spec, train):
    trained = train(spec(ALL, "training.epochs=1"))
    parts = {part.subset: part for part in read_predictions(trained.checkpoint / "predictions.parquet")[0]}
    assert set(parts) == {"val", "target", "rerender", "robustness@snr=10", "robustness@snr=0", "target@augmented"}
    for subset, metric in (
        ("rerender", "rerender/macro_auc"),
        ("robustness@snr=0", "robustness/macro_auc@snr=0"),
        ("val", "val/macro_auc"),
    ):
        part = parts[subset]
        first = [row for row, clip in enumerate(part.clip_ids) if clip not in part.clip_ids[:row]]
        if len(first) == len(part.clip_ids):  # one window a clip, so that logits rank as the clips' probabilities do
            expected = macro_auc(part.targets, part.logits)
            assert trained.metrics[-1][metric] == pytest.approx(expected, abs=2e-3)
    assert parts["target"].targets is None
    assert parts["val"].targets is not None


def test_a_resumed_run_has_the_same_proxies(spec, train):
    run = spec(ALL, "training.epochs=2")
    whole = train(run, "whole")
    train(run, "stopped", upto=1)
    assert train(run, "stopped").outcome == whole.outcome


def test_proxies_change_the_key_of_those_runs_alone_that_ask_for_them(spec):
    plain = spec()
    resolved = {name: value for name, value in plain.resolved().items() if name != "proxies"}
    resolved["training"]["precision"] = "fp32"
    identity = {"schema": SCHEMA_VERSION, "spec": resolved, "data": "d", "world_size": 1}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    assert plain.key("d", 1, "fp32") == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert spec("proxies=[{name: unlabelled}]").key("d", 1, "fp32") != plain.key("d", 1, "fp32")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["proxies=[{name: rerender}, {name: rerender}]"], "differ in name or label"),
        (["proxies=[{name: rerender, subset: elsewhere}]"], r"named in data\.predict \(target\), got 'elsewhere'"),
        (["proxies=[{name: unlabelled}]", "data.split.scheme=none"], "they need validation clips"),
    ],
)
def test_what_can_not_be_computed_is_refused_before_training(spec, overrides, message):
    with pytest.raises(SpecError, match=message):
        spec(*overrides)


def test_a_target_shorter_than_a_segment_is_said(spec, train):
    from trainers.errors import DataError

    with pytest.raises(DataError, match="no clip of the target is as long as a segment"):
        train(spec("proxies=[{name: rerender}]", "segments.duration_s=3", "training.epochs=1"))


def test_weights_count_as_scikit_learn_counts_them():
    rng = np.random.default_rng(0)
    labels, scores, weights = (rng.random((30, 3)) < 0.4), rng.random((30, 3)), rng.random(30) + 0.1
    repeated = np.repeat(np.arange(30), np.rint(weights * 10).astype(int))
    expected = macro_auc(labels[repeated], scores[repeated])
    assert weighted_macro_auc(labels, scores, np.rint(weights * 10)) == pytest.approx(expected, abs=1e-12)


def test_the_third_part_is_scored_once_and_stored(spec, train):
    run = spec("data.split.test_fold=3", "data.split.n_folds=4", "training.epochs=2", "training.keep=best")
    trained = train(run)
    kept = trained.reports[-1].kept_epoch
    assert "test/macro_auc" in trained.metrics[kept - 1]
    parts = {part.subset: part for part in read_predictions(trained.ledger.checkpoint(kept) / "predictions.parquet")[0]}
    test = parts["test_fold"]
    assert not set(test.clip_ids) & set(parts["val"].clip_ids)
    clips = list(dict.fromkeys(test.clip_ids))
    rows = [[row for row, clip in enumerate(test.clip_ids) if clip == one] for one in clips]
    probabilities = 1 / (1 + np.exp(-test.logits.astype(float)))
    scores = np.stack([probabilities[own].mean(0) for own in rows])
    targets = np.stack([test.targets[own[0]] for own in rows])
    assert trained.metrics[kept - 1]["test/macro_auc"] == pytest.approx(macro_auc(targets, scores), abs=2e-3)


def test_choosing_by_the_test_part_is_refused(spec):
    with pytest.raises(SpecError, match="monitor"):
        spec("training.monitor=test/macro_auc")
