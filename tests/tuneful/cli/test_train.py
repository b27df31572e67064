"""`platform train`: one run into the same ledger as a sweep's, gone on with by the same command."""

import io
import json
import os
import signal

import pytest
from rich.console import Console

from analysis.records.sweep import SEARCH, SweepFolder
from tuneful.cli import shared
from tuneful.cli import train as command
from tuneful.cli.shared import tables_of
from tuneful.sweep.trials.lockstep import TrialEpoch

TINY = (
    "data.name=tones",
    "data.sample_rate=8000",
    "data.split.n_folds=2",
    "segments.duration_s=0.5",
    "front_end.n_fft=256",
    "front_end.hop_length=128",
    "front_end.n_mels=32",
    "training.batch_size=8",
)
EPOCHS = 30
RUN = ("train", "chorus", *TINY, f"training.epochs={EPOCHS}")


def sweep_in(folder, name="train-chorus"):
    return SweepFolder(folder / "results" / "sweeps" / name)


def left_over(folder):
    return [path for path in folder.rglob("*") if path.name == "lock.json" or path.name.endswith(".tmp")]


@pytest.fixture(scope="module")
def interrupted(start_in, wait_for, tmp_path_factory):
    """(folder, what a run said that was stopped by Ctrl-C, the epochs it left)"""
    folder = tmp_path_factory.mktemp("trained")
    process = start_in(folder, *RUN)
    wait_for(lambda: list(folder.rglob("epoch-0002.json")), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 130
    ((plan, end),) = sweep_in(folder).trials(SEARCH)
    assert end is None
    return folder, (folder / "log").read_text(), sweep_in(folder).ledger(plan.runs[0].key).epochs()


@pytest.fixture(scope="module")
def trained(interrupted, run_in):
    """(folder, the process that finished the run)"""
    assert left_over(interrupted[0]) == []
    done = run_in(interrupted[0], *RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    return interrupted[0], done


def test_ctrl_c_keeps_the_epochs_and_says_how_to_go_on(interrupted):
    _, said, epochs = interrupted
    assert "Traceback" not in said
    assert f"To go on: platform {' '.join(RUN)}" in said
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert 2 <= len(epochs) < EPOCHS


def test_the_same_command_goes_on_and_trains_no_epoch_twice(interrupted, trained):
    _, _, kept = interrupted
    folder, done = trained
    ((plan, _),) = sweep_in(folder).trials(SEARCH)
    epochs = sweep_in(folder).ledger(plan.runs[0].key).epochs()
    assert epochs[: len(kept)] == kept
    assert [(e["epoch"], e["attempt"]) for e in epochs[len(kept) :]] == [
        (n, 2) for n in range(len(kept) + 1, EPOCHS + 1)
    ]
    assert f"{len(kept)} epochs are on record; going on after them." in done.stdout
    shown = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("epoch ")]
    assert shown == [f"{n}/{EPOCHS}" for n in range(len(kept) + 1, EPOCHS + 1)]


def test_every_epoch_is_a_plain_line_and_the_last_lines_say_what_came_out_and_what_next(trained):
    lines = trained[1].stdout.splitlines()
    assert "\x1b" not in trained[1].stdout
    assert all(f" {name} " in lines[-3] for name in ("train/loss", "val/macro_auc", "val/map"))
    ((plan, end),) = sweep_in(trained[0]).trials(SEARCH)
    result = f"complete after {EPOCHS} epochs, val/macro_auc {end.score:.4f}: run {plan.runs[0].key} in "
    assert lines[-2].startswith(result)
    assert lines[-1] == "Try: platform results train-chorus"


def test_the_run_is_on_record_as_a_sweeps_runs_are(trained):
    folder = sweep_in(trained[0])
    ((plan, end),) = folder.trials(SEARCH)
    finished = folder.ledger(plan.runs[0].key).finished
    assert end.state == "complete"
    assert [score for _, score in end.scores] == [e["metrics"]["val/macro_auc"] for e in finished["epochs"]]
    assert len(end.scores) == EPOCHS
    assert (trained[0] / "results" / "predictions" / "train-chorus" / f"{plan.runs[0].key}.parquet").exists()
    assert left_over(trained[0]) == []


def test_the_same_command_again_trains_nothing_and_says_so(trained, platform):
    folder, before = trained[0], sorted(trained[0].rglob("attempt-*"))
    again = platform(*RUN, "--results", str(folder / "results"))
    assert again.returncode == 0
    assert "nothing was trained" in again.stdout
    assert "epoch 1" not in again.stdout
    assert sorted(folder.rglob("attempt-*")) == before
    assert len(before) == 2


def test_sigterm_keeps_the_epochs_too(platform, tmp_path, monkeypatch):
    def terminated(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        return "the epoch after which it came"

    monkeypatch.setattr(command, "_metrics", terminated)
    done = platform(*RUN)
    assert done.returncode == 143
    assert "To go on: platform train chorus" in done.stdout
    ((plan, end),) = sweep_in(tmp_path).trials(SEARCH)
    assert end is None
    assert len(sweep_in(tmp_path).ledger(plan.runs[0].key).epochs()) == 1
    assert left_over(tmp_path) == []
    assert "search-0000 interrupted, 1 epochs" in platform("status").stdout


def test_two_runs_under_one_name_are_two_trials_told_apart_by_what_was_set(platform, tmp_path):
    for name in ("bce", "focal"):
        done = platform(*RUN[:-1], "training.epochs=1", f"loss.name={name}", "--name", "two")
        assert done.returncode == 0, done.stdout + done.stderr
    trials = sweep_in(tmp_path, "two").trials(SEARCH)
    assert [plan.number for plan, _ in trials] == [0, 1]
    assert len({plan.runs[0].key for plan, _ in trials}) == 2
    rows = json.loads(platform("results", "two", "--json").stdout)
    assert {row["param.loss.name"] for row in rows} == {"bce", "focal"}
    shown = platform("results", "two").stdout
    assert "loss.name" in shown
    assert "data.sample_rate" not in shown, "what all trials share tells nothing apart"
    assert "two: 2/2 trials, 0 confirm runs, finished" in platform("status", "two").stdout
    assert platform("report", "two").returncode == 0
    assert "focal" in (tmp_path / "results" / "reports" / "two.html").read_text()
    (listed,) = json.loads(platform("results", "--json").stdout)
    assert (listed["sweep"], listed["trials"], listed["complete"]) == ("two", 2, 2)
    assert listed["best"] == max(row["score"] for row in rows)


def test_a_sweeps_name_is_not_taken(platform, tmp_path):
    folder = sweep_in(tmp_path, "tiny")
    folder.write_definition({"name": "tiny", "search": {"loss.name": {"choice": ["bce", "ce"]}}})
    refused = platform(*RUN, "--name", "tiny")
    assert refused.returncode == 3
    assert "holds a sweep. Try: another --name" in refused.stderr
    assert folder.definition()["search"]


EPOCH = TrialEpoch(
    2,
    0.75,
    "running",
    {
        "train/loss": 0.5,
        "val/loss": 0.4,
        "val/macro_auc": 0.75,
        "val/macro_f1": 0.1,
        "val/map": 0.2,
        "clips_per_second": 321,
    },
)


def test_in_a_terminal_it_is_one_bar_and_no_lines(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(command, "console", console)
    monkeypatch.setattr(shared, "console", console)
    with command._shown(6) as show:
        show(EPOCH)
    written = console.file.getvalue()
    assert "training" in written
    assert "2/6" in written
    assert "val/macro_auc 0.7500" in written
    assert "epoch 2/6" not in written


def test_preparation_draws_one_bar_a_step(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(shared, "console", console)
    drawn = []
    real = shared.Progress.add_task
    monkeypatch.setattr(shared.Progress, "add_task", lambda *a, **k: drawn.append(a[1]) or real(*a, **k))
    with shared.preparation() as report:
        for done in (1, 2, 3):
            report("decoding tones", done, 3)
        report("making chorus", 1, 1)
    assert drawn == ["decoding tones", "making chorus"]


@pytest.fixture
def shared_subjects(platform, tones_csv, tmp_path, monkeypatch):
    """The tones as the catalogue `patients`, their authors as subjects that a random split tears apart."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    table = tmp_path / "patients.csv"
    table.write_text(tones_csv.read_text().replace("author", "subject", 1))
    done = platform("data", "add", "csv", str(table), "--root", str(tones_csv.parent), "--name", "patients")
    assert done.returncode == 0, done.stderr
    return ("train", "chorus", "data.name=patients", *TINY[1:], "training.epochs=1")


def test_a_checks_error_stops_a_run_unless_it_is_allowed_and_then_consent_and_split_are_on_record(
    shared_subjects, platform, tmp_path
):
    refused = platform(*shared_subjects)
    assert (refused.returncode, (tmp_path / "results").exists()) == (2, False)
    assert "TF004 error" in refused.stderr
    done = platform(*shared_subjects, "--allow", "TF004")
    assert done.returncode == 0, done.stderr
    folder = sweep_in(tmp_path)
    (allowed,) = [finding for finding in folder.checks() if finding.allowed]
    assert (allowed.code, allowed.run) == ("TF004", folder.run_keys()[0])
    assert "ALLOWED ERROR TF004" in platform("status", "train-chorus").stdout
    digest = folder.ledger(allowed.run).identity()["split_digest"]
    assert set(tables_of(folder).epochs["split_digest"]) == {digest}
    assert digest in platform("data", "split", "patients", "--list").stdout
