"""Every trial's scores and end are put on record, whatever way it ends; listeners hear of all of it."""

import math

import pytest

from analysis.records.sweep import SEARCH
from trainers.errors import SpecError
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.trials.trial import failure


class Ear:
    def __init__(self):
        self.heard = []

    def started(self, plan):
        self.heard.append(("started", plan.number))

    def epoch(self, plan, result):
        self.heard.append(("epoch", plan.number, result["epoch"]))

    def ended(self, plan, end):
        self.heard.append(("ended", plan.number, end.state))


def result(epoch, score, state="running", error=None):
    return {"epoch": epoch, "score": score, "state": state, "metrics": {}, "error": error}


@pytest.fixture
def recorder(folder, plan_of):
    recorder = Recorder(folder)
    recorder.listeners.append(Ear())
    plan = plan_of(0)
    folder.ask(plan)
    recorder.start("t", plan)
    recorder.result("t", result(1, 0.1))
    recorder.result("t", result(2, 0.2))
    return recorder


ENDS = {
    "finished": (result(3, 0.3, "finished"), False, False, "complete", [0.1, 0.2, 0.3]),
    "stopped by the scheduler": (result(3, 0.3), False, False, "pruned", [0.1, 0.2, 0.3]),
    "stopped, last result told before": (result(2, 0.2), False, False, "pruned", [0.1, 0.2]),
    "diverged": (result(3, math.nan, "diverged"), False, False, "diverged", [0.1, 0.2, math.nan]),
    "failed": (result(0, math.nan, "failed", "DataError: no"), False, False, "failed", [0.1, 0.2]),
    "process died": (None, True, False, "failed", [0.1, 0.2]),
    "process died, with its last result": (result(2, 0.2), True, False, "failed", [0.1, 0.2]),
    "finished while stopping": (result(3, 0.3, "finished"), False, True, "complete", [0.1, 0.2, 0.3]),
    "failed while stopping": (result(0, math.nan, "failed", "x"), False, True, "failed", [0.1, 0.2]),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_end_is_recorded_as_what_it_was(recorder, how):
    last, error, stopping, state, scores = ENDS[how]
    recorder.stopping = stopping
    end = recorder.end("t", last, error)
    assert end.state == state
    assert [epoch for epoch, _ in end.scores] == list(range(1, len(scores) + 1))
    assert [score for _, score in end.scores] == pytest.approx(scores, nan_ok=True)
    assert (end.error is not None) == (state == "failed")
    (on_record,) = [end for _, end in recorder.folder.trials(SEARCH)]
    assert str(on_record) == str(end)
    assert recorder.listeners[0].heard[-1] == ("ended", 0, state)
    assert recorder.running == {}


@pytest.mark.parametrize("last", [None, result(2, 0.2), result(3, 0.3)])
def test_an_interrupted_trial_has_no_end(recorder, last):
    recorder.stopping = True
    assert recorder.end("t", last, False) is None
    assert [end for _, end in recorder.folder.trials(SEARCH)] == [None]
    assert "ended" not in [what for what, *_ in recorder.listeners[0].heard]


def test_epochs_told_twice_are_heard_once(recorder):
    assert recorder.result("t", result(3, 0.3))
    assert not recorder.result("t", result(3, 0.3))
    assert not recorder.result("t", result(0, math.nan, "failed", "x"))
    epochs = [heard[2] for heard in recorder.listeners[0].heard if heard[0] == "epoch"]
    assert epochs == [1, 2, 3]


@pytest.mark.parametrize(("last", "error"), [(None, True), (result(0, math.nan, "failed"), False)])
def test_an_unexpected_failure_says_what_the_trials_process_kept_of_it(recorder, folder, last, error):
    folder.write_traceback("search-0000", "ZeroDivisionError: no\n\nTraceback: line 7\n")
    end = recorder.end("t", last, error)
    assert end.error == f"ZeroDivisionError: no (see {folder.path / 'trials' / 'search-0000.traceback.txt'})"
    assert not end.by_settings


def test_what_happened_in_an_earlier_life_is_not_said_of_a_later_one(recorder, folder, plan_of):
    folder.write_traceback("search-0000", "ZeroDivisionError: no\n")
    recorder.start("t", plan_of(0))
    assert recorder.end("t", None, error=True).error == "the trial's process died twice"


@pytest.mark.parametrize("how", ENDS)
def test_a_traceback_stays_only_of_a_trial_that_failed(recorder, folder, how):
    """Tune retries a trial that broke without starting it anew here."""
    last, error, recorder.stopping, state, _ = ENDS[how]
    folder.write_traceback("search-0000", "ZeroDivisionError: no\n")
    recorder.end("t", last, error)
    assert folder.traceback("search-0000").exists() == (state == "failed")


def test_a_failure_says_on_record_whether_the_trials_own_settings_are_why(recorder, folder):
    recorder.end("t", failure(SpecError("model.backbone: there is no such thing")), False)
    ((_, end),) = folder.trials(SEARCH)
    assert (end.by_settings, end.error) == (True, "model.backbone: there is no such thing")
