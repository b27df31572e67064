"""A metric's name is a column whatever stands in it, and an undefined metric is an empty cell."""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.metrics import METRICS
from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from analysis.records.tables import collect, write_tables
from tuneful.cli.results import as_rich, fitting, telling, trial_table

OBJECTIVE = "val/macro_auc@site=A b/c, d=e:f"
NAMES = ["train/loss", "val/loss", *(f"val/{name}" for name in METRICS), "val/map@polyphony=3+", OBJECTIVE]
SCORES = (0.25, 0.75)


def swept(root, metrics_of):
    """A sweep of two trials of one run with two epochs; `metrics_of(trial, epoch)` is what each reports."""
    folder = sweep_folder(root, "named")
    objective = {"metric": OBJECTIVE, "mode": "max", "epoch": "last"}
    folder.write_definition({"name": "named", "recipe": "chorus", "objective": objective, "search": {}, "trials": 2})
    for number in range(2):
        run = RunPlan(f"run{number}", {}, 0, 0, 0, "stratified")
        plan = TrialPlan(SEARCH, number, {}, {"optimizer.lr": number + 1.0}, (run,), None)
        folder.ask(plan)
        ledger = folder.ledger(run.key)
        ledger.begin({"key": run.key}, 0)
        for epoch in (1, 2):
            record = {"epoch": epoch, "state": "running", "metrics": metrics_of(number, epoch), "protocol": "p"}
            ledger.publish({**record, "kept_epoch": epoch}, no_files)
        folder.end(plan, TrialEnd("complete", ((2, SCORES[number]),)))
    return folder


def no_files(path):
    """A checkpoint without any."""


def reported(number: int, epoch: int) -> dict[str, float]:
    metrics = dict.fromkeys(NAMES, 0.5) | {"val/icbhi_score": math.nan, OBJECTIVE: SCORES[number]}
    return {**metrics, "seconds": 1.0, "eval_seconds": 1.0}


@pytest.fixture
def folder(tmp_path) -> SweepFolder:
    return swept(tmp_path, reported)


def test_every_metric_has_a_column_in_the_files_and_nan_stays_nan(folder, tmp_path):
    write_tables(tmp_path / "out", "named", collect(folder, "running"), folder)
    epochs = pd.read_parquet(tmp_path / "out" / "runs" / "named" / "epochs.parquet")
    assert set(NAMES) <= set(epochs)
    assert epochs[OBJECTIVE].tolist() == [0.25, 0.25, 0.75, 0.75]
    assert np.isnan(epochs["val/icbhi_score"]).all()


def test_the_table_of_trials_is_sorted_by_any_of_them_and_json_can_be_read(folder):
    table = trial_table(folder, OBJECTIVE)
    assert table["trial"].tolist() == [1, 0]
    assert set(NAMES) <= set(table)
    (first, _) = json.loads(table.to_json(orient="records"))
    assert first[OBJECTIVE] == 0.75
    assert first["val/icbhi_score"] is None
    assert OBJECTIVE in pd.read_csv(io.StringIO(table.to_csv(index=False)))


def test_the_terminal_shows_the_main_metrics_and_that_sorted_by(folder):
    shown = [str(name) for name in telling(trial_table(folder, OBJECTIVE), OBJECTIVE) if "/" in str(name)]
    assert sorted(shown) == sorted(["train/loss", "val/loss", "val/macro_auc", "val/macro_f1", "val/map", OBJECTIVE])
    assert OBJECTIVE not in telling(trial_table(folder, "score"), "score")


@pytest.mark.parametrize("width", [80, 100, 140, 300])
def test_a_narrow_terminal_shows_scores_and_settings_uncut(width):
    table = pd.DataFrame({
        "trial": [0, 1], "stage": "search", "state": "complete", "score": [0.71234, 0.5], "epochs": 12, "seconds": 1.5,
        "param.mixing.name": ["mixup", "mix2"], "param.mixing.alpha": [0.5, None],
        "param.training.batch_size": [16, 32],
        "train/loss": 0.1, "val/loss": 0.2, "val/macro_auc": 0.3, "val/macro_f1": 0.4, "val/map": 0.5, "val/cmap": 0.6,
    })  # fmt: skip
    console = Console(width=width, file=io.StringIO())
    console.print(as_rich(fitting(table, "val/cmap", width)))
    shown = console.file.getvalue()
    assert "…" not in shown
    assert all(len(line.rstrip()) <= width for line in shown.splitlines())
    for text in ("0.7123", "complete", "mixup", "0.5", "batch_size", "16", "val/cmap", "0.6"):
        assert text in shown
    assert ("train/loss" in shown) == (width >= 140)
    assert ("mixing.alpha" in shown) == (width == 300), "names are shortened first"
    assert "None" not in shown and "nan" not in shown


def test_in_a_narrow_terminal_settings_keep_a_readable_width():
    """Of a confirmed sweep, too, whose trials have more columns."""
    told = {"candidate": [None, 0.0], "split": [None, "stratified"], "planned_epochs": [9, 8], "score_sd": [0.1, 0.2]}
    table = pd.DataFrame({
        "trial": [0, 1], "stage": ["search", "confirm"], **told, "state": "stopped early", "score": [0.71234, 0.5],
        "epochs": 12, "param.loss.class_weight_scale": "mean_one", "param.loss.class_weight_temperature": [0.5, 1.0],
    })  # fmt: skip
    console = Console(width=80, file=io.StringIO())
    console.print(as_rich(fitting(table, "score", 80)))
    shown = console.file.getvalue()
    for text in ("candidate=0", "split=stratified", "class_weight_scale=mean_one", "class_weight_temperature=0.5"):
        assert text in shown, "in one piece"


def test_losses_are_sorted_from_the_lowest(tmp_path):
    falling = swept(tmp_path, lambda number, epoch: reported(number, epoch) | {"val/loss": 2.0 - number})
    assert trial_table(falling, "val/loss")["trial"].tolist() == [1, 0]


def test_a_run_that_lacks_the_objective_has_no_spread_and_breaks_nothing(tmp_path):
    lacking = swept(tmp_path, lambda number, epoch: {"val/loss": 1.0 + number / epoch})
    assert collect(lacking, "running").trials["score_sd"].isna().all()
