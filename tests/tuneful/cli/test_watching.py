"""status, watch, stop, logs and dashboard on the records of sweeps, none of which runs."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.sweep.lock import locked


@pytest.fixture
def folder(platform, tmp_path):
    """A sweep that was stopped: one trial has failed, one is left."""
    folder = SweepFolder(tmp_path / "results" / "sweeps" / "loss")
    folder.write_definition(
        {"name": "loss", "objective": {"metric": "val/map", "mode": "max"}, "trials": 3, "search": {}, "folds": [0]}
    )
    folder.write_command("platform sweep loss")
    for number in range(2):
        folder.ask(plan(number))
    folder.end(plan(0), TrialEnd("failed", (), "RuntimeError: boom"))
    folder.write_traceback(plan(0).name, "Traceback: line 7\n")
    trials = folder.path / "trials"
    (trials / "search-0000.log").write_text("a \x1b[31mwarning\r100%\n")
    (trials / "search-0000.worker-1.log").write_text("of the second worker\n")
    (folder.path / "sweep.log").write_text("2026-01-01 00:00:00  search-0000 starts\n")
    return folder


def plan(number):
    return TrialPlan(SEARCH, number, {}, {"optimizer.lr": 0.1}, (RunPlan(f"k{number}", {}, 0, 0, 0, "stratified"),))


def test_status_and_its_json(platform, folder):
    said = platform("status").stdout
    assert "loss: 1/3 trials, 0 confirm runs, stopped" in said
    assert "search-0001 interrupted, 0 epochs: optimizer.lr=0.1" in said
    (record,) = json.loads(platform("status", "loss", "--json").stdout)
    assert (record["sweep"], record["state"], record["holder"]) == ("loss", "stopped", None)
    assert platform("status", "--json", "--results", "nowhere").stdout == "[]\n"


def test_logs_of_a_trial_are_all_there_is_and_move_no_cursor(platform, folder):
    said = platform("logs", "loss:0").stdout
    assert "\x1b" not in said
    for part in ("a \\x1b[31mwarning\n100%\n", "of the second worker\n", "failed after 0 epochs: RuntimeError: boom\n"):
        assert part in said
    assert said.endswith("Traceback: line 7\n")
    record = json.loads(platform("logs", "loss:search-0000", "--json").stdout)
    assert record["output"]["search-0000.log"] == "a \x1b[31mwarning\r100%\n".replace("\r", "\n")
    assert (record["state"], record["traceback"]) == ("failed", "Traceback: line 7\n")


def test_logs_of_a_sweep_name_the_trials_that_failed(platform, folder):
    said = platform("logs", "loss").stdout
    assert said.startswith("2026-01-01 00:00:00  search-0000 starts\n")
    assert "1 trials have failed. Try: platform logs loss:search-0000" in said
    assert "There is no" in platform("logs", "loss", "--ray").stdout
    assert json.loads(platform("logs", "loss", "--json").stdout)["failed"][0]["trial"] == "search-0000"


def test_logs_are_followed_until_the_sweep_ends(platform, folder):
    def write():
        with locked(folder.path):
            time.sleep(0.5)
            with (folder.path / "sweep.log").open("a") as log:
                log.write("the last line\n")

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.2)
    assert platform("logs", "loss", "--follow").stdout.endswith("search-0000 starts\nthe last line\n")
    writer.join()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("stop", "loss"), r"nobody works on loss: it is stopped. Try: platform status"),
        (("stop", "loss:0"), "search-0000 of loss has ended already: failed. Try: platform status loss"),
        (("stop", "loss:1"), "search-0001 of loss doesn't run: nobody works on the sweep"),
        (("stop", "loss:17"), "loss has no trial '17'"),
        (("stop", "lost"), "no sweep is called 'lost'"),
        (("logs", "loss:x"), "loss has no trial 'x'"),
        (("logs", "loss:0", "--ray"), "Try: platform logs loss --ray"),
        (("logs", "loss", "--json", "--follow"), "without --follow"),
        (("watch", "lost"), "no sweep is called 'lost'"),
        (("dashboard",), "no sweep runs in"),
        (("dashboard", "loss", "--page", "ray"), "there is no dashboard of Ray for loss. Try: --page report"),
    ],
)
def test_mistakes_are_one_message(platform, folder, command, said):
    done = platform(*command)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder.path / "requests").exists()


def test_a_trial_is_stopped_from_another_shell_and_what_happened_is_said(platform, folder):
    def driver():
        with locked(folder.path):
            patience = time.monotonic() + 20
            request = folder.path / "requests" / "stop-search-0001.json"
            while not request.exists() and time.monotonic() < patience:
                time.sleep(0.02)
            request.unlink()
            folder.end(plan(1), TrialEnd("pruned", ((1, 0.5),), "stopped by hand"))
            time.sleep(1)

    working = threading.Thread(target=driver)
    working.start()
    time.sleep(0.2)
    done = platform("stop", "loss:1")
    working.join()
    assert f"Asked process {os.getpid()} to stop search-0001 of loss after its epoch under way." in done.stdout
    assert "search-0001 has stopped after 1 epochs; the sweep goes on." in done.stdout
    assert done.returncode == 0


def test_watching_a_sweep_at_rest_ends_at_once(platform, folder):
    done = platform("watch", "loss")
    assert done.returncode == 0
    assert done.stdout == "loss: 1/3 trials, stopped\nTo go on: platform sweep loss\n"


def test_the_dashboard_says_what_is_where_and_what_is_missing(platform, folder):
    said = platform("dashboard", "loss", "--no-open").stdout
    assert "ray      none: loss doesn't run" in said
    assert "report   " in said
    page = said.split("report   ")[1].split("\n")[0]
    assert Path(page).exists()


def test_the_addresses_of_a_running_sweeps_cluster_are_said(platform, folder):
    where = {"dashboard": "http://127.0.0.1:1", "token_file": "/t/token", "metrics": "http://127.0.0.1:2/metrics"}
    with locked(folder.path):
        (folder.path / "ray.json").write_text(json.dumps({**where, "prometheus": "/t/prometheus.yml"}))
        said = platform("dashboard", "--no-open").stdout
    assert "ray      http://127.0.0.1:1  (log in with the token: cat /t/token)" in said
    assert "metrics  http://127.0.0.1:2/metrics" in said
    assert "prometheus --config.file=/t/prometheus.yml" in said
