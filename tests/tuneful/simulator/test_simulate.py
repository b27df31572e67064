"""Algorithms compared on recorded curves: reproducible, within their budget, and judged as the numbers say.

`curves.csv` holds real trainings: sixteen configurations of chorus (benchmarks/record_curves.py).
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tuneful.cli.main import app
from tuneful.errors import SimulationError
from tuneful.simulator.algorithms import algorithms, ended_early
from tuneful.simulator.comparison import Searches, epochs_ratio, expected, gain
from tuneful.simulator.curves import Curve
from tuneful.simulator.recorded import load_curves
from tuneful.simulator.simulate import Asked, simulate
from tuneful.simulator.text import as_json
from tuneful.simulator.traces import Point, Trace, trace
from tuneful.simulator.verdict import verdict
from tuneful.simulator.world import Reality, World
from tuneful.space.schedulers import EarlyStopSpec
from tuneful.space.sweep import load_sweep

TABLE = Path(__file__).with_name("curves.csv")
SPACE = """\
version: 1
recipe: chorus
set: {training.epochs: 8}
search:
  loss.name: {choice: [bce, ce]}
  mixing.name: {choice: [none, mixup]}
  optimizer.lr: {choice: [1.0e-3, 3.0e-3, 1.0e-2, 3.0e-2]}
scheduler: {name: asha, grace_period: 1, reduction_factor: 3}
trials: 16
"""
EVERY = 16 * 8


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "curves.yaml"
    path.write_text(SPACE)
    return path


@pytest.fixture(scope="module")
def sweep(file):
    return load_sweep(file)


@pytest.fixture(scope="module")
def reality(sweep):
    return Reality(load_curves(str(TABLE), sweep, Path("results")), 1)


def steps(sweep, reality, sampler, scheduler, seed=0, budget=EVERY):
    (algorithm,) = algorithms(sweep, [sampler], [scheduler], reality.curves.epochs)
    return list(algorithm.search(World(reality, seed), seed, 2, budget))


def test_the_fixture_holds_every_configuration(reality):
    assert reality.curves.exact
    assert reality.curves.epochs == 8
    assert TABLE.stat().st_size <= 60_000


@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc", "grid"])
def test_a_search_that_goes_on_takes_every_configuration_once(sweep, reality, sampler):
    found = steps(sweep, reality, sampler, "fifo")
    keys = [step.trial.runs[0].key for step in found if step.ends]
    assert len(keys) == len(set(keys)) == 16
    assert all(step.trained for step in found)


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "median"])
def test_the_same_seed_gives_the_same_search_and_schedulers_save_epochs(sweep, reality, scheduler):
    first, again = (steps(sweep, reality, "tpe", scheduler) for _ in range(2))
    assert first == again
    assert sum(step.trained for step in first) < EVERY
    assert {step.ends for step in first} == {None, "complete", "pruned"}
    other = steps(sweep, reality, "tpe", scheduler, seed=1)
    assert [step.trial.params for step in first] != [step.trial.params for step in other]


def test_the_budget_is_kept(sweep, reality):
    for budget in (8, 21, 40):
        assert sum(step.trained for step in steps(sweep, reality, "random", "asha", budget=budget)) == budget


def test_the_slots_are_never_idle_while_there_is_something_to_train(sweep, reality):
    """Without a scheduler, what two slots take is at least half of the seconds that were trained."""
    found = steps(sweep, reality, "random", "fifo")
    world = World(reality, 0)
    total = sum(sum(world.curve(step.trial.params).seconds) for step in found if step.ends)
    longest = max(sum(world.curve(step.trial.params).seconds) for step in found if step.ends)
    assert total / 2 <= found[-1].at_s <= total / 2 + longest


def test_a_trace_names_the_best_seen_and_says_what_is_true_of_it(sweep, reality):
    found = steps(sweep, reality, "random", "fifo")
    followed = trace(found, reality)
    complete = [step for step in found if step.ends == "complete"]
    best = max(complete, key=lambda step: step.score)
    assert followed.true_score == reality.true_score(best.trial.params)
    assert followed.points[0].true_score == reality.true_score(complete[0].trial.params)
    assert (followed.epochs, followed.trials) == (EVERY, 16)


@pytest.mark.parametrize(("grace", "epochs"), [(1, 3), (4, 4)])
def test_a_trial_ends_itself_where_its_score_has_stopped_rising(grace, epochs):
    """With a patience of one epoch, the third brings nothing."""
    curve = Curve({}, (0.5, 0.6, 0.6, 0.59, 0.9), (1, 2, 3, 4, 5), whole=True)
    ended = ended_early(curve, EarlyStopSpec(patience=1, grace_period=grace), "max")
    assert (ended.scores, ended.seconds) == (curve.scores[:epochs], curve.seconds[:epochs])


# ---- who wins


def searches(name, epochs, scores):
    """Searches that name one configuration each, after so many epochs (never: infinity) of 100."""
    traces = tuple(
        Trace((Point(int(at), 3600.0, score),) if math.isfinite(at) else (), 100, 3600.0, 10)
        for at, score in zip(epochs, scores, strict=True)
    )
    return Searches(name, traces, 0.9, 1)


def test_the_expected_epochs_count_searches_that_never_got_there():
    """Two of three get there: 10 + 20 + 90 spent for two successes."""
    assert expected(np.array([10.0, 20.0, 90.0]), np.array([True, True, False])) == 60
    assert math.isinf(expected(np.array([10.0]), np.array([False])))
    found = searches("a", [10, 20, math.inf], [0.9, 0.95, math.nan])
    assert found.expected_epochs == (10 + 20 + 100) / 2
    assert found.reached == pytest.approx(2 / 3)


def test_half_the_epochs_are_half_the_epochs():
    slow = searches("slow", [40, 60, 80, 20] * 5, [0.95] * 20)
    fast = searches("fast", [20, 30, 40, 10] * 5, [0.95] * 20)
    ratio = epochs_ratio(fast, slow)
    assert ratio.low == ratio.value == ratio.high == 0.5, "seed by seed the same"
    text = verdict([slow, fast])
    assert text.startswith("fast wins")
    assert "0.50x" in text


def test_a_better_configuration_wins_whatever_it_took():
    noise = np.linspace(-0.005, 0.005, 20)
    low, high = searches("low", [10] * 20, 0.92 + noise), searches("high", [90] * 20, 0.95 - noise)
    assert gain(high, low).mean == pytest.approx(0.03)
    assert verdict([low, high]).startswith("high wins: its configuration is truly better")


def test_what_the_seeds_do_not_tell_apart_is_a_tie():
    draws = np.random.default_rng(0)
    alike = [searches(name, draws.integers(10, 90, 20), 0.95 + draws.normal(0, 0.01, 20)) for name in "abc"]
    assert verdict(alike).startswith("It is a tie")


# ---- asked for


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"samplers": ["bayes"]}, "--sampler 'bayes' is not known. Known: tpe, random"),
        ({"schedulers": ["sha"]}, "--scheduler 'sha' is not known. Known: fifo, asha"),
        ({"schedulers": ["pbt"]}, "changes the settings of a trial while it trains"),
        ({"budget": 7}, "no trial can run its 8 epochs"),
    ],
)
def test_what_can_not_be_compared_is_refused(sweep, tmp_path, asked, message):
    with pytest.raises(SimulationError, match=message):
        simulate(sweep, Asked(str(TABLE), **asked), tmp_path)


def test_the_command_compares_and_says_what_it_rests_on(file):
    arguments = ["simulate", str(file), "--from", str(TABLE), "--seeds", "2", "--sampler", "random", "--within", "0.01"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for text in ("16 configurations", "nothing is estimated", "random + asha", "epochs / first"):
        assert text in done.output


def test_a_sweep_file_is_found_by_name_and_takes_what_the_sweep_was_started_with(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "search_spaces").mkdir()
    (tmp_path / "search_spaces" / "space.yaml").write_text(file.read_text())
    lines = TABLE.read_text().splitlines()
    loss = lines[0].split(",").index("loss.name")
    only = [line for line in lines[1:] if line.split(",")[loss] == "ce"]
    (tmp_path / "ce.csv").write_text("\n".join([lines[0], *only]))
    arguments = ["simulate", "space", "--from", "ce.csv", "--seeds", "2", "--sampler", "random", "--json"]
    done = CliRunner().invoke(app, [*arguments, "--set", "loss.name=ce", "--scheduler", "fifo"])
    assert done.exit_code == 0, done.exception
    assert json.loads(done.output)["configurations"] == 8
    assert json.loads(done.output)["exact"]


def test_programs_get_every_search_of_every_algorithm(sweep, tmp_path):
    asked = Asked(str(TABLE), ["grid"], ["fifo", "asha"], seeds=3, within=0.01)
    told = json.loads(json.dumps(as_json(*simulate(sweep, asked, tmp_path))))
    assert [one["name"] for one in told["algorithms"]] == ["grid", "grid + asha"]
    assert told["target"] == pytest.approx(told["best"] - 0.01)
    assert len(told["algorithms"][1]["true_scores"]) == 3
    assert told["algorithms"][0]["reached"] == 1
    assert told["algorithms"][0]["epochs_over_first"] == [1, 1, 1]


def test_configurations_that_nobody_recorded_are_filled_in(tmp_path, sweep, reality):
    """Half of the configurations alone: the others get curves from their neighbours."""
    lines = TABLE.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("ce,mixup")]
    path = tmp_path / "half.csv"
    path.write_text("\n".join(kept))
    part = Reality(load_curves(str(path), sweep, tmp_path), 1)
    assert not part.curves.exact
    keys = {step.trial.runs[0].key for step in steps(sweep, part, "random", "fifo")}
    assert len(keys) == 16
    assert 0.5 < part.true_score({"loss.name": "ce", "mixing.name": "mixup", "optimizer.lr": 0.003}) <= part.best


STEPS = """\
search: {model.dropout: {quniform: [0.1, 0.7, 0.1]}}
set: {training.epochs: 2}
trials: 7
"""


@pytest.fixture
def in_steps(tmp_path):
    """A space in steps, of which everything is recorded: the best are those that Optuna writes with further digits."""
    (tmp_path / "steps.yaml").write_text(STEPS)
    values = {0.1: 0.4, 0.2: 0.5, 0.3: 0.9, 0.4: 0.2, 0.5: 0.3, 0.6: 0.1, 0.7: 0.8}
    rows = [f"{value},0,{epoch},1.0,{score}" for value, score in values.items() for epoch in (1, 2)]
    (tmp_path / "steps.csv").write_text("\n".join(["model.dropout,seed,epoch,seconds,score", *rows]))
    sweep = load_sweep(tmp_path / "steps.yaml")
    return sweep, Reality(load_curves(str(tmp_path / "steps.csv"), sweep, tmp_path), 1), values


@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc"])
def test_what_is_recorded_in_steps_is_what_a_search_sees(in_steps, sampler):
    sweep, reality, values = in_steps
    assert reality.curves.exact
    seen = {step.trial.settings["model.dropout"]: step.score for step in steps(sweep, reality, sampler, "fifo")}
    assert seen == values


def test_a_configuration_that_must_be_on_record_is_never_made_up(in_steps):
    _, reality, _ = in_steps
    for ask in (reality.true_score, World(reality, 0).curve):
        with pytest.raises(AssertionError, match="holds every configuration of the space, but not"):
            ask({"model.dropout": 0.35})
