"""A trial ends where its score has stopped rising, and a leg where the next comparison is."""

import math

import pytest

from analysis.objective import Objective
from analysis.records.ledger import RunLedger
from tuneful.sweep.trials.course import Course
from tuneful.sweep.trials.lockstep import TrialEpoch, decided_scores


class Runs:
    """A lockstep whose scores are given; it ends with the last of them."""

    def __init__(self, scores):
        self.scores, self.asked, self.closed = scores, 0, False

    def advance(self):
        self.asked += 1
        score = self.scores[self.asked - 1]
        state = "diverged" if math.isnan(score) else "finished" if self.asked == len(self.scores) else "running"
        return TrialEpoch(self.asked, score, state, {})

    def close(self):
        self.closed = True


def travelled(scores, mode="max", leg=None, **rule):
    """(the epochs that are reported, the state of the last) until nothing comes after."""
    config = {"objective": {"mode": mode}, "early_stop": {"min_gain": 0.0, "grace_period": 1, **rule} if rule else None}
    course = Course(Runs(scores), {**config, **({"leg": leg} if leg else {})})
    epochs = []
    while not epochs or not course.ends_with(epochs[-1]):
        epochs.append(course.advance())
    return [epoch.epoch for epoch in epochs], epochs[-1].state


LONG = [0.1, 0.3, 0.3, 0.29, 0.4, 0.4, 0.4, 0.4, 0.5]


@pytest.mark.parametrize(
    ("rule", "last", "state"),
    [
        ({}, 9, "finished"),
        ({"patience": 1}, 3, "finished"),
        ({"patience": 2}, 4, "finished"),
        ({"patience": 3}, 8, "finished"),
        ({"patience": 4}, 9, "finished"),
        ({"patience": 1, "grace_period": 5}, 6, "finished"),
        ({"patience": 3, "grace_period": 9}, 9, "finished"),
        ({"patience": 2, "min_gain": 0.25}, 3, "finished"),
        ({"patience": 3, "min_gain": 0.1001}, 5, "finished"),
    ],
)
def test_a_trial_ends_after_so_many_epochs_without_a_gain(rule, last, state):
    assert travelled(LONG, **rule) == (list(range(1, last + 1)), state)


def test_where_low_is_good_a_fall_is_a_gain():
    assert travelled([0.9, 0.8, 0.7, 0.7, 0.6], mode="min", patience=1) == ([1, 2, 3, 4], "finished")


def test_a_trial_that_diverges_has_not_finished():
    assert travelled([0.9, 0.9, math.nan, 0.1], patience=2) == ([1, 2, 3], "diverged")


def test_a_leg_reports_what_comes_after_its_beginning_up_to_its_end():
    assert travelled(LONG, leg=(0, 2)) == ([1, 2], "running")
    assert travelled(LONG, leg=(4, 6)) == ([5, 6], "running")
    assert travelled(LONG, leg=(8, 10)) == ([9], "finished")


def test_a_leg_whose_trial_has_ended_before_says_so():
    assert travelled([0.1, 0.2], leg=(4, 6)) == ([2], "finished")


def test_closing_closes_the_runs():
    runs = Runs([0.1])
    Course(runs, {"objective": {"mode": "max"}}).close()
    assert runs.closed


# ---- what was decided about a trial under way


def on_record(folder, key, *values, state="running"):
    ledger = RunLedger(folder / "runs" / key)
    ledger.begin({"key": key}, 0)
    for epoch, value in enumerate(values, 1):
        record = {"epoch": epoch, "state": state if epoch == len(values) else "running", "metrics": {"m": value}}
        ledger.publish(record, None)


def decided(folder, plan, epoch="last"):
    return decided_scores(folder, plan.runs, Objective("m", "max", epoch))


def test_a_trial_was_decided_about_after_every_epoch_but_the_last(tmp_path, plan_of):
    plan = plan_of(0, ("a", "b"))
    assert decided(tmp_path, plan) == []
    on_record(tmp_path, "a", 0.1, 0.2, 0.3)
    assert decided(tmp_path, plan) == []
    on_record(tmp_path, "b", 0.3, 0.6, 0.9)
    assert decided(tmp_path, plan) == [(1, pytest.approx(0.2)), (2, pytest.approx(0.4))]


def test_a_trial_of_which_one_run_is_further_went_on_after_the_epoch_of_the_others(tmp_path, plan_of):
    on_record(tmp_path, "a", 0.1, 0.2, 0.3)
    on_record(tmp_path, "b", 0.3, 0.6)
    assert decided(tmp_path, plan_of(0, ("a", "b"))) == [(1, pytest.approx(0.2)), (2, pytest.approx(0.4))]


def test_a_run_that_stopped_early_counts_with_its_last_epoch(tmp_path, plan_of):
    on_record(tmp_path, "a", 0.5, state="finished")
    on_record(tmp_path, "b", 0.1, 0.3, 0.2)
    plan = plan_of(0, ("a", "b"))
    assert decided(tmp_path, plan) == [(1, pytest.approx(0.3)), (2, pytest.approx(0.4))]
    assert decided(tmp_path, plan, "best")[1] == (2, pytest.approx(0.4))
