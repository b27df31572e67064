"""Several objectives: every trial's values on record and in the study, the front confirmed first."""

import math
from dataclasses import asdict

import pytest
from optuna.trial import TrialState

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, TrialEnd
from tuneful.sweep.plans import best_trials, finalists

TWO = "[{metric: val/macro_auc}, {metric: val/loss}]"
AUC, LOSS = Objective("val/macro_auc", "max"), Objective("val/loss", "min")


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2", "nsga3", "gp"])
def test_optuna_knows_every_value_live_and_replayed_and_the_sequence_is_the_same(
    tiny, drive, folder, sampler, tmp_path
):
    sweep = tiny(objective=TWO, search_algorithm=f"{{sampler: {sampler}, population: 4}}")
    live = drive(sweep, type(folder)(tmp_path / "whole"))
    whole = live.run(24)
    parts = [drive(sweep, folder).run(most) for most in (13, 9, 2)]
    assert [plan.params for part in parts for plan in part] == [plan.params for plan in whole]
    replayed = drive(sweep, folder)
    for search in (live.searcher, replayed.searcher):
        assert [direction.name for direction in search.study.directions] == ["MAXIMIZE", "MINIMIZE"]
        for (_, end), trial in zip(folder.trials(SEARCH), search.study.trials, strict=True):
            expected = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL}.get(end.state, TrialState.PRUNED)
            assert trial.state == expected
            assert trial.values == (list(end.values) if expected == TrialState.COMPLETE else None)


def test_a_trial_without_one_of_its_values_is_none_that_is_learnt_from(tiny, drive, folder):
    sweep = tiny(objective=TWO)
    search = drive(sweep, folder)
    search.ask()
    result = {"epoch": 3, "score": 0.7, "values": (0.7, math.nan), "state": "finished", "metrics": {}, "error": None}
    search.searcher.on_trial_complete("id", result)
    assert search.searcher.study.trials[0].state == TrialState.FAIL
    assert drive(sweep, folder).searcher.study.trials[0].state == TrialState.FAIL


def test_values_are_on_record_and_older_records_have_the_score_alone(folder, plan_of):
    plan = plan_of(0)
    folder.ask(plan)
    folder.end(plan, TrialEnd("complete", ((1, 0.5), (2, 0.6)), None, (0.6, 0.3)))
    ((_, end),) = folder.trials(SEARCH)
    assert (end.values, end.values_of(2), end.score) == ((0.6, 0.3), (0.6, 0.3), 0.6)
    old = TrialEnd("complete", ((1, 0.5),))
    assert old.values_of(1) == (0.5,)
    assert old.values_of(2)[0] == 0.5
    assert math.isnan(old.values_of(2)[1])


def test_the_front_is_confirmed_first_then_the_best_by_the_first_objective(plan_of, folder):
    values = [(0.9, 0.5), (0.8, 0.6), (0.7, 0.2), (0.6, 0.1), (0.85, 0.55)]
    trials = [(plan_of(n), TrialEnd("complete", ((1, pair[0]),), None, pair)) for n, pair in enumerate(values)]
    trials.append((plan_of(5), TrialEnd("pruned", ((1, 0.99),), None, (0.99, 0.0))))
    for plan, end in trials:
        folder.ask(plan)
        folder.end(plan, end)

    def confirmed(top, *objectives):
        confirm = {"top": top, "folds": [0], "repeats": 1, "splits": []}
        definition = {"objective": [asdict(one) for one in objectives], "confirm": confirm}
        return [plan.number for plan in finalists(folder, definition)]

    assert [plan.number for plan in best_trials(trials, AUC, 3)] == confirmed(3, AUC) == [0, 4, 1]
    assert confirmed(9, AUC, LOSS) == [0, 2, 3, 4, 1]
    assert confirmed(2, AUC, LOSS) == [0, 2]
