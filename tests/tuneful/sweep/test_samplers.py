"""Every sampler: the same sequence whatever was stopped, conditions kept at every level, nothing drawn twice."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import NSGAIISampler
from scipy.stats import qmc

from analysis.records.sweep import SEARCH, TrialEnd
from tuneful.sweep.searchers.samplers import SAMPLERS

NUMBERS = """
  optimizer.lr: {loguniform: [1.0e-3, 2.0e-2]}
  optimizer.weight_decay: {loguniform: [1.0e-5, 1.0e-1]}
"""
LEVELS = """
  loss.name: {choice: [bce, focal]}
  loss.gamma: {choice: [1.0, 2.0], when: {loss.name: focal}}
  optimizer.name: {choice: [adamw, sgd], when: {loss.gamma: 2.0}}
  optimizer.momentum: {uniform: [0.5, 0.9], when: {optimizer.name: sgd}}
"""
SMALL = """
  loss.name: {choice: [bce, focal]}
  loss.gamma: {choice: [1.0, 2.0, 3.0], when: {loss.name: focal}}
  targets.mode: {choice: [soft, hard]}
"""
SIZE = 8  # of SMALL


def algorithm(sampler, **more):
    rest = "".join(f", {name}: {value}" for name, value in more.items())
    return f"{{name: optuna, sampler: {sampler}, seed: 5{rest}}}"


def space_of(sampler):
    return {"grid": SMALL, "cmaes": NUMBERS}.get(sampler, LEVELS)


@pytest.fixture(params=sorted(SAMPLERS))
def sampler(request):
    if request.param == "cmaes":
        pytest.importorskip("cmaes")
    return request.param


def test_the_sequence_after_restarts_is_that_of_a_search_never_stopped(sampler, tiny, drive, folder, tmp_path):
    sweep = tiny(search=space_of(sampler), search_algorithm=algorithm(sampler, population=4), trials="8")
    trials = 8 if sampler == "grid" else 24
    whole = [plan.params for plan in drive(sweep, type(folder)(tmp_path / "whole")).run(trials)]
    parts = [drive(sweep, folder).run(most) for most in (1, 3, 2, trials // 2, trials)]
    assert [plan.params for part in parts for plan in part][:trials] == whole
    numbers = [plan.number for plan, _ in folder.trials(SEARCH)]
    assert numbers == list(range(len(numbers)))


def test_a_trial_that_was_interrupted_changes_nothing(sampler, tiny, drive, folder, tmp_path):
    sweep = tiny(search=space_of(sampler), search_algorithm=algorithm(sampler, population=4), trials="8")
    whole = [plan.params for plan in drive(sweep, type(folder)(tmp_path / "whole")).run(8)]
    drive(sweep, folder).run(5)
    cut_off = drive(sweep, folder).ask()
    assert [plan.params for plan in drive(sweep, folder).run(3)] == whole[5:]
    assert cut_off.params == whole[5]


STEPS = """
  targets.smoothing: {quniform: [0.0, 0.3, 0.1]}
  model.dropout: {quniform: [0.1, 0.5, 0.2]}
"""


def test_what_is_drawn_in_steps_is_what_the_space_holds(sampler, tiny, drive, folder):
    """0.3, and not the 0.30000000000000004 that Optuna adds up: the same run would have another key."""
    sweep = tiny(search=STEPS, search_algorithm=algorithm(sampler, population=4), trials="12")
    search = drive(sweep, folder)
    plans = search.run(12)
    assert len(plans) == 12 == sweep.space.size()
    for path, parameter in sweep.space.parameters.items():
        assert {plan.settings[path] for plan in plans} == set(parameter.entries[0].values())
    assert [search.searcher.trials.frozen(plan.number).params for plan in plans] == [plan.params for plan in plans]


ENDLESS_IN_PART = """
  loss.name: {choice: [bce, focal]}
  loss.gamma: {uniform: [0.5, 4.0], when: {loss.name: focal}}
  targets.mode: {choice: [soft, hard]}
"""


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"grid", "cmaes"}))
def test_the_part_of_a_space_without_ranges_is_gone_through_once(sampler, tiny, drive, folder):
    sweep = tiny(search=ENDLESS_IN_PART, search_algorithm=algorithm(sampler, population=4))
    plans = drive(sweep, folder).run(10)
    assert len({str(plan.settings) for plan in plans}) == 10


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"grid", "cmaes"}))
def test_four_levels_of_conditions_hold_in_the_study_after_a_replay_and_a_warm_start(sampler, tiny, drive, folder):
    sweep = tiny(search=LEVELS, search_algorithm=algorithm(sampler, population=4))
    past = [(params, TrialEnd("complete", ((1, 0.4), (2, 0.4)))) for params in points()]
    drive(sweep, folder, past).run(14)
    again = drive(sweep, folder, past)
    again.run(10)
    trials = again.searcher.study.trials
    assert len(trials) == len(past) + 24
    for trial in trials:
        there = trial.params
        assert ("loss.gamma" in there) == (there["loss.name"] == "focal")
        assert ("optimizer.name" in there) == (there.get("loss.gamma") == 2.0)
        assert ("optimizer.momentum" in there) == (there.get("optimizer.name") == "sgd")
        assert trial.distributions.keys() == there.keys()
        if "optimizer.momentum" in there:
            assert trial.distributions["optimizer.momentum"] == FloatDistribution(0.5, 0.9)
        assert trial.distributions["loss.name"] == CategoricalDistribution(("bce", "focal"))
    deep = [trial for trial in trials[len(past) :] if "optimizer.momentum" in trial.params]
    assert deep, "no trial reached the fourth level"


def points():
    sgd = {"loss.name": "focal", "loss.gamma": 2.0, "optimizer.name": "sgd", "optimizer.momentum": 0.8}
    return [{"loss.name": "bce"}, {"loss.name": "focal", "loss.gamma": 1.0}, sgd]


# ---- finite spaces


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"cmaes"}))
def test_a_finite_space_is_gone_through_once(sampler, tiny, drive, folder):
    sweep = tiny(search=SMALL, search_algorithm=algorithm(sampler, population=4), trials="8")
    first = drive(sweep, folder).run(3)
    rest = drive(sweep, folder).run()
    found = {tuple(sorted(plan.settings.items())) for plan in first + rest}
    assert len(first + rest) == len(found) == SIZE
    assert drive(sweep, folder).run() == []


def test_a_grid_comes_in_an_order_that_its_seed_decides(tiny, drive, folder, tmp_path):
    def order(seed, name):
        sweep = tiny(search=SMALL, search_algorithm=f"{{sampler: grid, seed: {seed}}}", trials="8")
        return [tuple(plan.settings.values()) for plan in drive(sweep, type(folder)(tmp_path / name)).run()]

    assert order(1, "a") == order(1, "b")
    assert order(1, "c") != order(2, "d")
    assert sorted(order(1, "e")) == sorted(order(2, "f"))
    assert order(1, "g") != sorted(order(1, "h"))


# ---- what each learns, or not


def test_qmc_is_one_scrambled_sobol_sequence(tiny, drive, folder):
    """Against scipy: one coordinate a parameter by name, the trial's number that of the point."""
    search = "{optimizer.lr: {loguniform: [1.0e-3, 1.0e-1]}, optimizer.weight_decay: {uniform: [0.0, 0.5]}}"
    sweep = tiny(search=search, search_algorithm=algorithm("qmc"))
    plans = drive(sweep, folder).run(3) + drive(sweep, folder).run(13)
    points = qmc.Sobol(2, scramble=True, seed=5).random(16)
    for plan, (lr, decay) in zip(plans, points, strict=True):
        assert plan.settings["optimizer.lr"] == pytest.approx(10 ** (-3 + 2 * lr))
        assert plan.settings["optimizer.weight_decay"] == pytest.approx(0.5 * decay)


def test_generations_are_the_same_after_a_replay(tiny, drive, folder):
    sweep = tiny(search=LEVELS, search_algorithm=algorithm("nsga2", population=4))
    live = drive(sweep, folder)
    live.run(20)
    replayed = drive(sweep, folder)
    key = f"{NSGAIISampler.__name__}:generation"
    generations = [[trial.system_attrs.get(key) for trial in one.searcher.study.trials] for one in (live, replayed)]
    assert generations[0] == generations[1]
    assert max(generations[0]) >= 2


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_what_learns_comes_nearer_than_chance(sampler, tiny, drive, folder, tmp_path):
    """The score of these trials is best where all numbers are 1."""
    if sampler == "cmaes":
        pytest.importorskip("cmaes")

    def late(name):
        sweep = tiny(search=search, search_algorithm=algorithm(name, population=4))
        folder_of = type(folder)(tmp_path / name)
        drive(sweep, folder_of).run(36)
        ends = [end.score for _, end in folder_of.trials(SEARCH)[18:] if end.state == "complete"]
        return sum(ends) / len(ends)

    search = "{loss.gamma: {uniform: [0.5, 4.0]}, optimizer.weight_decay: {loguniform: [1.0e-5, 1.0]}}"
    search = search.replace("loss.gamma", "optimizer.lr").replace("[0.5, 4.0]", "[0.001, 0.9]")
    assert late(sampler) > late("random")
