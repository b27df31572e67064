"""A dry run says what a start would say: the same findings, the same refusals, and nothing in the results."""

import pytest

from analysis.records.sweep import sweep_folder
from tuneful.checks.subject import Finding
from tuneful.space.sweep import load_sweep
from tuneful.sweep.ground import Ground, keep_ground

LEAK = Finding("TF001", "error", "a recording on both sides", "8 of 8 clips", "data.split.scheme=group")
FEW = Finding("TF011", "warning", "validation has too few positives", "2 of 4 classes", "data.split.n_folds=2")


@pytest.fixture
def dry_run(platform, sweep_file, monkeypatch):
    """`dry_run("--trials", "3", resources="{workers: 2}")`, which predicts without training."""
    monkeypatch.setattr("tuneful.sweep.estimate.estimate", lambda *_: "Predicted: soon")
    return lambda *options, **changes: platform("sweep", str(sweep_file(**changes)), *options, "--dry-run")


@pytest.mark.parametrize(
    ("options", "changes", "says"),
    [
        (["--warm-start", "nosuch"], {}, "warm_start names 'nosuch'"),
        ([], {"resources": "{cpus_per_worker: 4096}"}, "a trial of 1 workers with 4096 CPUs each"),
        ([], {"set": "{data.name: tones, data.split.scheme: official}"}, "fold"),
    ],
    ids=["a sweep that is not there", "more than this machine", "a split that the data can't give"],
)
def test_what_a_start_refuses_is_refused_with_the_same_words(platform, sweep_file, tmp_path, options, changes, says):
    command = ("sweep", str(sweep_file(**changes)), *options)
    tried, started = platform(*command, "--dry-run"), platform(*command, "--no-dashboard")
    assert says in tried.stderr
    assert (tried.returncode, tried.stderr) == (started.returncode, started.stderr)
    assert tried.returncode == 2
    assert tried.stdout.startswith("tiny: recipe chorus, data tones"), "it is drawn all the same"
    assert "Predicted" not in tried.stdout
    assert not (tmp_path / "results").exists()


def test_findings_are_told_and_errors_stop_it_unless_they_are_allowed(dry_run, monkeypatch, tmp_path):
    monkeypatch.setattr("tuneful.checks.sweeps.check_sweep", lambda *_: [FEW, LEAK])
    refused = dry_run()
    assert refused.returncode == 2
    assert str(FEW) in refused.stdout
    assert str(LEAK) in refused.stderr
    allowed = dry_run("--allow", "TF001")
    assert allowed.returncode == 0, allowed.stderr
    assert [part in allowed.stdout for part in (str(FEW), str(LEAK), "Predicted: soon")] == [True, True, True]
    assert not (tmp_path / "results").exists()


def test_a_folder_that_holds_another_sweep_is_refused_and_left_as_it_is(dry_run, sweep_file, tmp_path):
    folder = sweep_folder(tmp_path / "results", "tiny")
    other = load_sweep(sweep_file(objective="{metric: val/map}")).resolved()
    folder.write_definition(other)
    before = {path: path.read_bytes() for path in tmp_path.rglob("results/**/*") if path.is_file()}
    refused = dry_run()
    assert (refused.returncode, "asked something else (objective differ)" in refused.stderr) == (3, True)
    assert dry_run("--name", "another").returncode == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("results/**/*") if path.is_file()} == before


def test_data_that_changed_since_the_first_trial_are_refused(dry_run, sweep_file, tmp_path):
    folder = sweep_folder(tmp_path / "results", "tiny")
    folder.write_definition(load_sweep(sweep_file()).resolved())
    keep_ground(folder, Ground("of-before", "fp32"), auto=True)
    refused = dry_run()
    assert (refused.returncode, "trained on other data (digest of-before, now " in refused.stderr) == (3, True)
