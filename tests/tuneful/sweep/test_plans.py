"""Which runs a trial stands for, how it is scored, and which are confirmed."""

import math

import pytest

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, TrialEnd
from tuneful.sweep.plans import Planner, best_trials, confirm_left, finalists

NAN = math.nan
PARAMS = {"loss.name": "focal", "loss.gamma": 1.5, "targets.mode": "soft", "optimizer.lr": 0.002}
CONFIRMED = "{top: 2, folds: [0, 1], repeats: 2, splits: [stratified, stratified_group]}"


# ---- scores


@pytest.mark.parametrize(
    ("mode", "epoch", "history", "expected"),
    [
        ("max", "last", [0.1, 0.9, 0.5], 0.5),
        ("max", "best", [0.1, 0.9, 0.5], 0.9),
        ("min", "best", [0.4, 0.2, 0.3], 0.2),
        ("max", "mean_last_3", [9.0, 0.1, 0.2, 0.6], 0.3),
        ("max", "mean_last_3", [0.2, 0.4], 0.3),
        ("min", "last", [0.7], 0.7),
        ("max", "best", [NAN, 0.3], 0.3),
    ],
)
def test_a_run_is_scored_by_the_epochs_its_objective_names(mode, epoch, history, expected):
    assert Objective("val/map", mode, epoch).score(history) == pytest.approx(expected)


@pytest.mark.parametrize("epoch", ["last", "best", "mean_last_3"])
def test_a_run_that_diverged_has_no_score_under_any_rule(epoch):
    assert math.isnan(Objective("val/map", "max", epoch).score([0.9, 0.8, NAN]))
    assert math.isnan(Objective("val/map", "max", epoch).score([]))


def test_nan_beats_nothing_and_loses_to_everything():
    for mode in ("max", "min"):
        objective = Objective("val/map", mode, "last")
        assert objective.better(0.1, NAN)
        assert not objective.better(NAN, 0.1)
        assert not objective.better(NAN, NAN)
    assert Objective("val/map", "max", "last").better(0.2, 0.1)
    assert Objective("val/loss", "min", "last").better(0.1, 0.2)


# ---- runs


def test_a_trial_is_every_fold_with_every_paired_seed(tiny):
    plan = Planner(tiny(folds="[0, 1]", repeats="3"), "digest", "fp32").search_trial(4, PARAMS)
    places = [(run.seed, run.repeat, run.fold) for run in plan.runs]
    assert places == [(0, 0, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (2, 2, 0), (2, 2, 1)]
    assert len({run.key for run in plan.runs}) == 6
    assert all(run.spec["data"]["fold"] == run.fold and run.spec["seed"] == run.seed for run in plan.runs)
    assert all(run.spec["loss"]["gamma"] == 1.5 for run in plan.runs)
    assert (plan.stage, plan.number, plan.params, plan.settings) == (SEARCH, 4, PARAMS, PARAMS)


def test_two_trials_share_seeds_and_folds_but_no_run(tiny):
    planner = Planner(tiny(folds="[0, 1]", repeats="2"), "digest", "fp32")
    one, other = planner.search_trial(0, PARAMS), planner.search_trial(1, {**PARAMS, "loss.gamma": 2.0})
    assert [(run.seed, run.fold) for run in one.runs] == [(run.seed, run.fold) for run in other.runs]
    assert not {run.key for run in one.runs} & {run.key for run in other.runs}


def test_a_runs_key_follows_from_what_its_result_depends_on(tiny):
    def key(digest="digest", precision="fp32", number=0, **changes):
        return Planner(tiny(**changes), digest, precision).search_trial(number, PARAMS).runs[0].key

    assert key() == key(number=9) == key(resources="{cpus_per_worker: 2}", trials="4")
    assert len({key(), key(digest="other"), key(precision="bf16"), key(resources="{workers: 2}")}) == 4


def test_finalists_run_on_every_split_fold_and_repeat_one_run_a_trial(tiny):
    planner = Planner(tiny(confirm=CONFIRMED), "digest", "fp32")
    finalists = [planner.search_trial(3, PARAMS), planner.search_trial(5, {**PARAMS, "targets.mode": "hard"})]
    plans = planner.confirm_trials(finalists)
    places = {(p.candidate, p.runs[0].split, p.runs[0].fold, p.runs[0].seed, p.runs[0].repeat) for p in plans}
    splits = ("stratified", "stratified_group")
    assert places == {(c, s, f, 1 + r, r) for c in (3, 5) for s in splits for f in (0, 1) for r in (0, 1)}
    assert len({p.runs[0].key for p in plans}) == len(plans) == 16
    assert [p.number for p in plans] == list(range(16))


@pytest.mark.parametrize("repeats", [1, 3])
def test_no_run_that_a_finalist_was_chosen_by_is_among_those_that_confirm_it(tiny, repeats):
    planner = Planner(tiny(confirm=CONFIRMED, repeats=str(repeats), folds="[0, 1]"), "digest", "fp32")
    chosen = planner.search_trial(3, PARAMS)
    confirm = planner.confirm_trials([chosen]) + planner.confirm_trials([chosen], [5])
    assert not {run.key for run in chosen.runs} & {plan.runs[0].key for plan in confirm}


def test_without_a_confirm_stage_nothing_is_confirmed(tiny):
    planner = Planner(tiny(), "digest", "fp32")
    assert planner.confirm_trials([planner.search_trial(0, PARAMS)]) == []


# ---- the best


def ended(plan_of, *scores, state="complete"):
    return [(plan_of(number), TrialEnd(state, ((1, score),))) for number, score in enumerate(scores)]


@pytest.mark.parametrize(("mode", "best"), [("max", [1, 2]), ("min", [0, 2])])
def test_the_best_come_first(plan_of, mode, best):
    trials = ended(plan_of, 0.1, 0.9, 0.5)
    assert [plan.number for plan in best_trials(trials, Objective("m", mode, "last"), 2)] == best


def test_only_complete_trials_are_among_the_best(plan_of):
    trials = [
        (plan_of(0), TrialEnd("complete", ((3, 0.4),))),
        (plan_of(1), TrialEnd("pruned", ((1, 0.9),))),
        (plan_of(2), TrialEnd("diverged", ((1, 0.9), (2, NAN)))),
        (plan_of(3), None),
    ]
    assert [plan.number for plan in best_trials(trials, Objective("m", "max", "last"), 4)] == [0]


@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_score_of_nothing_is_not_among_the_best(plan_of, mode):
    trials = ended(plan_of, 0.5, NAN, 0.5, NAN, 0.5)
    assert [plan.number for plan in best_trials(trials, Objective("m", mode, "last"), 5)] == [0, 2, 4]


def test_a_configuration_drawn_twice_is_confirmed_once_and_as_its_first_trial(plan_of):
    same = ("same",)
    trials = [(plan_of(n, same), TrialEnd("complete", ((1, 0.9),))) for n in (0, 1)]
    trials += [(plan_of(2), TrialEnd("complete", ((1, 0.5),)))]
    assert [plan.number for plan in best_trials(trials, Objective("m", "max", "last"), 2)] == [0, 2]


def test_what_is_left_of_the_confirmation_is_counted(tiny, folder):
    sweep = tiny(confirm=CONFIRMED)
    planner, definition = Planner(sweep, "digest", "fp32"), sweep.resolved()
    assert confirm_left(folder, tiny().resolved()) == 0
    plans = [planner.search_trial(n, {**PARAMS, "loss.gamma": 1.0 + n}) for n in range(3)]
    for plan, score in zip(plans, (0.5, 0.9, 0.7), strict=True):
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, score),)))
    assert confirm_left(folder, definition) == 2 * 8
    for plan in planner.confirm_trials(plans[1:2])[:3]:
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, 0.8),)))
    assert confirm_left(folder, definition) == 2 * 8 - 3
    assert len(folder.trials(CONFIRM)) == 3


def test_who_was_run_again_stays_a_finalist_whatever_the_search_finds_later(tiny, folder):
    sweep = confirm_of(tiny, top="1")
    planner, definition = Planner(sweep, "digest", "fp32"), sweep.resolved()

    def searched(number, score):
        plan = planner.search_trial(number, {**PARAMS, "loss.gamma": 1.0 + number})
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, score),)))
        return [plan.number for plan in finalists(folder, definition)]

    assert [searched(0, 0.7), searched(1, 0.6)] == [[0], [0]]
    for plan in planner.confirm_trials(finalists(folder, definition)):
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, 0.9),)))
    assert confirm_left(folder, definition) == 0
    assert searched(2, 0.8) == [2, 0]
    assert confirm_left(folder, definition) == 2, "the newcomer's; the winner has its runs"
    other = confirm_of(tiny, splits="[stratified_group]").resolved()
    assert [plan.number for plan in finalists(folder, other)] == [2], "nobody has been run again in this way"


def confirm_of(tiny, **changes):
    content = {"top": "1", "folds": "[0]", "repeats": "2", "splits": "[stratified]", **changes}
    return tiny(confirm="{" + ", ".join(f"{key}: {value}" for key, value in content.items()) + "}")


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, 0),
        ({"splits": "[]"}, 0),
        ({"folds": "[1]"}, 2),
        ({"folds": "[0, 1]"}, 2),
        ({"splits": "[stratified_group]"}, 2),
        ({"splits": "[stratified, stratified_group]"}, 2),
        ({"repeats": "3"}, 1),
        ({"repeats": "1"}, 0),
    ],
)
def test_a_confirmation_that_asks_for_other_folds_or_splits_is_not_done(tiny, folder, changes, left):
    planner = Planner(confirm_of(tiny), "digest", "fp32")
    search = planner.search_trial(0, PARAMS)
    for plan in (search, *planner.confirm_trials([search])):
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, 0.8),)))
    assert confirm_left(folder, confirm_of(tiny, **changes).resolved()) == left
