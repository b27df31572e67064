"""The view from the records alone: the same trials as the driver's, and how a sweep was left."""

import json
import math

import pytest

from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.live.lines import changes
from tuneful.live.pace_file import FILE, LiveStage, read_live, write_live
from tuneful.live.records import RecordsView
from tuneful.live.status import closing_lines, standing
from tuneful.live.view import Pace
from tuneful.space.sweep import load_sweep
from tuneful.sweep.lock import locked


@pytest.fixture
def folder(tmp_path):
    folder = SweepFolder(tmp_path / "sweeps" / "loss")
    folder.write_definition(
        {"name": "loss", "objective": {"metric": "val/map", "mode": "max", "epoch": "last"}, "trials": 4, "search": {}}
    )
    for number in range(3):
        folder.ask(plan(number))
    folder.end(plan(0), TrialEnd("complete", ((1, 0.4), (2, 0.5))))
    folder.end(plan(1), TrialEnd("failed", (), "DataError: no"))
    train(folder, "b0", [0.2, 0.3, 0.4])
    train(folder, "b1", [0.4, 0.5])
    return folder


def plan(number):
    keys = (f"{'acb'[number]}0", f"{'acb'[number]}1")
    runs = tuple(RunPlan(key, {"training": {"epochs": 6}}, fold, 0, 0, "stratified") for fold, key in enumerate(keys))
    return TrialPlan(SEARCH, number, {}, {"optimizer.lr": 0.1 * number}, runs)


def train(folder, key, values):
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    for epoch, value in enumerate(values, 1):
        metrics = {"val/map": value}
        ledger.publish(
            {"epoch": epoch, "state": "running", "metrics": metrics, "protocol": "p", "kept_epoch": None}, None
        )


def test_a_running_trial_is_as_far_as_all_its_runs(folder):
    with locked(folder.path):
        row = RecordsView(folder).look().rows[2]
    assert (row.name, row.state, row.epoch) == ("search-0002", "running", 2)
    assert row.score == pytest.approx((0.3 + 0.5) / 2)


def test_states_and_totals_without_the_drivers_file(folder):
    view = RecordsView(folder).look()
    assert [row.state for row in view.rows] == ["complete", "failed", "interrupted"]
    assert (view.total, view.epochs, view.owner, view.pace) == (4, 6, "stopped", None)
    assert view.best.name == "search-0000"
    assert view.rows[1].reason == "DataError: no"


def test_the_drivers_file_says_which_run_and_how_fast(folder):
    write_live(folder.path, LiveStage(SEARCH, 9, 6, Pace(2, 30.0, 60.0, (), 1, ())))
    with locked(folder.path):
        view = RecordsView(folder).look()
    assert view.rows[2].state == "waiting"
    assert (view.total, view.pace.seconds_left) == (9, 60.0)
    left = RecordsView(folder).look()
    assert left.pace is None, "of a driver that was killed"
    assert left.total == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stage": "search"}', '{"pace": {"gpus": [{"x": 1}]}}'])
def test_a_torn_file_is_none(folder, text):
    (folder.path / FILE).write_text(text)
    assert read_live(folder.path) is None


def test_what_was_written_is_read(folder):
    live = LiveStage(SEARCH, 9, 6, Pace(2, None, None, (), 0, ("search-0001",)))
    write_live(folder.path, live)
    assert read_live(folder.path) == live
    assert not list(folder.path.glob("*.tmp"))


def test_status_for_a_script_is_json_without_nan(folder):
    with locked(folder.path):
        record = standing(folder).record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["state"] == "running"
    assert record["holder"]["pid"] > 0
    assert record["search"] == {"ended": 2, "total": 4, "complete": 1, "failed": 1, "running": 1}
    assert record["best"]["trial"] == "search-0000"
    assert [row["trial"] for row in record["under_way"]] == ["search-0002"]


def test_status_for_a_person(folder):
    first, cut_off = standing(folder).lines()
    assert first == "loss: 2/4 trials, 0 confirm runs, stopped, best val/map 0.5000 by search-0000"
    assert cut_off == "  search-0002 interrupted, 2 epochs, 0.4000: optimizer.lr=0.2"
    folder.end(plan(2), TrialEnd("complete", ((6, 0.9),)))
    folder.ask(plan(2).__class__(SEARCH, 3, {}, {}, plan(0).runs))
    folder.end(plan(2).__class__(SEARCH, 3, {}, {}, plan(0).runs), TrialEnd("diverged", ((1, math.nan),)))
    assert standing(folder).lines() == [
        "loss: 4/4 trials, 0 confirm runs, finished, best val/map 0.9000 by search-0002"
    ]


GRID = "{optimizer.lr: {choice: [0.001, 0.002, 0.003]}}"
"""Three configurations."""


@pytest.fixture
def swept(tmp_path, sweep_file):
    """`swept(3, stall="{trials: 2}")`: a sweep as resolved, with so many ended trials, each worse than the last."""

    def make(ended, **changes):
        found = SweepFolder(tmp_path / "sweeps" / "tiny")
        found.write_definition(load_sweep(sweep_file(**changes)).resolved())
        found.write_command("platform sweep tiny")
        for number in range(ended):
            run = RunPlan(f"k{number}", {}, 0, 0, 0, "stratified")
            one = TrialPlan(SEARCH, number, {}, {"optimizer.lr": 0.1 * number}, (run,))
            found.ask(one)
            found.end(one, TrialEnd("complete", ((1, 0.9 - number / 10),)))
        return found

    return make


def left(folder):
    """State, trials in all, and why, as they are told."""
    stands = standing(folder).record()
    goes_on = any("To go on" in line for line in closing_lines(folder))
    assert goes_on == (stands["state"] == "stopped")
    return stands["state"], stands["search"]["total"], stands["why"]


def test_a_sweep_that_has_tried_every_configuration_is_finished(swept):
    assert left(swept(2, search=GRID, trials="20")) == ("stopped", 3, None)
    assert left(swept(3, search=GRID, trials="20")) == ("finished", 3, None)


def test_a_sweep_that_has_stalled_is_finished_and_says_why(swept):
    assert left(swept(2, trials="20", stall="{trials: 2}")) == ("stopped", 20, None)
    folder = swept(3, trials="20", stall="{trials: 2}")
    assert left(folder) == ("finished", 20, "the search has stalled: its last 2 trials gained nothing")
    assert standing(folder).lines()[0].startswith("tiny: 3/20 trials, 0 confirm runs, finished, as the search has sta")
    confirmed_too = swept(3, trials="20", stall="{trials: 2}", confirm="{top: 1, repeats: 1}")
    assert left(confirmed_too) == ("stopped", 20, None)
    assert left(swept(20, trials="20", stall="{trials: 2}")) == ("finished", 20, None), "all of them have ended"


def test_a_sweep_whose_gpu_hours_are_used_up_is_finished_and_says_what_to_raise(swept):
    folder = swept(2, trials="20", max_gpu_hours="1", resources="{gpus_per_worker: 1}")
    assert left(folder) == ("stopped", 20, None)
    ledger = folder.ledger("k0")
    ledger.begin({"key": "k0"}, 0)
    record = {"epoch": 1, "state": "finished", "metrics": {"seconds": 4000.0}, "protocol": "p", "kept_epoch": None}
    ledger.publish(record, None)
    state, _, why = left(folder)
    assert state == "finished"
    assert why.startswith("max_gpu_hours is reached (1.11 of 1 GPU hours): to go on, raise it")


def test_of_a_definition_that_this_version_cannot_read_the_number_of_trials_counts(swept):
    folder = swept(3, trials="3")
    folder.write_definition({**folder.definition(), "a_field_of_tomorrow": 1})
    assert left(folder) == ("finished", 3, None)


def test_the_confirmation_is_shown_once_it_has_begun(folder):
    assert RecordsView(folder).look().stage == SEARCH
    folder.ask(TrialPlan(CONFIRM, 0, {}, {}, (plan(0).runs[0],), candidate=0))
    view = RecordsView(folder).look()
    assert view.stage == CONFIRM
    assert view.rows[0].settings == {"trial": 0, "split": "stratified", "fold": 0, "seed": 0}


def test_of_a_confirmation_that_was_stopped_all_runs_that_were_asked_for_count(swept):
    folder = swept(3, trials="3", confirm="{top: 1, folds: [0, 1], repeats: 2}")
    run = RunPlan("c", plan(0).runs[0].spec, 1, 0, 1, "stratified")
    for number in range(2):
        folder.ask(TrialPlan(CONFIRM, number, {}, {}, (run,), candidate=0))
    folder.end(TrialPlan(CONFIRM, 0, {}, {}, (run,), candidate=0), TrialEnd("complete", ((1, 0.5),)))
    view = RecordsView(folder).stage(CONFIRM)
    assert (view.ended, view.total) == (1, 4)


def test_between_two_looks_every_start_and_end_is_a_line(folder):
    records = RecordsView(folder)
    with locked(folder.path):
        before = records.look()
        assert changes(None, before) == ["search-0002 starts: optimizer.lr=0.2"]
        folder.end(plan(2), TrialEnd("pruned", ((2, 0.4),), "stopped by hand"))
        after = records.look()
        (line,) = changes(before, after)
        assert line.startswith("search-0002 stopped early after 2 epochs, val/map 0.4000: stopped by hand  [3/4 trials")
        assert changes(after, after) == []
