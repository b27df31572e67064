"""A sweep's folder gives back what it was given, says what is damaged, and becomes tables."""

import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis.errors import RecordsError
from analysis.records.predictions import Predictions, read_predictions, write_predictions
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder, sweep_names
from analysis.records.tables import collect, write_tables

DEFINITION = {
    "name": "tiny",
    "recipe": "chorus",
    "objective": {"metric": "val/map", "mode": "max", "epoch": "last"},
    "search": {"loss.name": {"choice": ["bce", "no", "1e-3", "ä: #"]}, "optimizer.lr": {"loguniform": [1e-4, 0.01]}},
    "trials": 3,
    "max_hours": None,
    "allow": [],
}


def plan(number, *keys, stage=SEARCH, candidate=None, **settings):
    keys = keys or (f"{stage}{number}",)
    runs = tuple(RunPlan(key, {"a": [1, None]}, fold, 5, 0, "stratified") for fold, key in enumerate(keys))
    return TrialPlan(stage, number, {"x[1]": 1}, settings or {"optimizer.lr": 0.1}, runs, candidate)


def train(folder, key, *values, finished=True, logits=0.0):
    """A run's ledger with an epoch for each value."""
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    for epoch, value in enumerate(values, 1):
        metrics = {"val/map": value, "train/loss": 1.0, "seconds": 2.0, "eval_seconds": 0.5, "clips_per_second": 9.0}
        state = "finished" if finished and epoch == len(values) else "running"
        record = {"epoch": epoch, "state": state, "metrics": metrics, "protocol": "p", "kept_epoch": epoch}
        ledger.publish(record, lambda path: save(path, logits))
    return ledger


def save(path, logits):
    part = Predictions("val", ("a",), np.zeros(1), np.full((1, 2), logits, np.float32))
    write_predictions(path / "predictions.parquet", [part], ("x", "y"))


@pytest.fixture
def folder(tmp_path):
    folder = sweep_folder(tmp_path, "tiny")
    folder.write_definition(DEFINITION)
    return folder


# ---- the folder


def test_what_was_written_is_read_back(folder):
    plans = [plan(0, "a", "b"), plan(1, **{"mixing.alpha": None, "loss.name": "bce"}), plan(2)]
    ends = [TrialEnd("complete", ((1, 0.25), (2, 0.1 + 0.2))), None, TrialEnd("failed", (), "why")]
    for one, end in zip(plans, ends, strict=True):
        folder.ask(one)
        if end is not None:
            folder.end(one, end)
    assert folder.trials(SEARCH) == list(zip(plans, ends, strict=True))
    assert folder.trials(CONFIRM) == []
    assert folder.definition() == DEFINITION
    folder.write_command("platform sweep 'a b.yaml'")
    assert folder.command == "platform sweep 'a b.yaml'"


def test_a_diverged_end_keeps_its_nan(folder):
    folder.ask(plan(0))
    folder.end(plan(0), TrialEnd("diverged", ((1, 0.5), (2, math.nan))))
    ((_, end),) = folder.trials(SEARCH)
    assert end.scores[0] == (1, 0.5)
    assert math.isnan(end.score)


def test_trials_come_by_number_beyond_ten_thousand_too(folder):
    numbers = [10_000, 9_999, 2, 100_000]
    for number in numbers:
        folder.ask(plan(number))
    assert [one.number for one, _ in folder.trials(SEARCH)] == sorted(numbers)
    assert folder.next_number(SEARCH) == 100_001
    assert folder.next_number(CONFIRM) == 0


def test_a_damaged_trial_is_named_and_a_damaged_end_is_none(folder):
    for number in (0, 1):
        folder.ask(plan(number))
        folder.end(plan(number), TrialEnd("complete", ((1, 0.5),)))
    end = folder.path / "trials" / "search-0000.end.json"
    end.write_bytes(end.read_bytes()[:-9])
    assert [one is None for _, one in folder.trials(SEARCH)] == [True, False]
    trial = folder.path / "trials" / "search-0001.json"
    trial.write_text(trial.read_text().replace("0.1", "0.2"))
    with pytest.raises(RecordsError, match=r"search-0001\.json: damaged\. Try: remove it"):
        folder.trials(SEARCH)


def test_the_end_of_a_removed_trial_is_not_that_of_the_next_with_its_number(folder):
    folder.ask(plan(0))
    folder.end(plan(0), TrialEnd("complete", ((1, 0.5),)))
    (folder.path / "trials" / "search-0000.json").unlink()
    folder.ask(plan(0, "other"))
    assert [end for _, end in folder.trials(SEARCH)] == [None]


@pytest.mark.parametrize("text", ["a: [", "", "- 1\n", "\x00"])
def test_a_damaged_definition_is_named(folder, text):
    (folder.path / "sweep.yaml").write_text(text)
    with pytest.raises(RecordsError, match=r"sweep\.yaml: damaged\. Try: "):
        folder.definition()


def test_sweeps_are_listed_by_name_and_a_folder_without_one_is_none(tmp_path, folder):
    assert sweep_names(tmp_path / "nothing") == []
    (tmp_path / "sweeps" / "empty").mkdir()
    sweep_folder(tmp_path, "also").write_definition(DEFINITION)
    assert sweep_names(tmp_path) == ["also", "tiny"]


# ---- the tables


@pytest.fixture
def swept(folder):
    """Two runs a trial; one trial complete, one stopped early, one going on, one confirmed."""
    for number, (end, finished) in enumerate(
        [(TrialEnd("complete", ((1, 0.5), (2, 0.7))), True), (TrialEnd("pruned", ((1, 0.3),)), False), (None, False)]
    ):
        one = plan(number, f"{number}a", f"{number}b", **{"loss.name": "bce", "data.split.group_by": ["author"]})
        folder.ask(one)
        values = [score for _, score in end.scores] if end else [0.1]
        train(folder, f"{number}a", *(v - 0.1 for v in values), finished=finished)
        train(folder, f"{number}b", *(v + 0.1 for v in values), finished=finished)
        if end:
            folder.end(one, end)
    again = plan(0, "c", stage=CONFIRM, candidate=0)
    folder.ask(again)
    train(folder, "c", 0.6)
    folder.end(again, TrialEnd("complete", ((1, 0.6),)))
    return folder


def test_one_row_a_trial_with_its_spread_and_settings(swept):
    trials = collect(swept, "interrupted").trials
    assert list(trials["state"]) == ["complete", "pruned", "interrupted", "complete"]
    assert list(trials["stage"]) == [SEARCH] * 3 + [CONFIRM]
    first = trials.iloc[0]
    assert (first["score"], first["epochs"], first["seconds"]) == (0.7, 2, 2 * 2 * 2.5)
    assert first["score_sd"] == pytest.approx(np.std([0.6, 0.8], ddof=1))
    assert first["runs"] == ["0a", "0b"]
    assert first["param.data.split.group_by"] == '["author"]'
    assert math.isnan(trials["score"][2])
    assert trials["epochs"][2] == 1
    assert math.isnan(trials["score_sd"][3]), "one run has no spread"
    assert trials["candidate"][3] == 0


def test_a_trial_says_how_long_its_runs_were_to_be(folder):
    derived = TrialPlan(SEARCH, 0, {}, {}, (RunPlan("a", {"training": {"epochs": 20}}, 0, 5, 0, "stratified"),))
    for one in (derived, plan(1)):
        folder.ask(one)
    planned = collect(folder, "running").trials["planned_epochs"]
    assert planned[0] == 20
    assert math.isnan(planned[1])


def test_one_row_a_run_and_epoch(swept):
    epochs = collect(swept, "running").epochs
    assert len(epochs) == 4 + 2 + 2 + 1
    assert not epochs.duplicated(["stage", "trial", "run", "epoch"]).any()
    row = epochs[(epochs["run"] == "0b") & (epochs["epoch"] == 2)].iloc[0]
    assert (row["fold"], row["seed"], row["split"], row["protocol"], row["attempt"]) == (1, 5, "stratified", "p", 1)
    assert row["val/map"] == pytest.approx(0.8)


def test_a_sweep_without_trials_has_empty_tables_that_can_be_written(tmp_path, folder):
    tables = collect(folder, "running")
    assert len(tables.trials) == len(tables.epochs) == 0
    write_tables(tmp_path, "tiny", tables, folder)
    assert "score" in pd.read_parquet(tmp_path / "runs" / "tiny" / "trials.parquet")


def test_the_files_hold_the_tables_with_their_schema_version(tmp_path, swept):
    tables = collect(swept, "interrupted")
    write_tables(tmp_path, "tiny", tables, swept)
    for name, table in (("trials", tables.trials), ("epochs", tables.epochs)):
        path = tmp_path / "runs" / "tiny" / f"{name}.parquet"
        read = pd.read_parquet(path)
        assert list(read) == list(table)
        assert len(read) == len(table)
        assert pq.read_schema(path).metadata[b"tuneful_schema"] == b"1"


def test_predictions_are_those_of_the_kept_epoch_also_after_a_run_was_gone_on_with(tmp_path, folder):
    folder.ask(plan(0, "a"))
    target = tmp_path / "predictions" / "tiny" / "a.parquet"

    def gathered():
        write_tables(tmp_path, "tiny", collect(folder, "running"), folder)
        return read_predictions(target)[0][0].logits[0, 0] if target.exists() else None

    ledger = train(folder, "a", 0.1, finished=False, logits=1.0)
    assert gathered() is None, "a run that goes on has none yet"
    ledger.finish("pruned", 1)
    assert gathered() == 1.0
    before = target.stat().st_mtime_ns
    assert gathered() == 1.0
    assert target.stat().st_mtime_ns == before
    record = {"epoch": 2, "state": "finished", "metrics": {"val/map": 0.2}, "protocol": "p", "kept_epoch": 2}
    ledger.begin({"key": "a"}, 1)
    ledger.publish(record, lambda path: save(path, 2.0))
    ledger.finish("finished", 2)
    assert gathered() == 2.0


def test_nothing_half_written_is_left(tmp_path, swept):
    write_tables(tmp_path, "tiny", collect(swept, "running"), swept)
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]
    assert isinstance(swept, SweepFolder)
