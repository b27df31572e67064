"""A population: who takes over from whom, what they have then, and that no stop changes any of it. Without Ray."""

import json
import math

import pytest

from analysis.errors import RecordsError
from analysis.objective import Objective
from analysis.records.sweep import SEARCH
from tuneful.sweep.plans import Planner
from tuneful.sweep.populations.generations import recorded_generations, refuse_growth
from tuneful.sweep.populations.population import Population, Rules, takers
from tuneful.sweep.populations.population_search import PopulationSearch
from tuneful.sweep.recorder import Recorder
from tuneful.sweep.searchers.search import searcher_of

EPOCHS = 6
CHANGES = {
    "scheduler": "{name: pbt, interval: 2, mutate: [optimizer.lr], quantile: 0.25}",
    "search": "{optimizer.lr: {loguniform: [1.0e-4, 2.0e-2]}, loss.name: {choice: [bce, focal]}}",
    "trials": "5",
    "set": "{data: {name: tones, sample_rate: 8000, split: {n_folds: 2}}, segments.duration_s: 0.5, "
    "front_end: {n_fft: 256, hop_length: 128, n_mels: 32, f_min: 50.0}, training: {epochs: 6, batch_size: 8}}",
}


class Killed(BaseException):
    """The process is gone."""


class Tune:
    """Runs legs as Tune does, so many at a time, each epoch of each in turn; dies after so many epochs."""

    def __init__(self, sweep, folder, slots=1, epochs=math.inf, fate=None):
        self.sweep, self.folder, self.slots, self.left, self.fates = sweep, folder, slots, epochs, fate or {}
        self.recorder, self.said, self.trained = Recorder(folder), [], []
        rules = Rules(sweep.space, sweep.definition.scheduler, Objective.of(sweep.resolved()), 0)
        planner = Planner(sweep, "digest", "fp32")
        self.population = Population(folder, rules, planner.search_trial)
        drawing = searcher_of(sweep, self.recorder, (self.population.new_trial, dict))
        on_record = folder.trials(SEARCH)
        drawing.replay(on_record)
        plans = drawing.draw(sweep.definition.trials - sum(end is not None for _, end in on_record))
        payload = lambda plan: {"plan": plan}  # noqa: E731
        self.searcher = PopulationSearch(self.population, plans, self.recorder, payload, self.said.append)

    def run(self):
        """To the end; returns what every trial came to."""
        legs, asked, over = {}, 0, False
        while legs or not over:
            while len(legs) < self.slots and not over:
                asked += 1
                given = self.searcher.suggest(f"t{asked}")
                over = given == "FINISHED"
                if given is None or over:
                    break
                legs[f"t{asked}"] = self.leg(given["plan"], *given["leg"])
            for trial_id, leg in list(legs.items()):
                result = next(leg)
                if result["done"]:
                    del legs[trial_id]
                    self.searcher.on_trial_complete(trial_id, result)
                else:
                    self.searcher.on_trial_result(trial_id, result)
        return ends(self.folder)

    def leg(self, plan, after, until):
        """Epochs after `after`: read where they are on record, else trained."""
        (run,) = plan.runs
        ledger = self.folder.ledger(run.key)
        for record in ledger.epochs()[after:until]:
            yield self.result(plan, record["epoch"], record["metrics"], until)
        begun = len(ledger.epochs())
        newest = ledger.newest_checkpoint()
        assert begun == (newest[0] if newest else 0)
        if begun < until:
            ledger.begin({"key": run.key, "spec": run.spec}, begun)
        for epoch in range(begun + 1, min(until, EPOCHS) + 1):
            if self.left <= 0:
                raise Killed
            self.left -= 1
            lineage = (newest[1] / "model.safetensors").read_text() if newest else ""
            lineage += f"{plan.number}.{epoch} lr {run.spec['optimizer']['lr']:.5f}\n"
            metrics = {"val/macro_auc": quality(lineage)}
            record = {"epoch": epoch, "state": "running", "metrics": metrics, "protocol": "p", "kept_epoch": 1}
            ledger.publish(record, lambda path, text=lineage, epoch=epoch: save(path, text, epoch))
            newest = ledger.newest_checkpoint()
            self.trained.append((plan.number, epoch))
            yield self.result(plan, epoch, metrics, until)

    def result(self, plan, epoch, metrics, until):
        state = "finished" if epoch == EPOCHS else self.fates.get((plan.number, epoch), "running")
        error = "RuntimeError: no" if state == "failed" else None
        score = math.nan if state in ("failed", "diverged") else metrics["val/macro_auc"]
        told = {"epoch": 0 if state == "failed" else epoch, "score": score, "state": state, "error": error}
        return {**told, "metrics": metrics, "done": state != "running" or epoch >= until}


def save(folder, lineage, epoch):
    (folder / "model.safetensors").write_text(lineage)
    (folder / "state.json").write_text(json.dumps({"epoch": epoch, "best_value": 9.0, "best_epoch": 1, "scaler": {}}))


def quality(lineage):
    """The nearer the rates of all epochs were to 0.003, the better."""
    rates = [float(line.split()[-1]) for line in lineage.strip().split("\n")]
    return len(rates) / 10 - sum(abs(math.log10(rate / 0.003)) for rate in rates) / 20


def ends(folder):
    return [(plan, end) for plan, end in folder.trials(SEARCH)]


def lineage(folder, plan, epoch):
    return (folder.ledger(plan.runs[0].key).checkpoint(epoch) / "model.safetensors").read_text().strip().split("\n")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nothing here outlives the machine."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def sweep(tiny):
    return tiny(**CHANGES)


# ---- who takes over


def test_the_worst_quarter_may_take_over_from_the_best_quarter():
    scores = {0: 0.5, 1: 0.9, 2: 0.1, 3: 0.7, 4: 0.8, 5: 0.2, 6: 0.6, 7: 0.4}
    assert takers(scores, 1, 0.25) == {2: [1, 4], 5: [1, 4]}
    assert takers(scores, -1, 0.25) == {1: [2, 5], 4: [2, 5]}


@pytest.mark.parametrize(
    ("scores", "quantile", "expected"),
    [
        ({}, 0.5, {}),
        ({0: 0.5}, 0.5, {}),
        ({0: 0.5, 1: 0.4}, 0.1, {1: [0]}),
        ({0: 0.5, 1: 0.5, 2: 0.5}, 0.5, {}),
        ({0: 0.1, 1: 0.2, 2: 0.3}, 0.5, {0: [2]}),
        ({0: math.nan, 1: 0.2, 2: 0.3}, 0.5, {1: [2]}),
        ({0: 0.2, 1: 0.2, 2: 0.3, 3: 0.2}, 0.25, {3: [2]}),
    ],
)
def test_small_populations_equals_and_trials_without_a_score(scores, quantile, expected):
    assert takers(scores, 1, quantile) == expected


# ---- what they have then


def test_a_trial_that_takes_over_goes_on_with_the_donors_weights_and_settings_of_which_some_are_changed(sweep, folder):
    tune = Tune(sweep, folder)
    before = {plan.number: plan for plan in tune.searcher._plans.values()}
    after = {plan.number: plan for plan, _ in tune.run()}
    first, second = recorded_generations(folder)
    assert (first.epoch, second.epoch) == (2, 4)
    assert len(first.exploits) == 2  # a quarter of five, rounded up
    for exploit in first.exploits:
        taker, donor = after[exploit.trial], before[exploit.donor]
        entry = taker.exploits[0]
        assert entry["old"] == before[exploit.trial].settings
        assert entry["copied"] == donor.settings
        assert entry["new"]["loss.name"] == donor.settings["loss.name"]
        ratio = entry["new"]["optimizer.lr"] / donor.settings["optimizer.lr"]
        assert (
            entry["how"]["optimizer.lr"] == "drawn anew" or ratio == pytest.approx(0.8) or ratio == pytest.approx(1.2)
        )
        grown = lineage(folder, taker, 6)
        if len(taker.exploits) == 1:
            rates = [donor.settings["optimizer.lr"]] * 2 + [taker.settings["optimizer.lr"]] * 4
            numbers = [exploit.donor] * 2 + [exploit.trial] * 4
            assert grown == [f"{n}.{e} lr {r:.5f}" for e, (n, r) in enumerate(zip(numbers, rates, strict=True), 1)]
            assert taker.runs[0].spec["optimizer"]["lr"] == taker.settings["optimizer.lr"]
            assert taker.runs[0].spec["loss"]["name"] == donor.settings["loss.name"]
    assert any(len(plan.exploits) == 1 for plan in after.values())
    assert [plan for plan in after.values() if not plan.exploits] == [p for p in before.values() if p in after.values()]


def test_the_run_holds_the_donors_epoch_in_place_of_its_own_and_says_so(sweep, folder):
    tune = Tune(sweep, folder, epochs=10)  # all legs to epoch 2
    with pytest.raises(Killed):
        tune.run()
    (generation,) = recorded_generations(folder)
    plans = {plan.number: plan for plan, _ in folder.trials(SEARCH)}
    for exploit in generation.exploits:
        mine, theirs = (folder.ledger(plans[n].runs[0].key) for n in (exploit.trial, exploit.donor))
        assert mine.epochs()[1]["metrics"] == theirs.epochs()[1]["metrics"]
        assert mine.epochs()[0]["metrics"] != theirs.epochs()[0]["metrics"], "its own first epoch stays on record"
        (taken,) = mine.exploits()
        assert taken["donor"] == exploit.donor
        assert taken["donor_run"] == plans[exploit.donor].runs[0].key
        assert mine.identity()["spec"] == taken["spec"] == plans[exploit.trial].runs[0].spec
        state = json.loads((mine.checkpoint(2) / "state.json").read_text())
        assert (state["best_epoch"], state["best_value"]) == (2, theirs.epochs()[1]["metrics"]["val/macro_auc"])
        assert state["scaler"] == {}


def test_keys_are_each_trials_own_whatever_its_settings_and_stay(sweep, folder):
    tune = Tune(sweep, folder)
    plain = Planner(sweep, "digest", "fp32")
    keys = {number: plan.runs[0].key for number, plan in tune.searcher._plans.items()}
    assert len(set(keys.values())) == 5
    for number, plan in tune.searcher._plans.items():
        assert plan.runs[0].key != plain.search_trial(number, plan.params).runs[0].key
        assert tune.population.new_trial(number + 1, plan.params).runs[0].key != plan.runs[0].key
    assert {plan.number: plan.runs[0].key for plan, _ in tune.run()} == keys


def test_who_takes_over_is_said(sweep, folder):
    tune = Tune(sweep, folder)
    tune.run()
    exploits = [exploit for each in recorded_generations(folder) for exploit in each.exploits]
    assert len(tune.said) == len(exploits) > 0
    for text, exploit in zip(tune.said, exploits, strict=True):
        assert text.startswith(f"search-{exploit.trial:04d} takes over from trial {exploit.donor} at epoch")
        assert "optimizer.lr" in text


# ---- no stop changes any of it


def test_every_epoch_is_trained_once_and_every_trial_ends_with_all_of_its_scores(sweep, folder):
    tune = Tune(sweep, folder)
    trials = tune.run()
    assert sorted(tune.trained) == [(number, epoch) for number in range(5) for epoch in range(1, 7)]
    assert {end.state for _, end in trials} == {"complete"}
    assert all([epoch for epoch, _ in end.scores] == list(range(1, 7)) for _, end in trials)
    assert tune.recorder.running == {}


@pytest.mark.parametrize("slots", [2, 5])
def test_how_many_run_at_a_time_makes_no_difference(slots, sweep, folder, tmp_path):
    alone = Tune(sweep, type(folder)(tmp_path / "tiny")).run()
    assert Tune(sweep, type(folder)(tmp_path / "wide" / "tiny"), slots).run() == alone


@pytest.mark.parametrize("slots", [1, 3])
def test_killed_anywhere_it_ends_as_if_it_had_not_been_and_trains_nothing_twice(slots, sweep, folder, tmp_path):
    whole = Tune(sweep, type(folder)(tmp_path / "whole" / "tiny"), slots).run()
    for killed_after in (1, 11, 14, 20, 29) if slots == 1 else (4, 16):
        broken = type(folder)(tmp_path / str(killed_after) / "tiny")
        first = Tune(sweep, broken, slots, epochs=killed_after)
        with pytest.raises(Killed):
            first.run()
        second = Tune(sweep, broken, slots)
        assert second.run() == whole, killed_after
        assert len(first.trained) + len(second.trained) == 30


def test_killed_while_some_have_taken_over_the_others_do_so_later(sweep, folder, tmp_path, monkeypatch):
    whole = Tune(sweep, type(folder)(tmp_path / "whole" / "tiny")).run()
    ask, asked = type(folder).ask, []

    def dies(self, plan):
        asked.append(plan)
        if len(asked) == 7:  # five at the start, one that took over
            raise Killed
        ask(self, plan)

    monkeypatch.setattr(type(folder), "ask", dies)
    with pytest.raises(Killed):
        Tune(sweep, folder).run()
    monkeypatch.setattr(type(folder), "ask", ask)
    assert [len(plan.exploits) for plan, _ in folder.trials(SEARCH)].count(1) == 1
    assert Tune(sweep, folder).run() == whole
    attempts = [folder.ledger(plan.runs[0].key).exploits() for plan, _ in folder.trials(SEARCH)]
    assert [len(each) for each in attempts] == [len(plan.exploits) for plan, _ in whole]


# ---- who leaves


@pytest.mark.parametrize("state", ["failed", "diverged"])
def test_a_trial_that_fails_or_diverges_leaves_and_the_others_go_on(state, sweep, folder):
    gone = Tune(sweep, folder, fate={(1, 3): state}).run()
    assert [end.state for _, end in gone] == ["complete", state, "complete", "complete", "complete"]
    assert 1 not in recorded_generations(folder)[1].scores
    assert all(exploit.donor != 1 for exploit in recorded_generations(folder)[1].exploits)


def test_when_all_are_gone_the_search_is_over(sweep, folder):
    gone = Tune(sweep, folder, slots=2, fate={(number, 1): "diverged" for number in range(5)}).run()
    assert {end.state for _, end in gone} == {"diverged"}
    assert recorded_generations(folder) == []


def test_a_trial_that_is_stopped_by_hand_leaves(sweep, folder):
    tune = Tune(sweep, folder)
    plan = tune.searcher.suggest("a")["plan"]
    assert tune.recorder.running["a"] == plan
    tune.recorder.reasons["a"] = "stopped by hand"
    result = {"epoch": 1, "score": 0.5, "state": "running", "metrics": {}, "error": None}
    tune.searcher.on_trial_complete("a", result)
    assert folder.trials(SEARCH)[plan.number][1].state == "pruned"
    assert folder.trials(SEARCH)[plan.number][1].error == "stopped by hand"
    assert tune.recorder.running == {}


def test_a_population_that_is_on_its_way_takes_in_no_one(sweep, folder):
    refuse_growth(folder, 5, 9)
    with pytest.raises(Killed):
        Tune(sweep, folder, epochs=10).run()
    refuse_growth(folder, 5, 5)
    with pytest.raises(RecordsError, match=r"population of 5 trials .* Try: --trials 5, or --name tiny-2"):
        refuse_growth(folder, 5, 6)
