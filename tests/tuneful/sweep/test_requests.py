"""A sweep, or one of its trials, is stopped from another process by a file; old files stop nothing."""

import getpass
import signal
import time

import pytest

from analysis.records.sweep import SEARCH
from tuneful.sweep.lock import locked
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.requests import BY_HAND, ByHand, ask_stop


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("tuneful.sweep.requests.POLL_S", 0.02)


def test_whoever_holds_the_lock_is_interrupted_once(tmp_path, quick):
    interrupted = []
    old = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    try:
        with locked(tmp_path):
            asked = ask_stop(tmp_path, None)
            patience = time.monotonic() + 10
            while not interrupted and time.monotonic() < patience:
                time.sleep(0.01)
            time.sleep(0.1)
    finally:
        signal.signal(signal.SIGINT, old)
    assert interrupted == [signal.SIGINT]
    assert not asked.exists()
    assert f"asked to stop by {getpass.getuser()}@" in (tmp_path / "sweep.log").read_text()


def test_a_request_of_earlier_days_stops_nothing(tmp_path, quick):
    for trial in (None, "search-0007"):
        ask_stop(tmp_path, trial)
    with locked(tmp_path):
        time.sleep(0.1)
        assert not list((tmp_path / "requests").glob("*"))
    assert not (tmp_path / "sweep.log").exists()


def test_nothing_asked_is_left_behind(tmp_path):
    with locked(tmp_path):
        ask_stop(tmp_path, "search-0007")
    assert not (tmp_path / "requests").exists()


def test_one_who_ignores_ctrl_c_for_now_hears_it_later(tmp_path, quick):
    """As a process that a script has started in the background, until the search begins."""
    interrupted = []
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with locked(tmp_path):
            asked = ask_stop(tmp_path, None)
            time.sleep(0.2)
            assert asked.exists()
            signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
            patience = time.monotonic() + 10
            while not interrupted and time.monotonic() < patience:
                time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, old)
    assert interrupted


def test_a_disk_that_is_away_for_a_moment_ends_nothing(tmp_path, quick):
    from tuneful.sweep.requests import hearing

    beats = []

    def beat():
        beats.append(1)
        raise OSError("stale file handle")

    with hearing(tmp_path, beat, 0.0):
        patience = time.monotonic() + 10
        while len(beats) < 3 and time.monotonic() < patience:
            time.sleep(0.01)
    assert len(beats) >= 3


def test_one_trial_is_stopped_and_its_end_says_by_whom(folder, plan_of):
    recorder = Recorder(folder)
    asked_for, other = plan_of(3), plan_of(4)
    for trial_id, plan in (("a", asked_for), ("b", other)):
        folder.ask(plan)
        recorder.start(trial_id, plan)
        recorder.result(trial_id, result(1))
    by_hand = ByHand(folder, recorder)
    assert not by_hand("a")
    ask_stop(folder.path, asked_for.name)
    assert not by_hand("b")
    assert by_hand("a")
    end = recorder.end("a", result(1), error=False)
    assert (end.state, end.error, end.scores) == ("pruned", BY_HAND, ((1, 0.5),))
    assert recorder.end("b", result(1), error=False).error is None
    assert [end.error for _, end in folder.trials(SEARCH)] == [BY_HAND, None]
    assert not list((folder.path / "requests").glob("*"))


def test_one_that_finishes_just_then_is_complete(folder, plan_of):
    recorder = Recorder(folder)
    folder.ask(plan_of(3))
    recorder.start("a", plan_of(3))
    ask_stop(folder.path, "search-0003")
    assert ByHand(folder, recorder)("a")
    end = recorder.end("a", {**result(2), "state": "finished"}, error=False)
    assert (end.state, end.error) == ("complete", None)


def result(epoch):
    return {"epoch": epoch, "score": 0.5, "state": "running", "metrics": {}, "error": None}
