"""One small sweep as a user runs it, and what it leaves behind."""

import json
import math
import shutil

import pandas as pd
import pytest

from analysis.records.predictions import read_predictions
from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder

pytestmark = pytest.mark.ray

CONFIRM_STAGE = "{top: 2, folds: [0, 1], repeats: 1, splits: [stratified, stratified_group]}"


@pytest.fixture(scope="module")
def swept(run_in, sweep_file, tmp_path_factory):
    """(folder, sweep file, the finished process)"""
    folder, file = tmp_path_factory.mktemp("swept"), sweep_file(confirm=CONFIRM_STAGE)
    done = run_in(folder, "sweep", str(file), "--no-dashboard")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, file, done


@pytest.fixture(scope="module")
def sweep(swept):
    return SweepFolder(swept[0] / "results" / "sweeps" / "tiny")


def test_every_trial_ends_and_some_are_stopped_early(sweep):
    trials = sweep.trials(SEARCH)
    states = [end.state for _, end in trials]
    assert [plan.number for plan, _ in trials] == list(range(6))
    assert set(states) <= {"complete", "pruned"}
    assert "complete" in states
    assert "pruned" in states


def test_conditions_are_kept(sweep):
    for plan, _ in sweep.trials(SEARCH):
        assert ("loss.gamma" in plan.settings) == (plan.settings["loss.name"] in ("focal", "focal_bce"))


def test_the_best_are_confirmed_on_every_split_and_fold(sweep):
    trials = sweep.trials(CONFIRM)
    assert all(end.state == "complete" for _, end in trials)
    candidates = {plan.candidate for plan, _ in trials}
    places = {(plan.candidate, plan.runs[0].split, plan.runs[0].fold) for plan, _ in trials}
    assert len(candidates) == 2
    assert len(places) == len(trials) == 2 * 2 * 2


def test_the_tables_hold_every_epoch_once(swept, sweep):
    epochs = pd.read_parquet(swept[0] / "results" / "runs" / "tiny" / "epochs.parquet")
    assert not epochs.duplicated(["stage", "trial", "run", "epoch"]).any()
    assert set(epochs["run"]) == set(sweep.run_keys())
    for plan, end in sweep.trials(SEARCH):
        rows = epochs[(epochs["stage"] == SEARCH) & (epochs["trial"] == plan.number)].sort_values("epoch")
        assert list(rows["val/macro_auc"])[: len(end.scores)] == [score for _, score in end.scores]


def test_the_logits_of_every_run_are_kept(swept, sweep):
    for key in sweep.run_keys():
        parts, classes = read_predictions(swept[0] / "results" / "predictions" / "tiny" / f"{key}.parquet")
        assert classes == ("high", "low", "middle", "top")
        assert [part.subset for part in parts] == ["val"]
        assert parts[0].logits.shape == (len(parts[0].clip_ids), 4)


def test_runs_are_compacted_and_nothing_temporary_is_left(swept, sweep):
    for key in sweep.run_keys():
        finished = sweep.ledger(key).finished
        assert finished is not None
        assert sweep.ledger(key).checkpoint(finished["kept_epoch"]) is not None
    left = [path for path in swept[0].rglob("*") if path.name.endswith(".tmp") or path.name == "lock.json"]
    assert left == []


def test_no_process_of_the_sweep_is_left(swept, running_in):
    assert not running_in(swept[0])


def test_results_are_as_open_as_the_users_other_files(swept, sweep):
    assert sweep.path.stat().st_mode & 0o777 == swept[0].joinpath("results").stat().st_mode & 0o777
    assert all((sweep.path / "runs" / key).stat().st_mode & 0o055 for key in sweep.run_keys())


def test_the_page_is_named_and_there(swept):
    last = [line for line in swept[2].stdout.split("\n") if line.startswith("Report: ")]
    page = (swept[0] / last[0].removeprefix("Report: ")).read_text()
    assert "stratified_group" in page


def test_output_that_is_no_terminal_is_plain_lines(swept):
    assert "\x1b" not in swept[2].stdout
    assert "search-0000 starts: " in swept[2].stdout


def test_the_same_command_again_runs_nothing_and_changes_nothing(swept, run_in):
    folder, file, _ = swept
    before = _digest(folder)
    again = run_in(folder, "sweep", str(file), "--no-dashboard")
    assert again.returncode == 0
    assert "nothing to run" in again.stdout
    assert _digest(folder) == before


def test_another_question_under_the_same_name_is_refused(swept, run_in, sweep_file):
    other = sweep_file(objective="{metric: val/map}")
    refused = run_in(swept[0], "sweep", str(other))
    assert refused.returncode == 3
    assert "objective" in refused.stderr
    assert "--name tiny-2" in refused.stderr


def test_results_for_other_programs(swept, run_in):
    rows = json.loads(run_in(swept[0], "results", "tiny", "--json").stdout)
    table = run_in(swept[0], "results", "tiny", "--csv").stdout.strip().split("\n")
    assert len(rows) == len(table) - 1 == 6 + 8
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    by_loss = json.loads(run_in(swept[0], "results", "tiny", "--json", "--sort", "val/loss").stdout)
    losses = [row["val/loss"] for row in by_loss]
    assert losses == sorted(losses)


def test_status_and_the_list_of_sweeps(swept, run_in):
    assert "tiny: 6/6 trials, 8 confirm runs, finished" in run_in(swept[0], "status").stdout
    assert "tiny" in run_in(swept[0], "results").stdout


@pytest.mark.long
def test_a_longer_sweep_of_the_same_name_goes_on(swept, run_in, sweep):
    folder, file, _ = swept
    ends = {plan.name: end for plan, end in sweep.trials(SEARCH)}
    more = run_in(folder, "sweep", str(file), "--no-dashboard", "--trials", "7")
    assert more.returncode == 0, more.stderr
    trials = sweep.trials(SEARCH)
    assert len(trials) == 7
    assert {plan.name: end for plan, end in trials[:6]} == ends
    assert not math.isnan(trials[6][1].score)


def _digest(folder):
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".html", ".parquet", ".log") and path.name != "sweep.yaml"
    }


def test_pruned_it_answers_as_before_but_for_weights_that_are_gone(swept, run_in, platform, sweep, tmp_path):
    shutil.copytree(swept[0] / "results", tmp_path / "results")
    before = platform("results", "tiny", "--json").stdout
    asked = run_in(tmp_path, "prune", "tiny", "--keep", "1")
    assert asked.returncode == 1, "without a terminal nobody says yes"
    assert "MiB can go" in asked.stdout
    assert platform("prune", "tiny", "--keep", "1", "--yes").stdout.endswith("Removed.\n")
    assert "nothing to remove" in platform("prune", "tiny", "--keep", "1").stdout
    assert platform("results", "tiny", "--json").stdout == before
    assert "Everything of this sweep is on record" in platform("sweep", str(swept[1]), "--no-dashboard").stdout
    candidates = {plan.candidate for plan, _ in sweep.trials(CONFIRM)}
    poor = next(plan for plan, end in sweep.trials(SEARCH) if end.state == "complete" and plan.number not in candidates)
    refused = platform("export", f"tiny:{poor.number}", "--to", "bundle")
    assert refused.returncode == 3
    assert "its weights were removed (platform prune)" in refused.stderr
