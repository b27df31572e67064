"""Training on everything (`data.split.scheme: none`)."""

import math

import numpy as np
import pytest

from analysis.records.predictions import read_predictions
from trainers.data.dataset import load_run_data
from trainers.errors import SpecError

NONE = ("data.split.scheme=none", "training.epochs=2")
GROUPS = (
    "evaluation.rare_below=5", "evaluation.per_class=true", "evaluation.polyphony=true",
    "evaluation.tune_thresholds=true", "data.predict=[target]",
)  # fmt: skip


def test_everything_is_trained_on_and_validation_metrics_have_no_value(spec, train):
    run = spec(*NONE, *GROUPS)
    data = load_run_data(run)
    assert (len(data.train), len(data.val)) == (40, 0)
    trained = train(run)
    assert [report.state for report in trained.reports] == ["running", "finished"]
    assert [report.kept_epoch for report in trained.reports] == [1, 2]
    last = trained.metrics[-1]
    assert math.isfinite(last["train/loss"])
    assert all(math.isnan(value) for name, value in last.items() if name.startswith("val/"))
    with_validation = train(spec("training.epochs=1", *GROUPS), "validated").metrics[-1]
    assert set(last) == set(with_validation)


def test_logits_of_unlabelled_clips_are_kept_all_the_same(spec, train):
    parts, classes = read_predictions(train(spec(*NONE)).checkpoint / "predictions.parquet")
    assert [part.subset for part in parts] == ["target"]
    assert parts[0].logits.shape[1] == len(classes) == 4
    assert np.isfinite(parts[0].logits).all()


def test_a_stopped_run_goes_on_as_if_it_never_was(spec, train):
    run = spec(*NONE)
    whole = train(run, "whole")
    train(run, "stopped", upto=1)
    assert train(run, "stopped").outcome == whole.outcome


def test_groups_of_a_column_have_no_values_but_their_mean_and_worst(spec, train):
    metrics = train(spec(*NONE, "evaluation.by=[site]")).metrics[-1]
    assert {name for name in metrics if name.startswith("val/macro_auc@")} == {
        "val/macro_auc@site:mean",
        "val/macro_auc@site:worst",
    }


def test_a_frozen_network_is_cached_without_validation_clips_too(spec, train):
    run = spec(*NONE, "model.freeze=true", "segments.train_crop=center")
    assert train(run).reports[-1].state == "finished"


def test_a_decision_by_validation_is_refused(spec):
    with pytest.raises(SpecError, match=r"data\.split\.scheme must not be none for training\.keep=best"):
        spec(*NONE, "training.keep=best")
