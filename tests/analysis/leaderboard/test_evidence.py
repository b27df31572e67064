"""Submissions joined with the ledgers of their runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.leaderboard.aggregates import aggregates
from analysis.leaderboard.collect import collect_evidence, score_direction
from analysis.records.submissions import Member, Submission, add_submission
from analysis.records.sweep import RunPlan, TrialPlan, sweep_folder

AUC, LOSS = "val/macro_auc", "val/loss"


def run(results: Path, number: int, values: list[float], **settings: Any) -> str:
    """A finished run of the sweep `loss` with these validation scores; returns its key."""
    folder, key = sweep_folder(results, "loss"), f"{number:016x}"
    spec = {"loss": {"name": settings.get("loss", "bce")}, "data": {"fold": 0, "predict": ["target"]}, "seed": number}
    plan = RunPlan(key, spec, 0, number, 0, "stratified")
    folder.ask(TrialPlan("search", number, {}, {}, (plan,)))
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    for epoch, value in enumerate(values, 1):
        metrics = {AUC: value, LOSS: 1 - value, "seconds": 3.0}
        if epoch == len(values):
            metrics["rerender/macro_auc"] = value / 2
        state = "finished" if epoch == len(values) else "running"
        record = {"epoch": epoch, "state": state, "metrics": metrics, "protocol": "p", "kept_epoch": epoch}
        ledger.publish(record, None)
    ledger.finish("finished", len(values))
    return key


def submit(results: Path, name: str, *keys: str, epoch: int | None = None, public: float | None = 0.7) -> None:
    members = tuple(Member("loss", key, epoch) for key in keys)
    add_submission(results, Submission("birds", name, members, public))


def test_scores_are_those_after_the_submitted_epoch_and_their_aggregates(tmp_path):
    submit(tmp_path, "whole", run(tmp_path, 1, [0.5, 0.9, 0.8, 0.7]))
    submit(tmp_path, "early", run(tmp_path, 2, [0.5, 0.9, 0.8, 0.7], loss="ce"), epoch=2)
    table = collect_evidence(tmp_path, "birds").table
    assert list(table["score.val/macro_auc"]) == [0.7, 0.9]
    assert list(table["score.val/macro_auc|best"]) == [0.9, 0.9]
    assert list(table["score.val/macro_auc|mean_last_3"]) == pytest.approx([0.8, 0.7])
    assert list(table["score.val/loss|best"]) == pytest.approx([0.1, 0.1])
    assert table["score.rerender/macro_auc"].iloc[0] == 0.35
    assert np.isnan(table["score.rerender/macro_auc"].iloc[1])


def test_settings_are_those_that_differ_and_repeats_are_one_configuration(tmp_path):
    for number, loss in enumerate(["bce", "bce", "ce"]):
        submit(tmp_path, f"s{number}", run(tmp_path, number, [0.6, 0.7], loss=loss))
    evidence = collect_evidence(tmp_path, "birds")
    assert evidence.settings == ("loss.name",)
    assert list(evidence.table["param.loss.name"]) == ["bce", "bce", "ce"]
    first, second, third = evidence.table["configuration"]
    assert first == second != third


def test_an_ensemble_has_its_members_mean(tmp_path):
    keys = [run(tmp_path, number, [value, value]) for number, value in enumerate([0.6, 0.8])]
    submit(tmp_path, "both", *keys)
    table = collect_evidence(tmp_path, "birds").table
    assert table["score.val/macro_auc"].iloc[0] == pytest.approx(0.7)
    assert table["members"].iloc[0] == 2


def test_what_is_of_no_run_is_named_with_the_reason(tmp_path):
    submit(tmp_path, "foreign")
    submit(tmp_path, "gone", "f" * 16)
    submit(tmp_path, "later", run(tmp_path, 1, [0.5]), epoch=9)
    evidence = collect_evidence(tmp_path, "birds")
    assert evidence.table.empty
    assert [text.split(": ")[0] for text in evidence.left_out] == ["1 foreign", "2 gone", "3 later"]


def test_a_loss_is_turned_so_that_higher_is_better(tmp_path):
    submit(tmp_path, "a", run(tmp_path, 1, [0.5, 0.6]))
    evidence = collect_evidence(tmp_path, "birds")
    assert evidence.score(LOSS).iloc[0] == pytest.approx(-0.4)
    assert evidence.score(AUC).iloc[0] == 0.6


@pytest.mark.parametrize(
    ("name", "expected"),
    [("val/loss|best", "min"), (AUC, "max"), ("embeddings/mmd", "min"), ("robustness/macro_auc@snr=0", "max")],
)
def test_directions_are_known(name, expected):
    assert score_direction(name) == expected


def test_a_history_with_gaps_has_no_aggregates():
    found = aggregates([{AUC: 0.5}, {AUC: 0.6, "unlabelled/atc": 0.3}], 2)
    assert found == {AUC: 0.6, f"{AUC}|best": 0.6, f"{AUC}|mean_last_3": 0.55, "unlabelled/atc": 0.3}


def test_predictions_of_another_epoch_are_not_taken_for_those_submitted(tmp_path):
    key = run(tmp_path, 1, [0.5, 0.9, 0.8])
    stored = tmp_path / "predictions" / "loss" / f"{key}.parquet"
    stored.parent.mkdir(parents=True)
    stored.touch()
    submit(tmp_path, "kept", key)
    submit(tmp_path, "early", key, epoch=2)
    assert collect_evidence(tmp_path, "birds").predictions == {"1 kept": (stored,)}
