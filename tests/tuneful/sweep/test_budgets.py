"""A sweep ends by hours, GPU hours or a stall, each decided from what is on record."""

import math
import os
import signal
import time
from types import SimpleNamespace

import pytest

from analysis.objective import Objective
from analysis.records.files import write_record
from analysis.records.ledger import REUSED
from analysis.records.sweep import SEARCH, SweepFolder, TrialEnd
from tuneful.space.definition import ResourcesSpec, StallSpec
from tuneful.sweep.interrupt import Interrupt
from tuneful.sweep.schedulers import budgets
from tuneful.sweep.schedulers.budgets import GpuHours, Halting, Hours, Until
from tuneful.sweep.schedulers.spent import budget_spent, recorded_seconds, stalled

pytestmark = pytest.mark.ray

ONE_GPU = ResourcesSpec(workers=1, gpus_per_worker=1)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when told."""
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr(budgets.time, "monotonic", lambda: now.s)
    return now


# ---- hours


def test_hours_are_those_of_this_process(clock):
    hours = Hours(0.5)
    assert hours() is None
    clock.s += 1801
    assert hours() == "The hour limit is reached"


def trained(folder, plan, seconds):
    for run in plan.runs:
        ledger = folder.ledger(run.key)
        ledger.begin({"key": run.key}, 0)
        for epoch, each in enumerate(seconds, 1):
            metrics = {"seconds": each, "eval_seconds": each / 10}
            ledger.publish({"epoch": epoch, "state": "running", "metrics": metrics}, None)


def test_gpu_hours_are_those_on_record_and_those_of_trials_that_run(clock, folder, plan_of):
    for number, keys in enumerate([("a", "b"), ("c",), ("taken",), ("a", "b")]):
        folder.ask(plan_of(number, keys))
    trained(folder, plan_of(0, ("a", "b")), [1000, 1000])  # 2 runs x 2200 s
    trained(folder, plan_of(1, ("taken",)), [99999])
    write_record(folder.path / "runs" / "taken" / REUSED, {"sweep": "another"})
    assert recorded_seconds(folder) == pytest.approx(4400)
    spent = GpuHours(1.5, ONE_GPU, folder)
    first, second = SimpleNamespace(trial_id="1"), SimpleNamespace(trial_id="2")
    spent.on_trial_start(0, [], first)
    clock.s += 300
    spent.on_trial_start(0, [], second)
    clock.s += 100
    assert spent.used == pytest.approx((4400 + 400 + 100) / 3600)
    spent.on_trial_complete(0, [], first)
    clock.s += 250
    assert spent.used == pytest.approx((4400 + 400 + 350) / 3600)
    assert spent() is None
    spent.on_trial_error(0, [], second)
    spent.on_trial_start(0, [], first)
    clock.s += 260
    assert spent() == "max_gpu_hours is reached (1.50 of 1.5 GPU hours)"


def test_a_used_up_budget_stops_each_trial_after_its_epoch_and_is_told_once(clock):
    told = []
    interrupt = Interrupt([Hours(10), Hours(1)], told.append, lambda: None)
    assert not interrupt.stop_all()
    assert not interrupt("trial", {})
    clock.s += 3601
    assert not interrupt.stop_all(), "Tune would kill what has not ended ten seconds later"
    assert not interrupt.stop_all()
    assert interrupt("trial", {})
    interrupt.idle = lambda: True
    assert interrupt.stop_all(), "where trials only wait for room there is no epoch to wait for"
    assert told == ["The hour limit is reached: stopping after the epochs under way."]
    assert interrupt.stopping
    assert interrupt.exit_code is None


# ---- stall

BEST = Objective("val/map", "max", "last")


def trials(plan_of, *scores):
    """A trial per score: None has no end, a text is another end than complete."""

    def end(score):
        if score is None or isinstance(score, TrialEnd):
            return score
        state, value = ("complete", score) if isinstance(score, float) else (score, 0.99)
        return TrialEnd(state, ((1, 0.999), (2, value)))

    return [(plan_of(number), end(score)) for number, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "gain", "over"),
    [
        ((0.5, 0.4, 0.3), 0.0, False),
        ((0.5, 0.4, 0.3, 0.5), 0.0, True),
        ((0.5, 0.4, 0.3, 0.51), 0.0, False),
        ((0.5, 0.4, 0.3, 0.51), 0.02, True),
        ((0.5, 0.4, 0.3, 0.51), 0.005, False),
        ((0.5, 0.4, 0.3, "pruned"), 0.0, True),
        ((0.5, "diverged", 0.3, "pruned"), 0.0, True),
        ((0.5, 0.4, 0.3, "failed"), 0.0, False),
        ((0.5, 0.4, 0.3, None), 0.0, False),
        (("pruned", 0.4, 0.3, 0.2), 0.0, False),
        ((0.1, 0.5, None, 0.4, 0.3, 0.2), 0.0, True),
        ((), 0.0, False),
    ],
)
def test_a_search_has_stalled_when_its_last_three_trials_brought_nothing(scores, gain, over, plan_of):
    said = stalled(trials(plan_of, *scores), BEST, StallSpec(trials=3, gain=gain))
    assert (said is not None) == over


def test_what_the_last_trials_gained_is_said(plan_of):
    some = trials(plan_of, 0.5, 0.4, 0.51)
    assert (
        stalled(some, BEST, StallSpec(trials=2, gain=0.1)) == "The search has stalled: its last 2 trials gained 0.01."
    )
    assert stalled(some, BEST, None) is None
    for place in range(5):
        scores = [0.5, 0.5, 0.5, 0.5]
        scores.insert(place, math.nan)
        assert stalled(trials(plan_of, *scores), BEST, StallSpec(trials=2)) is not None, "a score of nothing is none"
    low = stalled(trials(plan_of, 0.5, 0.6, 0.7), Objective("val/loss", "min", "last"), StallSpec(trials=2))
    assert low == "The search has stalled: its last 2 trials gained nothing."


class Searcher:
    metric, mode = "score", "max"

    def __init__(self):
        self.asked, self.ended = [], []

    def suggest(self, trial_id):
        self.asked.append(trial_id)
        return {"trial": trial_id}

    def on_trial_result(self, trial_id, result):
        pass

    def on_trial_complete(self, trial_id, result, error):
        self.ended.append(trial_id)


def test_once_a_sweep_is_to_stop_nothing_is_started():
    over, inner = [False], Searcher()
    search = Halting(inner, lambda: over[0])
    assert [search.suggest(name) for name in "ab"] == [{"trial": "a"}, {"trial": "b"}]
    over[0] = True
    assert search.suggest("c") is None
    search.on_trial_complete("a")
    assert search.suggest("c") is None
    search.on_trial_complete("b")
    assert search.suggest("c") == Halting.FINISHED
    assert (inner.asked, inner.ended) == (list("ab"), list("ab"))


def test_what_is_done_after_the_last_epoch_is_not_cut_off(monkeypatch):
    """The patience of a signal is for epochs under way: tables, uploads and the page come after them."""
    monkeypatch.setattr("tuneful.sweep.interrupt.PATIENCE_S", 0.2)
    gone = []
    interrupt = Interrupt([], [].append, lambda: gone.append("given up"))
    monkeypatch.setattr("tuneful.sweep.interrupt.os._exit", gone.append)
    with interrupt.listening():
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.stop_all()
    time.sleep(0.5)
    assert gone == []
    with interrupt.listening():
        interrupt.signal = None
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
    assert gone == ["given up", 143]


def test_once_stalled_nothing_is_started_and_the_last_may_revive_it():
    over, inner = [False], Searcher()
    search = Until(inner, lambda: over[0], 0)
    assert [search.suggest(name) for name in "ab"] == [{"trial": "a"}, {"trial": "b"}]
    over[0] = True
    search.on_trial_complete("a")
    assert search.suggest("c") is None
    over[0] = False
    search.on_trial_complete("b")
    assert search.suggest("c") == {"trial": "c"}
    over[0] = True
    search.on_trial_complete("c")
    assert search.suggest("d") == Until.FINISHED
    assert (inner.asked, inner.ended) == (list("abc"), list("abc"))


def test_of_a_stalled_search_those_that_had_begun_end():
    search = Until(Searcher(), lambda: True, 2)
    assert [search.suggest(name) for name in "ab"] == [{"trial": "a"}, {"trial": "b"}]
    assert search.suggest("c") is None
    for name in "ab":
        search.on_trial_complete(name)
    assert search.suggest("c") == Until.FINISHED


def test_a_stalled_sweep_has_nothing_left_but_what_had_begun(tiny, folder, plan_of):
    from tuneful.sweep.remaining import missing_trials

    for plan, end in trials(plan_of, 0.5, 0.4, 0.3, None):
        folder.ask(plan)
        if end is not None:
            folder.end(plan, end)
    assert missing_trials(tiny(), folder) == 3
    assert missing_trials(tiny(stall="{trials: 2}"), folder) == 1
    folder.end(plan_of(3), TrialEnd("complete", ((1, 0.2),)))
    assert missing_trials(tiny(stall="{trials: 2}"), folder) == 0
    assert len(folder.trials(SEARCH)) == 4


def test_a_stalled_sweep_says_so_and_runs_nothing(platform, sweep_file, plan_of, tmp_path, monkeypatch):
    monkeypatch.setattr("tuneful.cli.report.write_report", lambda *_: "page")  # nothing of its runs is there
    stalled_folder = SweepFolder(tmp_path / "results" / "sweeps" / "tiny")
    for plan, end in trials(plan_of, 0.5, 0.4, 0.3):
        stalled_folder.ask(plan)
        stalled_folder.end(plan, end)
    done = platform("sweep", str(sweep_file(stall="{trials: 2}")), "--no-dashboard")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "The search has stalled: its last 2 trials gained nothing. To search on:" in said
    assert "nothing to run" in said
    assert "are left" not in said


def test_used_up_gpu_hours_say_what_to_change(folder, plan_of, tiny):
    folder.ask(plan_of(0, ("a",)))
    trained(folder, plan_of(0, ("a",)), [3600])  # and a tenth of evaluation
    definition = tiny().definition.model_copy(update={"resources": ONE_GPU, "max_gpu_hours": 1.2})
    assert budget_spent(definition, folder) is None
    spent = budget_spent(definition.model_copy(update={"max_gpu_hours": 1.0}), folder)
    assert spent == "max_gpu_hours is reached (1.10 of 1 GPU hours): to go on, raise it in the sweep file."
    assert budget_spent(definition.model_copy(update={"max_gpu_hours": None}), folder) is None
