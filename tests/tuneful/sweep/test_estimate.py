"""What a dry run predicts: what is left to do, on as many slots as there will be."""

import re

import pytest

from analysis.records.sweep import TrialEnd
from tuneful.sweep import estimate as module
from tuneful.sweep.clusters.room import Node
from tuneful.sweep.driver import sample_rates
from tuneful.sweep.estimate import Cost, estimate
from tuneful.sweep.plans import Planner

PARAMS = {"loss.name": "bce", "targets.mode": "soft", "optimizer.lr": 0.002}
MACHINE = (Node(cpus=64, gpus=1),)


@pytest.fixture
def predict(monkeypatch, folder):
    """The prediction for a sweep whose epochs take a second, on a machine of 64 CPUs and one GPU."""
    monkeypatch.setattr(module, "_measured", lambda *_: Cost(1.0, 2**20, "measured"))
    monkeypatch.setattr(module, "this_machine", lambda: MACHINE)
    return lambda sweep: estimate(sweep, folder.path.parent.parent, lambda *_: None)


def put(folder, sweep, number, state="complete"):
    plan = Planner(sweep, "digest", "fp32").search_trial(number, {**PARAMS, "optimizer.lr": 0.002 + 1e-4 * number})
    folder.ask(plan)
    folder.end(plan, TrialEnd(state, ((1, 0.5),)))
    return plan


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ("{gpus_per_worker: 0}", "on 64 slots"),
        ("{gpus_per_worker: 1}", "on 1 slot "),
        ("{gpus_per_worker: 0.25}", "on 4 slots"),
        ("{cpus_per_worker: 4, workers: 2}", "on 8 slots"),
        ("{max_concurrent_trials: 3}", "on 3 slots"),
    ],
)
def test_slots_are_those_that_the_sweep_will_have(tiny, predict, resources, said):
    assert said in predict(tiny(resources=resources))


def test_a_sampler_that_would_draw_most_trials_blindly_is_told_of(tiny, predict, folder):
    """Not of ten trials, which it would draw at random one by one, too; nor once scores are on record."""
    blind = "The sampler tpe draws 40 of 40 trials before it knows a score"
    said = predict(tiny(trials="40"))
    assert blind in said
    fewer = said.split("Try: --max-concurrent-trials ")[1].split(",")[0]
    for changes in (
        {"trials": "40", "resources": f"{{max_concurrent_trials: {fewer}}}"},
        {"trials": "10"},
        {"trials": "200"},
        {"trials": "40", "search_algorithm": "{sampler: random}"},
    ):
        assert "before it knows" not in predict(tiny(**changes))
    put(folder, tiny(trials="40"), 0)
    assert "before it knows" not in predict(tiny(trials="40"))


def test_what_does_not_fit_this_machine_is_drawn_and_not_timed(tiny, predict):
    said = predict(tiny(resources="{gpus_per_worker: 2}"))
    assert said.startswith("Predicted: nothing, a trial can't be timed on this machine.")
    assert "there are 1" in said
    assert "Try: " in said


def test_what_is_on_record_is_not_predicted_again(tiny, predict, folder):
    sweep = tiny(trials="4", scheduler="{name: fifo}", resources="{cpus_per_worker: 64}")
    epochs = sweep.base.training.epochs
    assert f"Predicted: {4 * epochs} s" in predict(sweep)
    for number in range(3):
        put(folder, sweep, number)
    assert f"Predicted: 25% of the sweep is left, {epochs} s" in predict(sweep)
    put(folder, sweep, 3)
    assert predict(sweep) == "Predicted: nothing to run, everything of this sweep is on record."
    more = tiny(trials="8", scheduler="{name: fifo}", resources="{cpus_per_worker: 64}")
    assert re.search(rf"50% of the sweep is left, {4 * epochs} s on 1 slot", predict(more))


def test_a_confirmation_that_is_left_is_predicted_alone(tiny, predict, folder):
    confirm = "{top: 1, folds: [0, 1], repeats: 2}"
    sweep = tiny(trials="2", scheduler="{name: fifo}", confirm=confirm, resources="{cpus_per_worker: 64}")
    epochs = sweep.base.training.epochs
    for number in range(2):
        put(folder, sweep, number)
    assert f"{4 * epochs} s on 1 slot" in predict(sweep)


def test_the_recipes_sample_rate_is_decoded_too_where_some_trials_alone_search_it(tiny):
    settings = "{data.name: tones, segments.duration_s: 0.5}"
    some = "{front_end.n_mels: {choice: [16, 24]}, data.sample_rate: {choice: [12000], when: {front_end.n_mels: 24}}}"
    sweep = tiny(set=settings, search=some)
    assert sample_rates(sweep) == sorted({12000, sweep.base.data.sample_rate})
    every = "{data.sample_rate: {choice: [12000, 10000]}}"
    assert sample_rates(tiny(set=settings, search=every)) == [10000, 12000]
