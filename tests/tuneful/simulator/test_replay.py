"""A search in simulated time goes as it would have gone: worked out by hand, epoch by epoch."""

import math

import pytest

from analysis.records.sweep import SEARCH
from tuneful.simulator.curves import Curve
from tuneful.simulator.replay import Replay, plan_of
from tuneful.sweep.schedulers.scheduler import build_scheduler
from tuneful.sweep.searchers.search import PlannedTrials

ASHA = {"name": "asha", "grace_period": 1, "reduction_factor": 2}
A = Curve({"x": 0}, (0.50, 0.60, 0.70, 0.80), (2, 2, 2, 2), whole=True)
B = Curve({"x": 1}, (0.40, 0.50, 0.60, 0.70), (3, 3, 3, 3), whole=True)
C = Curve({"x": 2}, (0.60, 0.55, 0.65, 0.75), (1, 1, 1, 1), whole=True)
D = Curve({"x": 3}, (0.45, 0.90, 0.95, 0.99), (1, 1, 1, 1), whole=True)


def replay(curves, scheduler=ASHA, slots=2, budget=100, mode="max"):
    """[(seconds, slot, trial, epoch, how it ended)] of a search that takes these curves in their order."""
    by_value = {curve.params["x"]: curve for curve in curves}
    plans = [plan_of(number, dict(curve.params)) for number, curve in enumerate(curves)]
    found = Replay(
        lambda params: by_value[params["x"]],
        slots,
        lambda recorder, make: PlannedTrials(plans, recorder, make[1]),
        build_scheduler({"scheduler": scheduler, "objective": {"mode": mode}}, 4, ()),
    )
    return list(found.steps(budget))


def seen(steps):
    return [(step.at_s, step.slot, step.trial.number, step.epoch, step.ends) for step in steps]


def test_asha_on_two_slots_as_worked_out_by_hand():
    """Rungs after epochs 1 and 2: a trial stops below the median of those that were there before it.

    A is the first at both rungs. B's .40 is below A's .50. C's .60 is above the median .45 of A and B, then its .55
    is below A's .60. D's .45 is below the median .50 of three; that it would have won nobody learns.
    """
    assert seen(replay([A, B, C, D])) == [
        (2, 0, 0, 1, None),
        (3, 1, 1, 1, "pruned"),
        (4, 0, 0, 2, None),
        (4, 1, 2, 1, None),
        (5, 1, 2, 2, "pruned"),
        (6, 0, 0, 3, None),
        (6, 1, 3, 1, "pruned"),
        (8, 0, 0, 4, "complete"),
    ]


def test_with_one_slot_the_trials_follow_each_other():
    ended = [(step.at_s, step.trial.number, step.ends) for step in replay([A, B, C, D], slots=1) if step.ends]
    assert ended == [(8, 0, "complete"), (11, 1, "pruned"), (13, 2, "pruned"), (14, 3, "pruned")]


def test_a_lower_score_is_better_where_the_sweep_says_so():
    """B's .40 and D's .45 are the best after epoch 1, A and C stop."""
    ended = {
        step.trial.number: (step.epoch, step.ends) for step in replay([B, A, C, D], slots=1, mode="min") if step.ends
    }
    assert ended == {0: (4, "complete"), 1: (1, "pruned"), 2: (1, "pruned"), 3: (2, "pruned")}


def test_without_a_scheduler_every_epoch_is_trained():
    steps = replay([A, B, C, D], {"name": "fifo"})
    assert sum(step.trained for step in steps) == 16
    assert {step.ends for step in steps if step.epoch == 4} == {"complete"}
    assert max(step.at_s for step in steps) == 16, "A (8 s), C and D (4 s each) follow each other, B takes 12 s"


def test_the_budget_ends_the_search_in_the_middle_of_a_trial():
    for budget in range(1, 17):
        steps = replay([A, B, C, D], {"name": "fifo"}, budget=budget)
        assert sum(step.trained for step in steps) == budget


def test_a_configuration_that_is_on_record_costs_neither_epochs_nor_time():
    steps = replay([A, A, C], {"name": "fifo"}, slots=1)
    second = [step for step in steps if step.trial.number == 1]
    assert [step.trained for step in second] == [False] * 4
    assert {step.at_s for step in second} == {8}
    assert second[-1].ends == "complete"
    assert steps[-1].at_s == 12


def test_a_trial_that_was_stopped_trains_only_what_is_missing():
    """W's .10 pulls the median at the first rung down to B's .40, so that B passes it when it is taken again."""
    worst = Curve({"x": 5}, (0.10, 0.10, 0.10, 0.10), (1, 1, 1, 1), whole=True)
    steps = replay([A, B, worst, B], slots=1)
    again = [(step.at_s, step.epoch, step.trained, step.ends) for step in steps if step.trial.number == 3]
    assert again == [(12, 1, False, None), (15, 2, True, "pruned")]


@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_a_run_that_diverges_ends_there():
    broken = Curve({"x": 4}, (0.5, math.nan), (1, 1), whole=True)
    steps = replay([broken, C], slots=1)
    assert seen(steps)[:2] == [(1, 0, 0, 1, None), (2, 0, 0, 2, "diverged")]
    assert steps[-1].ends == "complete"


def test_a_plan_is_known_by_its_configuration():
    plan = plan_of(7, {"optimizer.lr": 1, "loss.name": "ce"})
    assert (plan.stage, plan.number) == (SEARCH, 7)
    assert plan.runs[0].key == plan_of(8, {"loss.name": "ce", "optimizer.lr": 1.0}).runs[0].key
    assert plan.runs[0].key != plan_of(7, {"optimizer.lr": 2, "loss.name": "ce"}).runs[0].key
    assert plan.settings == pytest.approx({"optimizer.lr": 1, "loss.name": "ce"})
