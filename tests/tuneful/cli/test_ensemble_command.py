"""`platform ensemble` on small stored results: groups of the split, JSON, mistakes in one sentence."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import UserError
from analysis.records.stored_trials import find_trials
from analysis.records.sweep import SEARCH, RunPlan, TrialEnd, TrialPlan, sweep_folder
from tuneful.cli.main import app
from tuneful.ensembling import clip_groups, ensemble_of

STORED = Path(__file__).parents[2] / "analysis/notebooks/stored_results.py"


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    spec = importlib.util.spec_from_file_location("stored_results_of_ensembles", STORED)
    stored = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stored)
    folder = tmp_path_factory.mktemp("ensemble") / "results"
    stored.make_results(folder)
    return folder


def run(*args: str):
    return CliRunner().invoke(app, ["ensemble", *args])


def test_the_answer_is_printed_and_the_json_says_the_same(results):
    done = run("small", "--ungrouped", "--results", str(results))
    assert done.exit_code == 0, done.output
    found = json.loads(run("small", "--ungrouped", "--json", "--results", str(results)).output)
    assert (found["clips"], found["groups"], found["parts"]) == (40, 40, 20)
    assert set(found["ways"]) == {"best single", "mean of all", "greedy"}
    for way, numbers in found["ways"].items():
        assert f"{numbers['score']:.4f}" in next(
            line for line in done.output.splitlines() if line.startswith(f"  {way}")
        )
    assert all(f"{n} x {name}" in done.output for name, n in found["greedy"].items())


def test_named_trials_are_the_members_and_by_makes_kinds_of_them(results):
    asked = ("small:0", "small:2", "small:search-0001", "small:0")
    found = json.loads(run(*asked, "--ungrouped", "--by", "loss.name", "--json", "--results", str(results)).output)
    assert list(found["error_correlation"]) == ["small:0", "small:2", "small:1"]
    between = found["error_correlation"]["small:0"]["small:2"]
    assert found["kinds"]["bce"]["bce"] == pytest.approx(between)
    assert found["kinds"]["ce"]["ce"] is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["none"], "no sweep is called 'none'"),
        (["small:9"], "no complete trial '9'"),
        (["small:1"], "at least 2 members, got 1"),
        (["small", "--by", "loss.gama"], "no setting 'loss.gama'"),
        (["small", "--how", "median"], "got 'median'"),
        (["small", "--metric", "macro_f1", "--how", "rank"], "a mean of ranks has no macro_f1"),
    ],
)
def test_a_mistake_is_told(results, asked, said):
    done = run(*asked, "--ungrouped", "--results", str(results))
    assert isinstance(done.exception, UserError)
    assert said in str(done.exception)


def test_without_its_catalogue_the_way_out_is_named(results, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path))
    assert "--ungrouped" in str(run("small", "--results", str(results)).exception)


def test_clips_stay_together_as_in_the_split(results, monkeypatch):
    clips = pd.DataFrame({"clip_id": list("dcba"), "recording_id": ["r1", "r1", "r2", "r3"]})
    clips["author"] = [None, "x", "x", None]
    trial = find_trials(results, ["small:0"])[0]
    trial.spec["data"]["split"] = {"group_by": ["author"]}
    monkeypatch.setattr("tuneful.ensembling.load_catalogue", lambda _: type("C", (), {"clips": clips}))
    a, b, c, d = clip_groups(trial, list("abcd"))
    assert b == c == d != a  # by recording, and by author


def test_a_trial_that_did_not_complete_is_no_member(results, tmp_path):
    folder = sweep_folder(tmp_path, "stopped")
    folder.write_definition({"name": "stopped"})
    for number, state in enumerate(("complete", "pruned", "failed")):
        plan = TrialPlan(SEARCH, number, {}, {}, (RunPlan(f"k{number}", {}, 0, 0, 0, "group"),))
        folder.ask(plan)
        folder.end(plan, TrialEnd(state, ((1, 0.5),)))
    assert [trial.name for trial in find_trials(tmp_path, ["stopped"])] == ["stopped:0"]


def test_a_trial_under_two_split_schemes_is_refused(tmp_path):
    folder = sweep_folder(tmp_path, "both")
    folder.write_definition({"name": "both"})
    runs = tuple(RunPlan(split, {}, 0, 0, 0, split) for split in ("group", "stratified"))
    folder.ask(TrialPlan(SEARCH, 0, {}, {}, runs))
    folder.end(TrialPlan(SEARCH, 0, {}, {}, runs), TrialEnd("complete", ()))
    with pytest.raises(UserError, match="splits group, stratified"):
        find_trials(tmp_path, ["both"])


def test_members_on_other_folds_are_refused(results, tmp_path):
    first, second = find_trials(results, ["small:0", "small:1"])
    half = type(second)(second.name, second.files[:1], second.spec, second.settings)
    with pytest.raises(UserError, match="predicted 20 clips, 20 of them among the 40"):
        ensemble_of([first, half], "macro_auc", "arithmetic", (), alone=True)
    assert np.isfinite(ensemble_of([first, second], "map", "rank", (), alone=True).judged.table["score"]).all()
