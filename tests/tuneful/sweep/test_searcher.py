"""What is suggested depends on the seed and the ledger alone, and Optuna is told what became of every trial."""

import dataclasses
import math
from collections import Counter

import pytest
from optuna.trial import TrialState

from analysis.records.sweep import CONFIRM, SEARCH
from tuneful.sweep.plans import Planner
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.searchers.search import LedgerOptunaSearch, PlannedTrials, SamplerSpec

EPOCHS = 3
OF_SAMPLER = "{{name: optuna, sampler: {}, seed: 5}}"


class Tune:
    """Feeds a searcher as Tune does, one trial at a time; every fifth is stopped early, one diverges, one fails."""

    def __init__(self, sweep, folder, ids="first"):
        self.recorder, self.ids = Recorder(folder), ids
        planner = Planner(sweep, "digest", "fp32")
        algorithm = sweep.definition.search_algorithm
        self.searcher = LedgerOptunaSearch(
            sweep.space,
            sweep.definition.objective.mode,
            SamplerSpec(algorithm.sampler, algorithm.seed),
            self.recorder,
            (planner.search_trial, lambda plan: {"trial": plan.name}),
        )
        self.searcher.replay(folder.trials(SEARCH))
        self.asked = 0

    def ask(self):
        """(Tune's id, the trial), or None where the searcher waits."""
        self.asked += 1
        trial_id = f"{self.ids}-{self.asked}"
        if self.searcher.suggest(trial_id) is None:
            return None
        return trial_id, self.recorder.running[trial_id]

    def run(self, trials):
        return [self.finish(*self.ask()) for _ in range(trials)]

    def finish(self, trial_id, plan):
        """Runs a trial to its end; returns it."""
        for epoch in range(1, EPOCHS + 1):
            result = outcome(plan, epoch)
            if result["done"]:
                self.searcher.on_trial_complete(trial_id, result)
                break
            self.searcher.on_trial_result(trial_id, result)
        return plan

    def frozen(self, plan):
        return self.searcher.study.trials[plan.number]


def outcome(plan, epoch):
    """An epoch's result: a function of the trial alone."""
    settings = plan.settings
    score = 0.5 + 0.1 * (settings["loss.name"] == "focal") - abs(math.log10(settings["optimizer.lr"]) + 2.3) / 10
    result = {"epoch": epoch, "score": score + 0.05 * epoch, "state": "running", "metrics": {}, "error": None}
    if epoch == EPOCHS:
        result["state"] = "finished"
    if plan.number == 7 and epoch == 2:
        result |= {"state": "diverged", "score": math.nan}
    if plan.number == 4 and epoch == 2:
        result |= {"state": "failed", "score": math.nan, "epoch": 0, "error": "RuntimeError: no"}
    stopped_early = plan.number % 5 == 1 and epoch == 2
    return {**result, "done": result["state"] != "running" or stopped_early}


@pytest.fixture(params=["random", "tpe"])
def sweep(request, tiny):
    return tiny(search_algorithm=OF_SAMPLER.format(request.param))


def test_after_a_restart_the_suggestions_are_those_of_a_search_never_stopped(sweep, tmp_path, folder):
    whole = [plan.params for plan in Tune(sweep, type(folder)(tmp_path / "whole")).run(20)]
    first = [plan.params for plan in Tune(sweep, folder).run(6)]
    second = [plan.params for plan in Tune(sweep, folder, "second").run(9)]
    third = [plan.params for plan in Tune(sweep, folder, "third").run(5)]
    assert first + second + third == whole
    assert len({str(params) for params in whole}) == 20


def test_the_seed_decides_and_nothing_else(tiny, tmp_path, folder):
    def params(seed, name):
        algorithm = f"{{name: optuna, sampler: random, seed: {seed}}}"
        return [p.params for p in Tune(tiny(search_algorithm=algorithm), type(folder)(tmp_path / name)).run(4)]

    assert params(1, "a") == params(1, "b") != params(2, "c")


def test_tpe_learns_from_what_is_on_record(tiny, folder):
    """With the same seed TPE leaves the way of the random sampler once it has seen ten trials."""
    sweep = tiny(search_algorithm=OF_SAMPLER.format("tpe"))
    Tune(sweep, folder).run(20)
    later = Tune(sweep, folder, "second").run(12)
    good = sum(abs(math.log10(plan.settings["optimizer.lr"]) + 2.3) < 0.3 for plan in later)
    assert good >= 6, "a random sampler would be near the optimum in 46 of 100"


def test_optuna_is_told_what_became_of_each_trial(tiny, folder):
    sweep = tiny(search_algorithm=OF_SAMPLER.format("random"))
    live = Tune(sweep, folder)
    plans = live.run(9)
    replayed = Tune(sweep, folder, "second")
    for tune in (live, replayed):
        states = [tune.frozen(plan).state for plan in plans]
        assert states[1] == states[6] == states[7] == TrialState.PRUNED
        assert states[4] == TrialState.FAIL
        assert Counter(states)[TrialState.COMPLETE] == 5
        assert tune.frozen(plans[0]).value == pytest.approx(outcome(plans[0], EPOCHS)["score"])
        early = tune.frozen(plans[1]).intermediate_values
        assert early == {epoch: outcome(plans[1], epoch)["score"] for epoch in (1, 2)}
        diverged = tune.frozen(plans[7]).intermediate_values
        assert list(diverged) == [1, 2]
        assert math.isnan(diverged[2])
        assert tune.frozen(plans[4]).value is None
    for plan in plans:
        ours, theirs = live.frozen(plan), replayed.frozen(plan)
        assert ours.params == theirs.params
        assert ours.distributions == theirs.distributions


def test_conditions_hold_in_what_is_suggested_after_a_restart(sweep, folder):
    Tune(sweep, folder).run(14)
    for plan in [*Tune(sweep, folder, "second").run(12), *(plan for plan, _ in folder.trials(SEARCH))]:
        assert ("loss.gamma" in plan.settings) == (plan.settings["loss.name"] in ("focal", "focal_bce"))


def test_interrupted_trials_get_no_end_and_come_first_under_their_old_number(sweep, folder):
    before = Tune(sweep, folder)
    before.run(3)
    (id_3, plan_3), (id_4, plan_4) = before.ask(), before.ask()
    before.searcher.on_trial_result(id_3, outcome(plan_3, 1))
    before.recorder.stopping = True
    before.searcher.on_trial_complete(id_3, outcome(plan_3, 1))
    before.searcher.on_trial_complete(id_4)  # not one epoch was done
    assert [end is None for _, end in folder.trials(SEARCH)] == [False] * 3 + [True] * 2
    assert before.frozen(plan_3).state == TrialState.RUNNING

    after = Tune(sweep, folder, "second")
    resumed = [after.ask(), after.ask()]
    assert [plan for _, plan in resumed] == [plan_3, plan_4]
    assert [after.frozen(plan).params for plan in (plan_3, plan_4)] == [plan_3.params, plan_4.params]
    (new_id, new) = after.ask()
    assert new.number == 5
    for trial_id, plan in [*resumed, (new_id, new)]:
        after.finish(trial_id, plan)
    assert all(end is not None for _, end in folder.trials(SEARCH))
    assert [trial.number for trial in after.searcher.study.trials] == list(range(6))


def test_a_trial_that_finished_while_the_sweep_was_stopped_is_complete(tiny, folder):
    tune = Tune(tiny(), folder)
    trial_id, plan = tune.ask()
    tune.recorder.stopping = True
    tune.searcher.on_trial_complete(trial_id, outcome(plan, EPOCHS))
    assert folder.trials(SEARCH)[0][1].state == "complete"


def test_a_configuration_that_runs_already_waits_and_comes_next(tiny, folder):
    tune = Tune(tiny(), folder)
    make, first_runs = tune.searcher._make_plan, []

    def same_runs(number, params):  # different parameters that come to the same thing
        plan = make(number, params)
        first_runs[:] = first_runs or plan.runs
        return dataclasses.replace(plan, runs=tuple(first_runs)) if number in (0, 2) else plan

    tune.searcher._make_plan = same_runs
    running = dict(tune.ask() for _ in range(2))
    waiting = 2
    assert tune.ask() is None
    assert tune.ask() is None
    assert [plan.number for plan, _ in folder.trials(SEARCH)] == list(range(waiting + 1)), "it keeps its number"
    for trial_id in running:
        result = {"epoch": 3, "score": 0.5, "state": "finished", "metrics": {}, "error": None}
        tune.searcher.on_trial_complete(trial_id, result)
    _, plan = tune.ask()
    assert plan.number == waiting
    assert plan.runs[0].key in {other.runs[0].key for other in running.values()}


def test_a_number_whose_record_was_removed_is_drawn_anew_and_no_other_is_overwritten(sweep, folder):
    Tune(sweep, folder).run(6)
    kept = {plan.number: plan for plan, _ in folder.trials(SEARCH)}
    (folder.path / "trials" / "search-0002.json").unlink()  # its end stays: it must not become that of the new one
    tune = Tune(sweep, folder, "second")
    _, again = tune.ask()
    assert again.number == 2
    assert folder.trials(SEARCH)[2] == (again, None)
    _, new = tune.ask()
    assert new.number == 6
    now = {plan.number: plan for plan, _ in folder.trials(SEARCH)}
    assert all(now[number] == kept[number] for number in (0, 1, 3, 4, 5))


def test_a_process_that_reports_its_epochs_again_tells_optuna_once(tiny, folder):
    tune = Tune(tiny(), folder)
    trial_id, plan = tune.ask()
    for epoch in (1, 2, 1, 2):
        tune.searcher.on_trial_result(trial_id, {**outcome(plan, epoch), "state": "running"})
    assert list(tune.frozen(plan).intermediate_values) == [1, 2]


def test_a_planned_trial_waits_while_another_trains_its_run(folder, plan_of):
    plans = [plan_of(n, (key,), CONFIRM, candidate=n) for n, key in enumerate(["same", "same", "other"])]
    searcher = PlannedTrials(plans, Recorder(folder), lambda plan: {"trial": plan.name})
    assert [searcher.suggest(str(n)) for n in range(3)] == [{"trial": "confirm-0000"}, {"trial": "confirm-0002"}, None]
    searcher.on_trial_complete("0", {"epoch": 2, "score": 0.7, "state": "finished", "metrics": {}, "error": None})
    assert searcher.suggest("3") == {"trial": "confirm-0001"}
    assert searcher.suggest("4") == PlannedTrials.FINISHED


def test_planned_trials_run_each_once_in_their_order(folder, plan_of):
    plans = [plan_of(number, stage=CONFIRM, candidate=4) for number in range(3)]
    recorder = Recorder(folder)
    searcher = PlannedTrials(plans, recorder, lambda plan: {"trial": plan.name})
    assert [searcher.suggest(str(n)) for n in range(3)] == [{"trial": f"confirm-000{n}"} for n in range(3)]
    assert searcher.suggest("more") == PlannedTrials.FINISHED
    result = {"epoch": 2, "score": 0.7, "state": "finished", "metrics": {}, "error": None}
    searcher.on_trial_result("1", {**result, "epoch": 1, "state": "running"})
    searcher.on_trial_complete("1", result)
    ends = [end for _, end in folder.trials(CONFIRM)]
    assert ends[0] is None
    assert ends[1].scores == ((1, 0.7), (2, 0.7))
