"""A grid goes through every configuration once, conditions kept; published points are of the space."""

import itertools
import json

import optuna
import pytest
from optuna.trial import FixedTrial

from tuneful.space.grid import grid_size
from tuneful.space.sample import DefineByRun, to_settings

DEEP = """
trials: 1
search:
  loss.name: {choice: [bce, focal, focal_bce]}
  training.batch_size: {int: [8, 16], step: 8, when: {loss.name: [focal, focal_bce]}}
  training.accumulate: {int: [1, 3], when: {training.batch_size: 16}}
  model.dropout: {choice: [0.1, 0.2], when: {training.accumulate: [2, 3], loss.name: focal}}
  optimizer.lr:
    - {quniform: [0.1, 0.4, 0.1], when: {loss.name: bce}}
    - {choice: [0.5], when: {loss.name: [focal, focal_bce]}}
"""


def by_hand():
    """The configurations of DEEP, by filtering the product of all values."""
    found = set()
    values = [
        ["bce", "focal", "focal_bce"],
        [None, 8, 16],
        [None, 1, 2, 3],
        [None, 0.1, 0.2],
        [0.1, 0.2, 0.3, 0.4, 0.5],
    ]
    for loss, batch, accumulate, dropout, lr in itertools.product(*values):
        active = (
            (batch is not None) == (loss != "bce")
            and (accumulate is not None) == (batch == 16)
            and (dropout is not None) == (loss == "focal" and accumulate in (2, 3))
            and (lr == 0.5) == (loss != "bce")
        )
        if active:
            found.add((loss, batch, accumulate, dropout, lr))
    return found


PATHS = ("loss.name", "training.batch_size", "training.accumulate", "model.dropout", "optimizer.lr")


def test_a_space_of_four_levels_is_enumerated_as_by_hand(load):
    space = load(DEEP).space
    listed = [tuple(settings.get(path) for path in PATHS) for settings in space.combinations()]
    assert len(listed) == len(set(listed)) == space.size() == grid_size(space)
    assert set(listed) == by_hand()


def test_every_combination_has_a_spec_and_is_what_optuna_would_draw(load):
    sweep = load(DEEP)
    for settings in sweep.space.combinations():
        params = sweep.space.params(settings)
        assert to_settings(params) == settings
        assert sweep.spec_for(params) == sweep.spec_for(settings)
        trial = FixedTrial(params)
        DefineByRun(sweep.space)(trial)  # asks for exactly these
        assert dict(trial.params) == params
        assert sweep.space.distributions(params) == trial.distributions


def test_optuna_keeps_four_levels_when_a_point_is_enqueued(load):
    space = load(DEEP).space
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    points = list(space.combinations())
    for settings in points:
        study.enqueue_trial(space.params(settings))
    for settings in points:
        trial = study.ask()
        DefineByRun(space)(trial)
        assert to_settings(trial.params) == settings


def test_the_order_is_that_of_the_file_and_the_same_whenever(load):
    listed = list(load(DEEP).space.combinations())
    assert [settings["loss.name"] for settings in listed] == sorted(
        (settings["loss.name"] for settings in listed), key=["bce", "focal", "focal_bce"].index
    )
    assert [s["optimizer.lr"] for s in listed if s["loss.name"] == "bce"] == [0.1, 0.2, 0.3, 0.4]
    assert listed == list(load(DEEP).space.combinations())


def test_a_grid_has_as_many_trials_as_combinations(load):
    grid = "search_algorithm: {sampler: grid}\n"
    assert load(grid + DEEP.replace("trials: 1\n", "")).definition.trials == len(by_hand())
    assert load(grid + DEEP, trials=3).definition.trials == 3
    assert load(grid + DEEP.replace("trials: 1\n", ""), sets=["loss.name=bce"]).definition.trials == 4


POINTS = """
published:
  - recipe
  - {loss.name: focal, training.batch_size: 16, training.accumulate: 2, model.dropout: 0.2, optimizer.lr: 0.5}
  - {optimizer.lr: 0.1, loss.name: bce}
  - {loss.name: bce}
"""


def test_published_points_are_optunas_parameters_of_the_space(load):
    text = DEEP.replace("[0.1, 0.4, 0.1]", "[0.004, 0.404, 0.1]")  # 0.004 is the recipe's
    sweep = load(text + POINTS.replace("0.1, loss", "0.104, loss"))
    assert sweep.published[0] == {"loss.name": "bce", "optimizer.lr": 0.004}
    assert sweep.space.params(sweep.published[1])["optimizer.lr[1]"] == 0.5
    assert sweep.published[2:] == ({"loss.name": "bce", "optimizer.lr": 0.104}, {"loss.name": "bce"})
    assert json.loads(json.dumps(sweep.resolved()))["published"] == list(sweep.published)


def test_a_point_has_the_spaces_own_values(load):
    text = (
        "search: {optimizer.lr: {uniform: [0.1, 2]}, front_end.f_max: {choice: [null, 4000.0]}, data.split.group_by: "
    )
    points = "[{optimizer.lr: 1, front_end.f_max: 4000, data.split.group_by: [site]}, {front_end.f_max: null}]"
    sweep = load(f"{text}{{choice: [[author], [site]]}}}}\npublished: {points}\n")
    first, second = sweep.published
    assert first == {"data.split.group_by": ["site"], "front_end.f_max": 4000.0, "optimizer.lr": 1.0}
    assert {type(first["optimizer.lr"]), type(first["front_end.f_max"])} == {float}
    assert second == {"front_end.f_max": None}
    assert sweep.space.params(first)["data.split.group_by"] == '["site"]'


def test_what_the_command_line_fixes_leaves_points_that_agree_and_says_which_do_not(load):
    text = DEEP + POINTS.replace("  - recipe\n", "")
    sweep = load(text, sets=["loss.name=bce"])
    assert sweep.published == ({"optimizer.lr": 0.1},)
    assert any("published: loss.name is focal, but fixed to bce; it is not tried first" in w for w in sweep.warnings)
    again = load(text + "", sets=["optimizer.lr=0.7"])
    assert all("optimizer.lr" not in point or point["loss.name"] == "bce" for point in again.published)


@pytest.mark.parametrize("recipe", ["chorus", "birdclef2025"])
def test_the_recipes_own_point_follows_the_recipe(load, recipe):
    text = (
        "search: {optimizer.lr: {loguniform: [1.0e-4, 1.0e-2]}, loss.name: {choice: [bce, ce]}}\npublished: [recipe]\n"
    )
    sweep = load(text, recipe=recipe)
    base = load("search: {model.dropout: {choice: [0.0]}}\ntrials: 1\n", recipe=recipe).base
    assert sweep.published == ({"loss.name": base.loss.name, "optimizer.lr": base.optimizer.lr},)
