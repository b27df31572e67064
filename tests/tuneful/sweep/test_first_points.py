"""`published` points are the first trials, each once, also across a restart."""

import pytest

from analysis.records.sweep import SEARCH, TrialEnd

POINTS = "[{loss.name: focal, loss.gamma: 3.0, targets.mode: hard, optimizer.lr: 0.005}, {loss.name: bce}]"


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "nsga2"])
def test_the_points_come_first_and_once(tiny, drive, folder, tmp_path, sampler):
    sweep = tiny(published=POINTS, search_algorithm=f"{{sampler: {sampler}, population: 4}}")
    whole = drive(sweep, type(folder)(tmp_path / "whole")).run(14)
    assert whole[0].settings == sweep.published[0]
    assert whole[1].settings["loss.name"] == "bce"
    assert {"targets.mode", "optimizer.lr"} < whole[1].settings.keys(), "what a point leaves open is drawn"
    parts = [drive(sweep, folder).run(most) for most in (1, 1, 2, 10)]
    assert [plan.params for part in parts for plan in part] == [plan.params for plan in whole]
    assert len({str(plan.params) for plan in whole}) == 14


def test_a_point_whose_record_was_removed_comes_again_under_its_number(tiny, drive, folder):
    sweep = tiny(published=POINTS)
    first = drive(sweep, folder).run(4)
    (folder.path / "trials" / "search-0000.json").unlink()
    again = drive(sweep, folder).run(2)
    assert (again[0].number, again[0].params) == (0, first[0].params)
    assert again[1].number == 4
    assert len(folder.trials(SEARCH)) == 5


def test_the_recipe_itself_can_be_the_first_point(tiny, drive, folder):
    sweep = tiny(published="[recipe]", search="{loss.name: {choice: [bce, ce]}, optimizer.lr: {uniform: [1e-4, 1e-1]}}")
    (plan,) = drive(sweep, folder).run(1)
    spec = sweep.base
    assert plan.settings == {"loss.name": spec.loss.name, "optimizer.lr": spec.optimizer.lr}


def test_a_grid_has_its_points_first_and_no_combination_twice(tiny, drive, folder):
    search = "{loss.name: {choice: [bce, ce, focal]}, targets.mode: {choice: [soft, hard]}}"
    published = "[{loss.name: ce, targets.mode: hard}]"
    plans = drive(tiny(search=search, published=published, search_algorithm="{sampler: grid}"), folder).run()
    assert plans[0].settings == {"loss.name": "ce", "targets.mode": "hard"}
    assert len({tuple(sorted(plan.settings.items())) for plan in plans}) == len(plans) == 6


FOUR = "{loss.name: {choice: [bce, focal]}, optimizer.lr: {choice: [0.001, 0.01]}}"


@pytest.mark.parametrize("sampler", ["grid", "tpe", "random", "nsga2"])
@pytest.mark.parametrize("seed", range(4))
def test_points_that_name_a_part_take_nothing_from_a_finite_space(tiny, drive, folder, seed, sampler):
    published = "[{loss.name: bce, optimizer.lr: 0.001}, {loss.name: bce}, {optimizer.lr: 0.001}]"
    algorithm = f"{{sampler: {sampler}, seed: {seed}}}"
    sweep = tiny(search=FOUR, published=published, search_algorithm=algorithm, trials="4")
    plans = drive(sweep, folder).run()
    found = [(plan.settings["loss.name"], plan.settings["optimizer.lr"]) for plan in plans]
    assert found[:3] == [("bce", 0.001), ("bce", 0.01), ("focal", 0.001)]
    assert len(set(found)) == len(found) == 4


def test_a_point_whose_configurations_are_all_taken_leaves_its_turn_to_another(tiny, drive, folder):
    published = "[{loss.name: bce}, {optimizer.lr: 0.001, loss.name: bce}, {optimizer.lr: 0.01, loss.name: bce}]"
    sweep = tiny(search=FOUR, published=published, trials="4")
    plans = drive(sweep, folder).run()
    assert len({tuple(plan.settings.values()) for plan in plans}) == len(plans) == 4


def test_a_point_that_another_sweep_has_tried_is_tried_here_too(tiny, drive, folder):
    point = {"loss.name": "bce", "targets.mode": "hard", "optimizer.lr": 0.005}
    known = [(point, TrialEnd("complete", ((1, 0.4),)))]
    (plan,) = drive(tiny(published=f"[{point}]"), folder, known).run(1)
    assert plan.settings == point
