"""Schedulers decide as worked out by hand, and after a restart as if they had seen every trial themselves."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from analysis.records.sweep import TrialEnd
from tuneful.sweep.schedulers.scheduler import SCHEDULERS, build_scheduler

EPOCHS = 8
STOPPING = {
    "asha": {"name": "asha", "grace_period": 1, "reduction_factor": 2},
    "hyperband": {"name": "hyperband", "grace_period": 1, "reduction_factor": 2, "brackets": 3},
    "median": {"name": "median", "grace_period": 2, "min_trials": 2},
}
GO, STOP = TrialScheduler.CONTINUE, TrialScheduler.STOP


def definition(name="asha", mode="max", **changes):
    return {"scheduler": {**STOPPING[name], **changes}, "objective": {"mode": mode}}


def built(name="asha", ended=(), mode="max", decided=lambda _: (), **changes):
    return build_scheduler(definition(name, mode, **changes), EPOCHS, list(ended), decided)


class Trial:
    """A trial of Tune: its id is of the process, its name of the sweep."""

    made = 0

    def __init__(self, number):
        Trial.made += 1
        self.trial_id, self.config = f"{Trial.made:08x}", {"trial": f"search-{number:04d}"}


def told(scheduler, number, *scores):
    """What is decided after each of these epochs, until it is to stop."""
    trial, decisions = Trial(number), []
    scheduler.on_trial_add(None, trial)
    for epoch, value in enumerate(scores, 1):
        decisions.append(scheduler.on_trial_result(None, trial, result(epoch, value)))
        if decisions[-1] == STOP:
            scheduler.on_trial_complete(None, trial, result(epoch, value))  # Tune tells it a second time
            break
    return decisions


def result(epoch, score, state="running"):
    return {"epoch": epoch, "score": score, "state": state}


def score(number, epoch):
    """The first trial diverges in its second epoch."""
    return math.nan if (number, epoch) == (0, 2) else ((number * 37) % 11) / 11 + epoch / 100


def watch(scheduler, number):
    """Feeds one trial as Tune does, until it is stopped; returns its end."""
    trial, scores = Trial(number), []
    scheduler.on_trial_add(None, trial)
    for epoch in range(1, EPOCHS + 1):
        scores.append((epoch, score(number, epoch)))
        told = result(*scores[-1])
        diverged = math.isnan(scores[-1][1])
        if diverged or epoch == EPOCHS:
            scheduler.on_trial_complete(None, trial, told)
            return TrialEnd("diverged" if diverged else "complete", tuple(scores))
        if scheduler.on_trial_result(None, trial, told) == STOP:
            scheduler.on_trial_complete(None, trial, told)  # Tune tells it a second time
            return TrialEnd("pruned", tuple(scores))
    raise AssertionError


@pytest.mark.filterwarnings("ignore:All-NaN slice")  # a rung that only a diverged trial has reached
@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize("name", STOPPING)
def test_after_a_restart_the_decisions_are_those_of_a_sweep_never_stopped(name, mode, plan_of):
    live = built(name, mode=mode)
    ended = [(plan_of(number), watch(live, number)) for number in range(12)]
    assert {end.state for _, end in ended} == {"complete", "pruned", "diverged"}
    restarted = built(name, ended, mode)
    later = [watch(live, number) for number in range(12, 24)]
    assert [watch(restarted, number) for number in range(12, 24)] == later
    fresh = [watch(built(name, mode=mode), number) for number in range(12, 24)]
    assert fresh != later, "the memory makes a difference"


@pytest.mark.parametrize("name", STOPPING)
def test_a_failed_trials_epochs_count_after_a_restart_as_they_did_before(name, plan_of):
    live, ended = built(name), []
    for number in range(3):
        trial, scores = Trial(number), tuple((epoch, 0.9) for epoch in (1, 2, 3))
        live.on_trial_add(None, trial)
        for each in scores:
            live.on_trial_result(None, trial, result(*each))
        live.on_trial_complete(None, trial, result(0, math.nan, "failed"))
        ended.append((plan_of(number), TrialEnd("failed", scores, "no")))
    restarted = built(name, ended)
    decisions = [[told(scheduler, number, 0.1, 0.1, 0.1) for number in range(3, 9)] for scheduler in (live, restarted)]
    assert decisions[0] == decisions[1]
    assert any(STOP in each for each in decisions[0])


@pytest.mark.parametrize("name", STOPPING)
def test_what_was_decided_about_an_interrupted_trial_is_not_decided_again(name, plan_of):
    """Trial 0 had passed epoch 2 when nothing better was known; the sweep was killed in its fourth."""
    better = [(plan_of(number), TrialEnd("complete", tuple((e, 0.9) for e in range(1, 9)))) for number in (1, 2, 3)]
    passed = built(name, [(plan_of(0), None), *better], decided=lambda _: ((1, 0.1), (2, 0.1)))
    assert told(passed, 0, 0.1, 0.1, 0.1, 0.1)[:2] == [GO, GO]
    assert STOP in told(built(name, [(plan_of(0), None), *better]), 0, 0.1, 0.1, 0.1, 0.1)[:2]


def test_an_interrupted_trials_epochs_stand_at_the_rungs_once(plan_of):
    scheduler = built(ended=[(plan_of(0), None)], decided=lambda _: ((1, 0.5),))
    told(scheduler, 0, 0.5, 0.6, 0.7)
    first_rung = scheduler.inner._brackets[0]._rungs[-1][1]
    assert first_rung == {"search-0000": 0.5}


@pytest.mark.parametrize("name", STOPPING)
def test_a_process_that_died_and_reports_its_epochs_again_is_judged_by_what_is_new(name):
    scheduler = built(name)
    for number in range(1, 4):
        told(scheduler, number, *[0.5] * 7)
    trial = Trial(0)
    scheduler.on_trial_add(None, trial)
    decisions = [scheduler.on_trial_result(None, trial, result(epoch, 0.6)) for epoch in (1, 2)]
    scheduler.on_trial_error(None, trial)
    scheduler.on_trial_add(None, trial)
    decisions += [scheduler.on_trial_result(None, trial, result(epoch, 0.6)) for epoch in (1, 2, 3)]
    assert decisions == [GO] * 5


# ---- worked out by hand


def test_asha_stops_who_is_below_the_upper_half_of_those_that_came_before():
    scheduler = built()  # rungs at 1, 2, 4, 8
    assert told(scheduler, 0, 0.50) == [GO], "nothing to compare with"
    assert told(scheduler, 1, 0.60) == [GO], "0.60 >= 0.50"
    assert told(scheduler, 2, 0.54) == [STOP], "the median of 0.50 and 0.60 is 0.55"
    assert told(scheduler, 3, 0.55, 0.70) == [GO, GO], "the median of 0.50, 0.54, 0.60 is 0.54; the first at 2"
    assert told(scheduler, 4, 0.90, 0.80, 0.10, 0.50) == [GO] * 4, "no rung at 3, the first at 4"
    assert told(scheduler, 5, 0.90, 0.74) == [GO, STOP], "the median of 0.70 and 0.80 is 0.75"


def test_asha_looks_for_the_lowest_where_low_is_good():
    scheduler = built(mode="min")
    assert told(scheduler, 0, 0.5) == [GO]
    assert told(scheduler, 1, 0.6) == [STOP]
    assert told(scheduler, 2, 0.4) == [GO]


def brackets(numbers, **changes):
    scheduler = built("hyperband", **changes)
    for number in numbers:
        scheduler.on_trial_add(None, Trial(number))
    inner = scheduler.inner
    return {int(name[-4:]): inner._brackets.index(bracket) for name, bracket in inner._trial_info.items()}


def test_a_trials_bracket_depends_on_its_number_alone():
    np.random.seed(1)
    first = brackets(range(40))
    np.random.seed(2)
    second = brackets(reversed(range(40)))
    assert first == second
    assert set(first.values()) == {0, 1, 2}
    drawn = np.random.random()
    np.random.seed(2)
    assert drawn == np.random.random(), "numpy's own generator is left alone"


def test_brackets_with_more_rungs_get_more_trials():
    """Ray's softmax over rungs: 4, 3 and 2 of them make shares of 0.665, 0.245 and 0.090."""
    counts = np.bincount(list(brackets(range(600)).values()))
    assert counts / 600 == pytest.approx([0.665, 0.245, 0.090], abs=0.06)


def test_hyperbands_later_brackets_wait_longer_before_they_stop_a_trial():
    by_bracket = {bracket: [n for n, b in brackets(range(100)).items() if b == bracket][:3] for bracket in (0, 1, 2)}
    for bracket, first_rung in ((0, 1), (1, 2), (2, 4)):
        scheduler = built("hyperband")
        good, bad, _ = by_bracket[bracket]
        told(scheduler, good, *[0.9] * 7)
        assert told(scheduler, bad, *[0.1] * 7).index(STOP) + 1 == first_rung


def test_the_median_rule_stops_who_never_reached_the_median_of_the_others_running_means():
    scheduler = built("median")
    assert told(scheduler, 0, 0.9, 0.2, 0.4) == [GO] * 3, "no others"
    assert told(scheduler, 1, 0.9, 0.6, 0.8) == [GO] * 3, "one other, two are needed"
    # Means from epoch 2 on: at epoch 2 0.2 and 0.6, median 0.4; at epoch 3 0.3 and 0.7, median 0.5.
    assert told(scheduler, 2, 0.1, 0.39) == [GO, STOP]
    assert told(scheduler, 3, 0.1, 0.45, 0.49) == [GO, GO, STOP]
    assert told(scheduler, 4, 0.51, 0.1, 0.1) == [GO] * 3, "its best epoch counts, that of the grace period, too"


def test_the_median_rule_never_pauses_a_trial():
    """Ray's own does while others wait and there is nothing to compare with: our trials can't be paused."""
    waiting = SimpleNamespace(status="PENDING")
    tune = SimpleNamespace(get_live_trials=lambda: [waiting])
    scheduler, trial = built("median"), Trial(0)
    scheduler.on_trial_add(tune, trial)
    assert [scheduler.on_trial_result(tune, trial, result(epoch, 0.1)) for epoch in range(1, 8)] == [GO] * 7


@pytest.mark.parametrize("name", ["fifo", "pbt"])
def test_where_every_trial_runs_to_its_end_nothing_is_stopped(name):
    scheduler = build_scheduler({"scheduler": {"name": name}, "objective": {"mode": "max"}}, 3, [])
    assert type(scheduler) is FIFOScheduler
    assert set(SCHEDULERS) == {*STOPPING, "fifo", "pbt"}


def test_of_several_objectives_the_first_is_scheduled_by():
    objectives = [{"metric": "val/loss", "mode": "min"}, {"metric": "val/map", "mode": "max"}]
    scheduler = build_scheduler({**definition(), "objective": objectives}, EPOCHS, [])
    assert [told(scheduler, 0, 0.5), told(scheduler, 1, 0.6)] == [[GO], [STOP]]
