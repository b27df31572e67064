"""ASHA after a restart decides as if it had seen every trial itself."""

import math
from types import SimpleNamespace

import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from analysis.records.sweep import TrialEnd
from tuneful.sweep.scheduler import build_scheduler

EPOCHS = 8


def definition(mode="max"):
    return {"scheduler": {"name": "asha", "grace_period": 1, "reduction_factor": 2}, "objective": {"mode": mode}}


def score(number, epoch):
    """The first trial diverges in its second epoch."""
    return math.nan if (number, epoch) == (0, 2) else ((number * 37) % 11) / 11 + epoch / 100


def watch(scheduler, number):
    """Feeds one trial as Tune does, until it is stopped; returns its end."""
    trial, scores = SimpleNamespace(trial_id=f"search-{number:04d}", config={}), []
    scheduler.on_trial_add(None, trial)
    for epoch in range(1, EPOCHS + 1):
        scores.append((epoch, score(number, epoch)))
        result = {"epoch": epoch, "score": scores[-1][1]}
        diverged = math.isnan(scores[-1][1])
        if diverged or epoch == EPOCHS:
            scheduler.on_trial_complete(None, trial, result)
            return TrialEnd("diverged" if diverged else "complete", tuple(scores))
        if scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP:
            return TrialEnd("pruned", tuple(scores))
    raise AssertionError


def rungs(scheduler):
    return [(milestone, dict(recorded)) for milestone, recorded in scheduler._brackets[0]._rungs]


@pytest.mark.filterwarnings("ignore:All-NaN slice")  # a rung that only a diverged trial has reached
@pytest.mark.parametrize("mode", ["max", "min"])
def test_replayed_rungs_hold_what_live_ones_do_and_the_next_decisions_agree(mode, plan_of):
    live = build_scheduler(definition(mode), EPOCHS, [])
    ended = [(plan_of(number), watch(live, number)) for number in range(9)]
    assert {end.state for _, end in ended} == {"complete", "pruned", "diverged"}
    replayed = build_scheduler(definition(mode), EPOCHS, ended)
    assert str(rungs(replayed)) == str(rungs(live))  # as text: a NaN equals no other
    assert any(recorded for _, recorded in rungs(live))
    assert [watch(replayed, number) for number in range(9, 14)] == [watch(live, number) for number in range(9, 14)]


def test_failed_and_interrupted_trials_leave_no_mark(plan_of):
    failed = TrialEnd("failed", ((1, 0.9),), "no")
    scheduler = build_scheduler(definition(), EPOCHS, [(plan_of(0), failed), (plan_of(1), None)])
    assert not any(recorded for _, recorded in rungs(scheduler))


def test_fifo_stops_nothing():
    assert type(build_scheduler({"scheduler": {"name": "fifo"}, "objective": {"mode": "max"}}, 3, [])) is FIFOScheduler
