"""What happens to a sweep that is killed, interrupted, or started twice."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from analysis.records.sweep import SEARCH, SweepFolder

pytestmark = pytest.mark.ray

VOLATILE = ["seconds", "eval_seconds", "clips_per_second", "cost/inference_s_per_min", "attempt"]
AGENTS = {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}
"""They train nothing, and take a minute to see that their cluster is gone."""
ONE_SLOT = {"resources": "{max_concurrent_trials: 1}", "trials": "4", "scheduler": "{name: fifo}"}
"""With one slot a sweep is deterministic, so two of them can be compared."""


def epochs_on_record(folder):
    return len(list(folder.rglob("epoch-*.json")))


@pytest.fixture
def kill_at(start_in, wait_for, running_in):
    """`kill_at(epochs, folder, file)`: run a sweep until so many epochs are on record, and kill it with -9."""

    def kill(epochs, folder, file):
        process = start_in(folder, "sweep", str(file), "--no-dashboard")
        wait_for(lambda: epochs_on_record(folder) >= epochs, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        while running_in(folder) - AGENTS:  # what trains ends with its driver; pytest's own limit is the deadline
            time.sleep(0.2)

    return kill


def table(folder):
    epochs = pd.read_parquet(folder / "results" / "runs" / "tiny" / "epochs.parquet").drop(columns=VOLATILE)
    return epochs.sort_values(["stage", "trial", "run", "epoch"]).reset_index(drop=True)


@pytest.mark.parametrize(
    "kills",  # within the first trial, and within a later one after the resume
    [pytest.param((8,), id="once"), pytest.param((2, 8), id="twice", marks=pytest.mark.long)],
)
def test_killed_a_sweep_ends_as_if_nothing_had_happened(run_in, kill_at, sweep_file, tmp_path, kills):
    file = sweep_file(**ONE_SLOT)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    assert run_in(whole, "sweep", str(file), "--no-dashboard").returncode == 0

    acknowledged = {}
    for epochs in kills:
        kill_at(epochs, broken, file)
        acknowledged |= {(path.parents[1].name, path.name): path.read_bytes() for path in broken.rglob("epoch-*.json")}
        ended = [plan.name for plan, end in sweep_of(broken).trials(SEARCH) if end is not None]
    finished_before = {name: trial_end(broken, name) for name in ended}
    assert finished_before, "the last kill comes after a trial has ended"

    assert run_in(broken, "sweep", str(file), "--no-dashboard").returncode == 0
    pd.testing.assert_frame_equal(table(broken), table(whole))
    assert {name: trial_end(broken, name) for name in ended} == finished_before
    assert_kept(acknowledged, broken)
    executed = sum(len(list(path.glob("attempt-*"))) for path in (sweep_of(broken).path / "runs").iterdir())
    assert executed <= len(sweep_of(broken).run_keys()) + 2, "a run that wasn't going on was started again"
    assert not list(broken.rglob("*.tmp"))
    assert not list(broken.rglob("lock.json"))


def sweep_of(folder):
    return SweepFolder(folder / "results" / "sweeps" / "tiny")


def trial_end(folder, name):
    return (sweep_of(folder).path / "trials" / f"{name}.end.json").read_bytes()


def assert_kept(acknowledged, folder):
    """Every epoch on record before a kill is in the results, its metrics bit-equal."""
    import json

    for (key, name), content in acknowledged.items():
        before = json.loads(content)["body"]
        after = next(e for e in sweep_of(folder).ledger(key).epochs() if e["epoch"] == before["epoch"])
        for metric in ("val/macro_auc", "val/loss", "train/loss"):
            assert after["metrics"][metric] == before["metrics"][metric], (key, name)


def test_a_second_driver_is_refused_and_ctrl_c_keeps_what_is_done(run_in, start_in, wait_for, sweep_file, tmp_path):
    file = sweep_file(**ONE_SLOT)
    process = start_in(tmp_path, "sweep", str(file), "--no-dashboard")
    wait_for(lambda: list(tmp_path.rglob("search-0000.json")), process)
    second = run_in(tmp_path, "sweep", str(file), "--no-dashboard")
    assert second.returncode == 3
    assert f"in use by process {process.pid}" in second.stderr

    wait_for(lambda: epochs_on_record(tmp_path) >= 1, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert f"To go on: platform sweep {file} --no-dashboard" in log
    assert any(not end for _, end in sweep_of(tmp_path).trials(SEARCH)), "an interrupted trial is not ended"
    assert not list(tmp_path.rglob("lock.json"))


@pytest.mark.long
def test_sigterm_ends_a_sweep_like_ctrl_c(start_in, wait_for, sweep_file, tmp_path):
    process = start_in(tmp_path, "sweep", str(sweep_file(**ONE_SLOT)), "--no-dashboard")
    wait_for(lambda: epochs_on_record(tmp_path) >= 1, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert not list(tmp_path.rglob("lock.json"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_dead_owners_lock_is_taken_over(tmp_path):
    from tuneful.sweep.lock import locked, owner

    code = "import sys; from tuneful.sweep.lock import _take; from pathlib import Path; _take(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, tmp_path / "lock.json"], check=True)
    assert owner(tmp_path) is None
    with locked(tmp_path):
        assert owner(tmp_path) is not None
    assert not (tmp_path / "lock.json").exists()
