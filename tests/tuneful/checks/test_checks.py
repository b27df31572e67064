"""Each check finds what it is for, is silent where nothing is wrong, and what it says can be acted on."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from trainers.config.build import Layer, build_spec, load_recipe
from trainers.data.catalogue import Catalogue, save_catalogue
from tuneful.checks import registry
from tuneful.checks.registry import CHECKS, Check, refuse_errors, run_checks
from tuneful.checks.subject import Finding
from tuneful.checks.sweeps import check_sweep, specs_to_check, without_impossible_splits
from tuneful.errors import CheckError
from tuneful.space.options import SweepOptions
from tuneful.space.sweep import load_sweep

BIRDS = ("robin", "wren")
CHORUS = load_recipe("chorus")


def clips(recordings=8, per_recording=1, rare=0):
    """Clips of two classes in turn; `rare` clips of a third."""
    labels = [BIRDS[number % 2] for number in range(recordings)] + ["owl"] * rare
    rows = [
        {
            "clip_id": f"{number}@{start}",
            "path": f"{number}.wav",
            "recording_id": f"recording{number}",
            "start_s": float(start),
            "duration_s": 1.0,
            "labels": [label],
            "secondary_labels": [],
            "author": f"author{number}",
            "subset": "train",
            "content": f"{number:064d}",
        }
        for number, label in enumerate(labels)
        for start in range(per_recording)
    ]
    return pd.DataFrame(rows)


def catalogue(**given):
    return Catalogue("birds", "csv", Path("nowhere"), clips(**given), "digest")


def findings(data, code, scheme="stratified", n_folds=2):
    settings = {"data.name": "birds", "data.split.scheme": scheme, "data.split.n_folds": n_folds}
    spec = build_spec(CHORUS, [Layer(settings)])
    return [finding for finding in run_checks([spec], data) if finding.code == code]


# ---- every check


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_has_a_code_a_severity_and_a_sentence(check):
    assert isinstance(check, Check)
    assert CHECKS[check.code] is check
    assert re.fullmatch(r"TF\d{3}", check.code)
    assert check.severity in ("error", "warning")
    assert check.scope in ("data", "split", "run", "sweep")
    assert check.title
    assert check.title[0].islower()
    assert not check.title.endswith(".")
    assert check.code in (check.find.__doc__ or ""), "the function says which check it is"


def test_no_two_checks_share_a_title_or_a_function():
    assert len({check.title for check in CHECKS.values()}) == len(CHECKS)
    assert len({check.find for check in CHECKS.values()}) == len(CHECKS)


LEAKY = catalogue(recordings=8, per_recording=4)


# ---- what each finds


def test_a_recording_on_both_sides_is_found_only_where_clips_are_split_at_random():
    (found,) = findings(LEAKY, "TF001")
    assert "stratified fold 0: 8 recordings, such as recording0, recording1" in found.evidence
    assert "data.split.scheme=stratified_group" in found.fix
    assert findings(LEAKY, "TF001", scheme="stratified_group") == []


def test_the_fix_that_is_named_is_one():
    setting = findings(LEAKY, "TF001")[0].fix.split(" ")[0]
    assert findings(LEAKY, "TF001", scheme=setting.split("=")[1]) == []


def test_a_class_without_validation_clips_is_named_with_how_many():
    data = catalogue(recordings=8, rare=1)
    found = [f for fold in (0, 1) for f in in_fold(data, fold) if f.code == "TF002"]
    (finding,) = found  # the one owl is in one fold
    assert "1 of 3 classes (owl)" in finding.evidence


def in_fold(data, fold):
    return run_checks([spec_in_fold(fold)], data)


def spec_in_fold(fold):
    settings = {"data.name": "birds", "data.split.n_folds": 2, "data.fold": fold}
    return build_spec(CHORUS, [Layer(settings)])


def test_what_several_runs_share_is_said_once():
    layers = [Layer({"data.name": "birds", "data.split.n_folds": 2, "optimizer.lr": lr}) for lr in (0.1, 0.01, 0.001)]
    specs = [build_spec(CHORUS, [layer]) for layer in layers]
    assert len([f for f in run_checks(specs, LEAKY) if f.code == "TF001"]) == 1


def test_what_is_found_in_several_folds_is_said_of_the_first_and_the_others_are_named():
    (found,) = [f for f in run_checks([spec_in_fold(0), spec_in_fold(1)], LEAKY) if f.code == "TF001"]
    assert "stratified fold 0: 8 recordings" in found.evidence
    assert found.evidence.endswith("; likewise in fold 1")


def test_findings_come_in_the_order_of_their_codes():
    codes = [finding.code for finding in run_checks([spec_in_fold(0)], LEAKY)]
    assert codes == sorted(codes)
    assert len(set(codes)) > 1


def test_what_depends_on_the_data_alone_is_looked_for_once(monkeypatch):
    asked = Counter()

    def counting(check):
        def find(subject):
            asked[check.code] += 1
            return []

        return replace(check, find=find)

    monkeypatch.setattr(registry, "CHECKS", {code: counting(check) for code, check in CHECKS.items()})
    run_checks([spec_in_fold(0), spec_in_fold(1)], LEAKY)
    scopes = {CHECKS[code].scope: asked[code] for code in asked}
    assert scopes == {"data": 1, "run": 1, "split": 2}


# ---- refusing


ERROR = Finding("TF001", "error", "a title", "the evidence", "the fix")
OTHER = Finding("TF009", "error", "other title", "other evidence", "other fix")
WARNING = Finding("TF002", "warning", "a warning", "evidence", "fix")


def test_a_refusal_has_code_evidence_fix_and_how_to_allow_it():
    with pytest.raises(CheckError) as refused:
        refuse_errors([ERROR, WARNING, OTHER, ERROR], ())
    text = str(refused.value)
    assert "TF001 error: a title: the evidence. Try: the fix" in text
    assert "TF009 error: other title: other evidence. Try: other fix" in text
    assert "allow: [TF001, TF009]" in text
    assert "Nothing was started" in text
    assert "a warning" not in text
    assert refused.value.exit_code == 2


def test_what_is_allowed_and_what_only_warns_stops_nothing():
    refuse_errors([ERROR, WARNING], ("TF001",))
    refuse_errors([WARNING], ())
    with pytest.raises(CheckError, match="TF009"):
        refuse_errors([ERROR, OTHER], ("TF001",))


# ---- which runs of a sweep are checked


def splits_of(sweep):
    return [(spec.data.split.scheme, spec.data.fold) for spec in specs_to_check(sweep)]


def test_the_folds_of_the_search_and_the_splits_of_the_confirmation_are_checked_once_each(sweep_file):
    confirm = "{top: 1, folds: [0, 1], splits: [stratified, stratified_group]}"
    sweep = load_sweep(sweep_file(folds="[1]", confirm=confirm))
    assert splits_of(sweep) == [
        ("stratified", 1),
        ("stratified", 0),
        ("stratified_group", 0),
        ("stratified_group", 1),
    ]
    assert splits_of(load_sweep(sweep_file(confirm="{top: 1}"))) == [("stratified", 0)]


def test_splits_that_are_searched_are_checked_too(sweep_file):
    entries = "data.split.scheme: {choice: [stratified, stratified_group]}, optimizer.lr: {uniform: [0.1, 1]}"
    assert splits_of(load_sweep(sweep_file(search=f"{{{entries}}}"))) == [("stratified", 0), ("stratified_group", 0)]
    only_if = "loss.name: {choice: [bce, ce]}, data.split.seed: {int: [0, 9], when: {loss.name: ce}}"
    seeds = [spec.data.split.seed for spec in specs_to_check(load_sweep(sweep_file(search=f"{{{only_if}}}")))]
    assert {0, 9} <= set(seeds)


def test_a_confirm_split_that_the_data_cannot_give_is_left_out_and_said(sweep_file):
    sweep = load_sweep(sweep_file(confirm="{top: 1, splits: [stratified, stratified_group]}"))
    data = catalogue()
    without = Catalogue("birds", "csv", Path("nowhere"), data.clips.assign(author=None), "digest")
    same, said = without_impossible_splits(sweep, data)
    assert (same.definition.confirm.splits, said) == (("stratified", "stratified_group"), [])
    smaller, said = without_impossible_splits(sweep, without)
    assert smaller.definition.confirm.splits == ("stratified",)
    assert len(said) == 1
    assert "stratified_group" in said[0]
    assert "author" in said[0]


# ---- what a sweep can have


def test_settings_are_looked_at_in_the_configurations_that_trials_can_have(sweep_file):
    search = "{loss.name: {choice: [bce, focal]}, mixing.alpha: {choice: [null, 0.4]}}"
    sweep = load_sweep(sweep_file(search=search))
    (found,) = [finding for finding in check_sweep(sweep, catalogue(recordings=64)) if finding.code == "TF016"]
    assert "in 1 of 4 configurations that were tried of the space" in found.evidence
    fixed = load_sweep(sweep_file(search=search), SweepOptions(sets=("mixing.alpha=0.4",)))
    assert not [finding for finding in check_sweep(fixed, catalogue(recordings=64)) if finding.code == "TF016"]


# ---- the command


@pytest.fixture
def leaky(platform, tmp_path, monkeypatch):
    """Several clips a recording, in a home of its own."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))
    save_catalogue("leaky", "csv", tmp_path, clips(recordings=8, per_recording=4))


def test_platform_check_ends_2_on_an_error_and_0_when_it_is_allowed(leaky, platform, sweep_file):
    refused = platform("check", str(sweep_file()), "--data", "leaky")
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: TF001 error: ")
    allowed = platform("check", str(sweep_file(allow="[TF001]")), "--data", "leaky")
    assert allowed.returncode == 0, allowed.stderr
    assert allowed.stdout.startswith("TF001 error: "), "what was allowed is still said"
    recipe = platform("check", "chorus", "--data", "leaky")
    assert recipe.returncode == 2
    assert "TF001" in recipe.stderr


def test_platform_check_takes_settings_as_train_does_and_says_json(leaky, platform, tmp_path):
    settings = ("data.split.scheme=stratified_group", "training.batch_size=8")
    grouped = platform("check", "chorus", *settings, "--data", "leaky")
    assert grouped.returncode == 0, grouped.stderr
    assert f"{len(CHECKS)} checks" in grouped.stdout
    said = platform("check", "chorus", "--data", "leaky", "--json")
    assert said.returncode == 2, "errors stop it in JSON too"
    rows = json.loads(said.stdout)
    assert {"code", "severity", "title", "evidence", "fix", "allowed"} == set(rows[0])
    assert {"TF001", "TF011"} <= {row["code"] for row in rows}
    twice = platform("check", "chorus", "data.name=other", "--data", "leaky")
    assert "data.name is set twice" in twice.stderr


def test_platform_check_tells_a_recipe_from_a_sweep_file_by_what_is_in_it(leaky, platform, tmp_path, sweep_file):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("data: {name: leaky, split: {scheme: stratified_group}}\ntraining: {batch_size: 8}\n")
    assert platform("check", str(recipe)).returncode == 0
    sweep = platform("check", str(sweep_file()), "data.split.scheme=stratified_group", "--data", "leaky")
    assert sweep.returncode == 0, sweep.stderr


def test_platform_check_takes_a_file_that_extends_another_for_a_sweep(leaky, platform, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "extends: loss\nset: {training.batch_size: 8, data.split.scheme: stratified_group}\nconfirm: null\ntrials: 5\n"
    )
    done = platform("check", "mine.yaml", "--data", "leaky")
    assert done.returncode == 0, done.stderr


def test_platform_check_takes_the_options_of_sweep(leaky, platform, sweep_file):
    options = ("--recipe", "birdclef2025", "--set", "training.batch_size=8", "--trials", "3", "--allow", "TF001")
    done = platform("check", str(sweep_file(set="{}")), "--data", "leaky", *options, "--gpus-per-worker", "1")
    assert "No such option" not in done.stderr
    assert "TF001 error: " in done.stdout, "what was allowed is said"
    of_a_run = platform("check", "chorus", "--data", "leaky", "--allow", "TF001", "--set", "training.batch_size=8")
    assert of_a_run.returncode == 0, of_a_run.stderr
    refused = platform("check", "chorus", "--recipe", "birdclef2025")
    assert refused.returncode == 2
    assert "chorus is a recipe: --recipe, --trials and resources go with a sweep file" in refused.stderr


def test_a_run_by_itself_is_told_of_warnings_too(leaky, platform):
    """It is stopped by the error, after what only warns was said."""
    stopped = platform("train", "chorus", "--data", "leaky", "--device", "cpu")
    assert stopped.returncode == 2
    assert "TF001 error" in stopped.stderr
    assert "TF011 warning" in stopped.stdout
