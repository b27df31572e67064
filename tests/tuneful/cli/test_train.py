"""`platform train`: one run into the same ledger as a sweep's, gone on with by the same command."""

import io
import json
import signal
import time

import pytest
from rich.console import Console

from analysis.records.sweep import SEARCH, SweepFolder
from tuneful.cli import shared
from tuneful.cli import train as command
from tuneful.sweep.lockstep import TrialEpoch

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
RUN = ("train", "chorus", *TINY, "training.epochs=2")
LONG = ("train", "chorus", *TINY, "training.epochs=400", "--name", "long")
PATIENCE_S = 90


def sweep_in(folder, name="train-chorus"):
    return SweepFolder(folder / "results" / "sweeps" / name)


def attempts(folder):
    return sorted(path.name for path in folder.rglob("attempt-*"))


@pytest.fixture(scope="module")
def trained(run_in, tmp_path_factory):
    """(folder, the finished process)"""
    folder = tmp_path_factory.mktemp("trained")
    done = run_in(folder, *RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done


def test_every_epoch_is_a_plain_line_and_the_last_line_says_what_next(trained):
    lines = trained[1].stdout.splitlines()
    assert "\x1b" not in trained[1].stdout
    assert [line.split()[1] for line in lines if line.startswith("epoch ")] == ["1/2", "2/2"]
    assert all(f" {name} " in lines[-3] for name in ("train/loss", "val/macro_auc", "val/map"))
    ((plan, end),) = sweep_in(trained[0]).trials(SEARCH)
    assert lines[-2].startswith(f"complete after 2 epochs, val/macro_auc {end.score:.4f}: run {plan.runs[0].key} in ")
    assert lines[-1] == "Try: platform results train-chorus"


def test_the_run_is_on_record_as_a_sweeps_runs_are(trained):
    folder = sweep_in(trained[0])
    ((plan, end),) = folder.trials(SEARCH)
    finished = folder.ledger(plan.runs[0].key).finished
    assert end.state == "complete"
    assert [epoch["epoch"] for epoch in finished["epochs"]] == [1, 2]
    assert [score for _, score in end.scores] == [e["metrics"]["val/macro_auc"] for e in finished["epochs"]]
    assert (trained[0] / "results" / "predictions" / "train-chorus" / f"{plan.runs[0].key}.parquet").exists()
    assert not list(trained[0].rglob("lock.json"))


def test_the_same_command_again_trains_nothing_and_says_so(trained, platform):
    folder, before = trained[0], attempts(trained[0])
    again = platform(*RUN, "--results", str(folder / "results"))
    assert again.returncode == 0
    assert "nothing was trained" in again.stdout
    assert "epoch 1" not in again.stdout
    assert attempts(folder) == before == ["attempt-0001"]


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


def stop(process, folder, segment, number):
    """Sends a signal once `segment` is on record; returns what was said."""
    deadline = time.monotonic() + PATIENCE_S
    while not list(folder.rglob(segment)):
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(15) == 128 + number
    return (folder / "log").read_text()


def test_stopped_it_keeps_its_epochs_and_the_same_command_goes_on(start_in, platform, tmp_path):
    said = stop(start_in(tmp_path, *LONG), tmp_path, "epoch-0002.json", signal.SIGINT)
    assert "Traceback" not in said
    assert f"To go on: platform {' '.join(LONG)}" in said
    folder = sweep_in(tmp_path, "long")
    ((plan, end),) = folder.trials(SEARCH)
    kept = folder.ledger(plan.runs[0].key).epochs()
    assert end is None
    assert [epoch["epoch"] for epoch in kept] == list(range(1, len(kept) + 1))
    assert "search-0000 interrupted" in platform("status", "long").stdout

    said = stop(start_in(tmp_path, *LONG), tmp_path, f"attempt-0002/epoch-{len(kept) + 1:04d}.json", signal.SIGTERM)
    assert "Traceback" not in said
    assert f"{len(kept)} epochs are on record; going on after them." in said
    assert "epoch 1/" not in said
    now = folder.ledger(plan.runs[0].key).epochs()
    assert now[: len(kept)] == kept, "nothing that was finished is trained again"
    assert not [path for path in tmp_path.rglob("*") if path.name == "lock.json" or path.name.endswith(".tmp")]


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
