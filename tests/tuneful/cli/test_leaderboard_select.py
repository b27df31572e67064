"""`platform leaderboard select`: which score to follow, on made submissions of made runs."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from analysis.errors import UserError
from analysis.records.predictions import Predictions, write_predictions
from analysis.records.submissions import Member, Submission, add_submission
from analysis.records.sweep import RunPlan, TrialPlan, sweep_folder
from tuneful.cli import leaderboard_select

CLASSES = ("a", "b")
TRUTH = np.eye(2, dtype=int)[np.arange(48) % 2]
IDS = tuple(f"r{row // 4}" for row in range(48))
STARTS = np.arange(48) % 4 * 5.0


def run(results: Path, number: int, knows: float, lr: float) -> str:
    """A finished run that knows `knows` of the target, and whose validation says the opposite."""
    folder, key = sweep_folder(results, "made"), f"{number:016x}"
    plan = RunPlan(key, {"optimizer": {"lr": lr}, "seed": number}, 0, number, 0, "stratified")
    folder.ask(TrialPlan("search", number, {}, {}, (plan,)))
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    metrics = {"val/macro_auc": 0.99 - knows / 10, "rerender/macro_auc": 0.5 + knows / 4}
    ledger.publish({"epoch": 1, "state": "finished", "metrics": metrics, "protocol": "p", "kept_epoch": 1}, None)
    ledger.finish("finished", 1)
    path = results / "predictions" / "made" / f"{key}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    logits = knows * (2 * TRUTH - 1) + 4 * np.random.default_rng(number).normal(size=TRUTH.shape)
    write_predictions(path, [Predictions("target", IDS, STARTS, logits.astype(np.float32))], CLASSES)
    return key


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    keys = [run(folder, number, knows=number / 4, lr=1.0 / (1 + number // 2)) for number in range(8)]
    for number, key in enumerate(keys):
        public = 0.7 + number / 100
        add_submission(folder, Submission("birds", f"[red]s{number}", (Member("made", key),), public))
    add_submission(folder, Submission("few", "one", (Member("made", keys[0]),), 0.7))
    add_submission(folder, Submission("few", "waits", (Member("made", keys[1]),)))
    add_submission(folder, Submission("few", "foreign", (), 0.7))
    return folder


def select(results: Path, *args: str) -> Result:
    app = typer.Typer()
    app.command()(leaderboard_select.select)
    return CliRunner().invoke(app, [*args, "--results", str(results)])


def test_the_answer_is_within_80_columns_with_its_honesty(results):
    done = select(results, "birds")
    text = " ".join(done.output.split())
    assert text.startswith("USABLE: choose by rerender/macro_auc: of ")
    assert "A bootstrap over submissions makes the same choice in" in text
    assert "place the left-out ones at Spearman +" in text
    assert "of these choices are rerender/macro_auc again. Where the choice hardly changes" in text
    assert "-0.000" not in text
    assert "val/macro_auc, the usual choice, is number" in text
    assert "repeats of 4 submissions): 4 of 8 submissions; 4 were higher by less." in text  # pairs of seeds .01 apart
    assert "1 [red]s0" in text
    assert max(map(len, done.output.splitlines())) <= 80


def test_labelled_windows_are_a_candidate_and_have_a_curve(results, tmp_path):
    rows = [f"{clip},{start},{CLASSES[truth[1]]}" for clip, start, truth in zip(IDS, STARTS, TRUTH, strict=True)]
    (tmp_path / "heard.csv").write_text("\n".join(["clip_id,start_s,labels", *rows]))
    told = json.loads(select(results, "birds", "--json", "--target-labels", str(tmp_path / "heard.csv")).output)
    labelled = next(one for one in told["selection"]["ranking"] if one["name"] == "labelled/macro_auc")
    assert 0.3 < labelled["spearman"] < 1
    assert [one["windows"] for one in told["labels"]] == [12, 24, 36, 48]
    text = select(results, "birds", "--target-labels", str(tmp_path / "heard.csv")).output
    assert "the score on the labelled target windows" in " ".join(text.split())
    assert "What labels buy" in text


def test_what_is_missing_is_said(results):
    few = select(results, "few").exception
    assert isinstance(few, UserError) and few.exit_code == 2
    assert str(few).startswith(
        "few: want 5 submissions with a public score and runs on record, got 1; 1 on record have no public score; "
        "left out: 3 foreign: no run of it is on record. Try: "
    )
    unknown = select(results, "bird").exception
    assert isinstance(unknown, UserError) and "Did you mean birds?" in str(unknown)
    private = select(results, "birds", "--private").exception
    assert isinstance(private, UserError) and "with a private score and runs on record, got 0" in str(private)
