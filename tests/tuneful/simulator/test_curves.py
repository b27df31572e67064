"""What is read from tables and sweeps, and what configurations get that nobody recorded."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.errors import SimulationError
from tuneful.simulator.curves import Curve, Curves, key_of, mean_curve
from tuneful.simulator.recorded import curves_of_sweep, load_curves
from tuneful.simulator.surrogate import Surrogate
from tuneful.simulator.tables import curves_of_table
from tuneful.simulator.world import Reality, World, continued
from tuneful.space.sweep import SweepOptions, load_sweep

SEARCHED = """\
  loss.name: {choice: [bce, focal]}
  loss.gamma: {uniform: [0.0, 4.0], when: {loss.name: focal}}
  optimizer.lr: {loguniform: [1.0e-4, 1.0e-2]}
"""


LOSSES = ("bce", "ce")


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "curves.yaml"
    path.write_text(f"version: 1\nrecipe: chorus\nset: {{training.epochs: 2}}\nsearch:\n{SEARCHED}trials: 4\n")
    return load_sweep(path)


def rows(**values):
    """A training of two epochs as rows of a table."""
    base = {"loss.name": "bce", "loss.gamma": None, "optimizer.lr": 1e-3, "seed": 0, "seconds": 2.0} | values
    return [{**base, "epoch": 1, "val/macro_auc": 0.5}, {**base, "epoch": 2, "val/macro_auc": 0.7}]


def table(path, *trainings):
    frame = pd.DataFrame([row for training in trainings for row in training])
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["curves.csv", "curves.parquet"])
def test_a_table_gives_a_curve_for_each_configuration_and_seed(tmp_path, sweep, name):
    focal = {"loss.name": "focal", "loss.gamma": 2.0}
    path = table(tmp_path / name, rows(), rows(seed=1), rows(**focal), rows(**{"loss.name": "ce"}))
    found = curves_of_table(path, sweep.space, Objective())
    params = [{"loss.name": "bce", "optimizer.lr": 1e-3}, {**focal, "optimizer.lr": 1e-3}]
    assert found.by_key.keys() == {key_of(one) for one in params}
    assert [len(curves) for curves in found.by_key.values()] == [2, 1]
    assert found.curves[0].scores == (0.5, 0.7)
    assert (found.outside, found.epochs, found.repeats, found.exact) == (1, 2, 1, False)


def test_the_objective_says_which_epoch_counts(tmp_path, sweep):
    training = rows()
    training[1]["val/macro_auc"] = 0.4
    path = table(tmp_path / "curves.csv", training)
    assert curves_of_table(path, sweep.space, Objective(epoch="best")).curves[0].scores == (0.5, 0.5)
    assert curves_of_table(path, sweep.space, Objective()).curves[0].scores == (0.5, 0.4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="seconds"), "has no column seconds"),
        (lambda frame: frame.drop(columns="val/macro_auc"), "has no column score"),
        (lambda frame: frame.drop(columns="loss.gamma"), "has no column loss.gamma"),
        (lambda frame: frame[frame["epoch"] == 2], r"are \[2\], not 1, 2, 3"),
        (lambda frame: frame.assign(**{"loss.name": "ce"}), r"no learning curve of this space .*\(1 lie outside"),
        (lambda frame: frame.assign(seconds=-1.0), "must be numbers"),
    ],
)
def test_a_table_that_can_not_be_replayed_is_refused(tmp_path, sweep, change, message):
    path = tmp_path / "curves.csv"
    change(pd.DataFrame(rows())).to_csv(path, index=False)
    with pytest.raises(SimulationError, match=message):
        curves_of_table(path, sweep.space, Objective())


def test_what_is_neither_sweep_nor_table_is_refused(tmp_path, sweep):
    with pytest.raises(SimulationError, match="no sweep of the results folder is called so"):
        load_curves("nothing", sweep, tmp_path)


@pytest.fixture
def recorded(tmp_path):
    """A sweep of three trials on record, one of each end."""
    folder = SweepFolder(tmp_path / "sweeps" / "mine")
    settings = {"loss.name": "bce", "optimizer.lr": 1e-3}
    for number, (state, scores) in enumerate([("complete", (0.5, 0.7)), ("pruned", (0.4,)), ("failed", ())]):
        chosen = {**settings, "optimizer.lr": 1e-3 * (number + 1)}
        runs = tuple(RunPlan(f"{number}-{fold}", {}, fold, 0, 0, "") for fold in range(2))
        plan = TrialPlan(SEARCH, number, chosen, chosen, runs)
        folder.ask(plan)
        folder.end(plan, TrialEnd(state, tuple(enumerate(scores, 1))))
        for run in runs:
            ledger = folder.ledger(run.key)
            ledger.begin({"key": run.key}, 0)
            for epoch in range(1, len(scores) + 1):
                record = {"epoch": epoch, "state": "running", "metrics": {"seconds": 2.0, "eval_seconds": 1.0}}
                ledger.publish({**record, "protocol": "", "kept_epoch": None}, None)
    return folder


def test_a_sweep_gives_the_curves_of_its_trials(recorded, sweep):
    found = curves_of_sweep(recorded, sweep)
    assert [(curve.scores, curve.seconds, curve.whole) for curve in found.curves] == [
        ((0.5, 0.7), (6.0, 6.0), True),
        ((0.4,), (6.0,), False),
    ]
    assert found.of_trials
    recorded.write_definition({"scheduler": {"name": "pbt"}})
    with pytest.raises(SimulationError, match="changed their settings"):
        curves_of_sweep(recorded, sweep)


def test_trials_that_differ_from_what_is_fixed_are_none_of_the_space(recorded, sweep, tmp_path):
    bce, ce = (load_sweep(tmp_path / f"{sweep.name}.yaml", SweepOptions(sets=(f"loss.name={one}",))) for one in LOSSES)
    assert len(curves_of_sweep(recorded, bce).curves) == 2
    with pytest.raises(SimulationError, match="2 lie outside"):
        curves_of_sweep(recorded, ce)


# ---- configurations that nobody recorded


def curve(lr, *scores, **more):
    return Curve({"loss.name": "bce", "optimizer.lr": lr, **more}, scores, tuple(1.0 for _ in scores), whole=True)


def curves_of(sweep, *found):
    return Curves(sweep.space, found, "here")


def test_the_surrogate_is_exact_at_its_points_and_between_them_in_between(sweep):
    low, high = curve(1e-4, 0.2, 0.4), curve(1e-2, 0.6, 0.8)
    surrogate = Surrogate(curves_of(sweep, low, high))
    assert surrogate.curve(low.params).scores == pytest.approx(low.scores, abs=1e-3)
    assert surrogate.curve({"loss.name": "bce", "optimizer.lr": 1e-3}).scores == pytest.approx((0.4, 0.6))
    nearer = surrogate.curve({"loss.name": "bce", "optimizer.lr": 3e-3}).scores[-1]
    assert 0.6 < nearer < 0.8


def test_a_choice_and_a_parameter_that_only_one_has_put_configurations_apart(sweep):
    other = Curve({"loss.name": "focal", "loss.gamma": 2.0, "optimizer.lr": 1e-3}, (0.1, 0.1), (1.0, 1.0), whole=True)
    found = Surrogate(curves_of(sweep, curve(1e-4, 0.2, 0.4), other))
    assert found.nearest({"loss.name": "bce", "optimizer.lr": 9e-3}) == key_of(
        {"loss.name": "bce", "optimizer.lr": 1e-4}
    )
    assert found.nearest({**other.params, "loss.gamma": 0.0}) == other.key


def test_what_was_recorded_is_shown_as_recorded_and_the_same_whenever_it_is_asked_for(sweep):
    seeds = [curve(1e-3, 0.5, 0.6 + seed / 100) for seed in range(5)]
    reality = Reality(curves_of(sweep, *seeds), 1)
    shown = {World(reality, seed).curve(seeds[0].params).scores for seed in range(40)}
    assert shown == {one.scores for one in seeds}, "every training is seen by some search"
    world = World(reality, 3)
    assert world.curve(seeds[0].params) is world.curve(dict(seeds[0].params))
    assert reality.true_score(dict(seeds[0].params)) == pytest.approx(0.62)
    assert reality.standard_error == pytest.approx(np.std([0.60, 0.61, 0.62, 0.63, 0.64], ddof=1) / math.sqrt(5))


def test_repeats_are_means_of_different_trainings(sweep):
    seeds = [curve(1e-3, 0.5, 0.6), curve(1e-3, 0.5, 0.8)]
    shown = World(Reality(curves_of(sweep, *seeds), 1), 0, repeats=2).curve(seeds[0].params)
    assert shown.scores == pytest.approx((0.5, 0.7))
    assert shown.seconds == (2.0, 2.0), "one process trains them in turns"


def test_a_stopped_curve_goes_on_in_the_steps_of_the_predicted_one(sweep):
    stopped = Curve({"optimizer.lr": 1e-3}, (0.3,), (5.0,), whole=False)
    assert continued(stopped, curve(1e-3, 0.5, 0.8)).scores == pytest.approx((0.3, 0.6))
    whole = Curve({"loss.name": "bce", "optimizer.lr": 2e-3}, (0.3,), (5.0,), whole=False)
    world = World(Reality(curves_of(sweep, curve(1e-3, 0.5, 0.8), whole), 1), 0)
    assert world.curve(dict(whole.params)).scores == pytest.approx((0.3, 0.6))


def test_a_configuration_that_diverged_once_is_never_the_best(sweep):
    broken = [curve(1e-2, 0.9, 0.99), Curve(curve(1e-2, 0.9).params, (0.9, math.nan), (1.0, 1.0), whole=True)]
    reality = Reality(curves_of(sweep, curve(1e-3, 0.5, 0.6), *broken), 1)
    assert reality.best == 0.6
    assert math.isnan(reality.true_score(dict(broken[0].params)))


def test_the_mean_of_trainings_adds_their_seconds_up():
    both = mean_curve([curve(1e-3, 0.2, 0.4), curve(1e-3, 0.4, 0.8)])
    assert both.scores == pytest.approx((0.3, 0.6))
    assert both.seconds == (2.0, 2.0)
