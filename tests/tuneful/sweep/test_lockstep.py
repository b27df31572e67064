"""The runs of a trial advance together, and what is on record is not trained again."""

import math
from types import SimpleNamespace

import pytest
import torch

from analysis.objective import Objective
from analysis.records.ledger import RunLedger
from trainers.errors import SpecError
from trainers.training.session import EpochReport, LedgerSession
from tuneful.sweep.trials import lockstep
from tuneful.sweep.trials.lockstep import Lockstep, run_epochs

LAST = Objective("val/map", "max", "last")


def report(epoch, value, state="running"):
    return EpochReport(epoch, state, {"val/map": value, "val/loss": 1 - value}, "protocol", None)


def finished(*values):
    return [report(n + 1, v, "finished" if n + 1 == len(values) else "running") for n, v in enumerate(values)]


@pytest.fixture
def advancing(monkeypatch, plan_of, tmp_path):
    """Lockstep over runs whose epochs are given."""

    def make(*runs, objective=LAST):
        keys = tuple(f"run{n}" for n in range(len(runs)))
        reports = dict(zip(keys, runs, strict=True))
        monkeypatch.setattr(lockstep, "run_epochs", lambda _folder, run, *_: iter(reports[run.key]))
        return Lockstep(tmp_path, plan_of(0, keys).runs, objective, None)

    return make


def test_a_trials_score_and_metrics_are_means_over_its_runs(advancing):
    trial = advancing(finished(0.2, 0.4), finished(0.4, 0.8))
    first, second = trial.advance(), trial.advance()
    assert (first.epoch, first.state, first.score) == (1, "running", pytest.approx(0.3))
    assert (second.epoch, second.state, second.score) == (2, "finished", pytest.approx(0.6))
    assert second.metrics == pytest.approx({"val/map": 0.6, "val/loss": 0.4})


def test_each_run_is_scored_by_its_own_history(advancing):
    trial = advancing(finished(0.9, 0.1), finished(0.2, 0.6), objective=Objective("val/map", "max", "best"))
    trial.advance()
    assert trial.advance().score == pytest.approx((0.9 + 0.6) / 2)


def test_one_run_that_diverges_ends_the_trial_without_a_score(advancing):
    epoch = advancing(finished(0.9), [report(1, math.nan, "diverged")]).advance()
    assert epoch.state == "diverged"
    assert math.isnan(epoch.score)


def stopping_early(*values):
    """A run that ends by itself after these epochs and has no further ones."""
    yield from finished(*values)
    raise AssertionError("an ended run was asked for another epoch")


def test_a_run_that_stopped_early_counts_with_its_last_epoch_until_the_others_have_ended(advancing):
    trial = advancing(stopping_early(0.2, 0.8), finished(0.1, 0.3, 0.5, 0.7), stopping_early(0.6))
    epochs = [trial.advance() for _ in range(4)]
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert [epoch.state for epoch in epochs] == ["running", "running", "running", "finished"]
    expected = [(0.2 + 0.1 + 0.6) / 3, (0.8 + 0.3 + 0.6) / 3, (0.8 + 0.5 + 0.6) / 3, (0.8 + 0.7 + 0.6) / 3]
    assert [epoch.score for epoch in epochs] == pytest.approx(expected)
    assert [epoch.metrics["val/map"] for epoch in epochs] == pytest.approx(expected)


def test_the_epochs_that_a_stopped_run_waits_for_the_others_are_none_of_its_history(advancing):
    trial = advancing(
        stopping_early(0.9, 0.3), finished(0.1, 0.2, 0.3, 0.4), objective=Objective("val/map", "max", "mean_last_3")
    )
    epochs = [trial.advance() for _ in range(4)]
    assert epochs[-1].score == pytest.approx(((0.9 + 0.3) / 2 + (0.2 + 0.3 + 0.4) / 3) / 2)


def test_a_run_that_diverges_after_another_stopped_early_ends_the_trial(advancing):
    trial = advancing(stopping_early(0.5), [*finished(0.1, 0.2, 0.3)[:2], report(3, math.nan, "diverged")])
    assert [trial.advance().state for _ in range(3)] == ["running", "running", "diverged"]


def test_a_trial_of_runs_that_all_stopped_early_is_finished_with_the_last_of_them(advancing):
    trial = advancing(stopping_early(0.5), stopping_early(0.1, 0.4))
    assert trial.advance().state == "running"
    last = trial.advance()
    assert (last.state, last.epoch, last.score) == ("finished", 2, pytest.approx(0.45))


def test_metrics_that_not_all_runs_report_have_no_mean(advancing):
    """Each fold has its own sites: `val/map@site=A` is one run's alone."""
    runs = [finished(0.2), finished(0.4)]
    runs[0][0].metrics["val/map@site=A"] = runs[1][0].metrics["val/map@site=B"] = 0.5
    assert advancing(*runs).advance().metrics == pytest.approx({"val/map": 0.3, "val/loss": 0.7})


def test_an_objective_that_a_run_does_not_report_is_the_users_mistake(advancing):
    trial = advancing(finished(0.9), objective=Objective("val/map@site=west", "max", "last"))
    with pytest.raises(SpecError, match=r"objective.metric is val/map@site=west, which this run doesn't report"):
        trial.advance()


def test_runs_that_ended_are_read_from_the_ledger(tmp_path, plan_of, monkeypatch):
    ledger = RunLedger(tmp_path / "runs" / "a")
    ledger.begin({"key": "a"}, 0)
    for one in finished(0.1, 0.2, 0.3):
        ledger.publish(one.record(), None)
    monkeypatch.setattr("trainers.fit.fit", None)  # nothing may call it
    (run,) = plan_of(0, ("a",)).runs
    assert list(run_epochs(tmp_path, run, None)) == finished(0.1, 0.2, 0.3)


def test_an_interrupted_run_goes_on_after_its_newest_checkpoint(tmp_path, plan_of, monkeypatch):
    ledger = RunLedger(tmp_path / "runs" / "a")
    ledger.begin({"key": "a"}, 0)
    for one in finished(0.1, 0.2, 0.3, 0.4)[:3]:
        has_checkpoint = one.epoch < 3  # the third epoch was finished, its checkpoint is gone
        ledger.publish(one.record(), (lambda path: (path / "w").write_text("1")) if has_checkpoint else None)
    opened = []

    def open_session(ledger, identity, resume):
        opened.append((identity["key"], identity["fold"], resume[0]))
        return LedgerSession(ledger, identity, torch.device("cpu"), resume=resume)

    monkeypatch.setattr("trainers.data.dataset.load_run_data", lambda _spec: SimpleNamespace(split_digest="d"))
    monkeypatch.setattr("trainers.fit.fit", lambda *_: iter(finished(0, 0, 0.3, 0.4)[2:]))
    (run,) = plan_of(0, ("a",)).runs
    assert [one.epoch for one in run_epochs(tmp_path, run, open_session)] == [1, 2, 3, 4]
    assert opened == [("a", 0, 2)]


def test_closing_ends_the_runs_where_they_are(advancing):
    closed = []

    def run():
        try:
            yield from finished(0.1, 0.2)
        finally:
            closed.append(True)

    trial = advancing([])
    trial._iterators = [run()]
    trial.advance()
    trial.close()
    assert closed == [True]
