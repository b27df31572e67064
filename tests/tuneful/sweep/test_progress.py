"""What a person sees of a sweep as its driver tells it: a live table, plain lines elsewhere, `live.json` from afar."""

import io
import math
import time

import pytest
from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, SEARCH, TrialEnd
from tuneful.live.pace_file import read_live
from tuneful.sweep.progress import Progress, ShownStage
from tuneful.sweep.sweep_log import KeptConsole

SETTINGS = {"loss.name": "focal_bce", "loss.gamma": 2.3456789, "optimizer.lr": 0.00123456, "mixing.alpha": None}


@pytest.fixture
def progress_on(folder):
    """`progress_on(width, terminal)`: (progress, console)"""
    folder.path.mkdir(parents=True)

    def make(width, terminal, mode="max", total=20, stage=SEARCH):
        console = KeptConsole(Console(file=io.StringIO(), width=width, force_terminal=terminal), folder.path)
        shown = ShownStage(folder, stage, Objective("val/macro_auc", mode, "last"), total, 6, 2)
        return Progress(console, shown, {"search-0001": "other"}), console

    return make


def told(progress, plan_of):
    """A sweep under way: one trial of each state, one running."""
    states = {"complete": 0.91, "pruned": 0.5, "diverged": math.nan, "failed": math.nan}
    for number, (state, score) in enumerate(states.items()):
        plan = plan_of(number, settings=SETTINGS)
        progress.started(plan)
        progress.epoch(plan, {"epoch": 1, "score": 0.4})
        error = "RuntimeError: [no] such thing" if state == "failed" else None
        progress.ended(plan, TrialEnd(state, () if error else ((1, 0.4), (2, score)), error))
    progress.started(plan_of(4, settings=SETTINGS))
    progress.epoch(plan_of(4), {"epoch": 3, "score": 0.7})


def test_the_view_is_what_was_told(progress_on, plan_of):
    progress, _ = progress_on(100, terminal=True)
    told(progress, plan_of)
    view = progress.view()
    assert [(row.name, row.state, row.epoch) for row in view.rows] == [
        ("search-0000", "complete", 2),
        ("search-0001", "pruned", 2),
        ("search-0002", "diverged", 2),
        ("search-0003", "failed", 0),
        ("search-0004", "running", 3),
    ]
    assert view.ended == 4
    assert view.best.name == "search-0000"
    assert view.pace.running == ("search-0004",)
    assert view.pace.slots == 2
    assert view.pace.reused == 1
    assert view.pace.seconds_left is not None


def test_lines_elsewhere_are_plain_whole_and_one_an_event(progress_on, plan_of):
    progress, console = progress_on(40, terminal=False)
    with progress:
        told(progress, plan_of)
    text = console.file.getvalue()
    lines = text.splitlines()
    assert len(lines) == 5 + 4
    assert "\x1b" not in text
    shown = "loss.gamma=2.35 loss.name=focal_bce mixing.alpha=None optimizer.lr=0.00123"
    assert lines[0] == f"search-0000 starts: {shown}"
    assert lines[1].startswith("search-0000 complete after 2 epochs, val/macro_auc 0.9100  [1/20 trials, best 0.9100")
    assert lines[3].startswith("search-0001 stopped early after 2 epochs, val/macro_auc 0.5000  [2/20")
    assert lines[5].startswith("search-0002 diverged after 2 epochs  [")
    assert lines[7].startswith("search-0003 failed after 0 epochs: RuntimeError: [no] such thing  [4/20")


@pytest.mark.parametrize("terminal", [False, True])
def test_every_event_is_in_the_sweeps_log_once(progress_on, plan_of, folder, terminal):
    progress, console = progress_on(60, terminal)
    with progress:
        told(progress, plan_of)
        console.print("Stopping [soon].", markup=False)
    log = (folder.path / "sweep.log").read_text()
    assert "\x1b" not in log
    for part in ("search-0004 starts:", "search-0000 complete after", "[no] such thing", "Stopping [soon]."):
        assert log.count(part) == 1
    assert len(log.splitlines()) == 5 + 4 + 1


def test_why_a_trial_failed_stays_on_a_terminal_too(progress_on, plan_of):
    progress, console = progress_on(200, terminal=True)
    with progress:
        told(progress, plan_of)
    assert "RuntimeError: [no] such thing  [4/20" in console.file.getvalue()


def test_trials_of_an_earlier_process_count_and_can_be_the_best(progress_on, plan_of):
    progress, console = progress_on(200, terminal=False, total=4)
    earlier = [(plan_of(0), TrialEnd("complete", ((6, 0.95),))), (plan_of(1), TrialEnd("pruned", ((2, 0.99),)))]
    progress.already([*earlier, (plan_of(2), None)])
    assert progress.view().ended == 2
    plan = plan_of(2)
    progress.started(plan)
    progress.epoch(plan, {"epoch": 1, "score": 0.5})
    progress.ended(plan, TrialEnd("complete", ((6, 0.9),)))
    assert "[3/4 trials, best 0.9500 by search-0000, about" in console.file.getvalue()


def test_epochs_that_were_read_from_the_ledger_are_no_pace(progress_on, plan_of):
    """Tune hands on results with flat names: an epoch that took a minute and arrives at once was read."""
    progress, _ = progress_on(200, terminal=False)
    plan = plan_of(0)
    progress.started(plan)
    result = {"epoch": 1, "score": 0.5, "metrics/seconds": 50.0, "metrics/eval_seconds": 10.0}
    progress.epoch(plan, result)
    assert progress.view().pace.epochs_per_minute is None
    progress.epoch(plan, {**result, "epoch": 2, "metrics/seconds": 0.0, "metrics/eval_seconds": 0.0})
    assert progress.view().pace.epochs_per_minute is not None


def test_a_confirm_run_says_which_trial_it_repeats(progress_on, plan_of):
    progress, console = progress_on(200, terminal=False, stage=CONFIRM)
    progress.started(plan_of(0, stage=CONFIRM, candidate=7))
    assert console.file.getvalue() == "confirm-0000 starts: trial=7 split=stratified fold=0 seed=0\n"


def test_other_shells_find_the_pace_while_it_runs_and_nothing_after(progress_on, plan_of, folder):
    progress, _ = progress_on(80, terminal=False)
    with progress:
        progress.started(plan_of(0))
        patience = time.monotonic() + 10
        while (live := read_live(folder.path)) is None or not live.pace.running:
            assert time.monotonic() < patience
            time.sleep(0.05)
        assert (live.stage, live.total, live.epochs) == (SEARCH, 20, 6)
        assert live.pace.running == ("search-0000",)
    assert read_live(folder.path) is None


def test_where_nothing_happens_for_long_a_line_says_so(progress_on, plan_of, monkeypatch):
    monkeypatch.setattr("tuneful.sweep.progress.SILENCE_S", 0.1)
    monkeypatch.setattr("tuneful.sweep.progress.TICK_S", 0.05)
    progress, console = progress_on(200, terminal=False)
    with progress:
        progress.started(plan_of(0))
        patience = time.monotonic() + 10
        while "running: search-0000 0/6  [0/20 trials" not in console.file.getvalue():
            assert time.monotonic() < patience
            time.sleep(0.05)


def test_a_disk_that_takes_nothing_stops_nothing(progress_on, plan_of, folder):
    progress, console = progress_on(200, terminal=False)
    folder.path.rmdir()
    folder.path.write_text("a file in the folder's place")
    with progress:
        told(progress, plan_of)
    assert len(console.file.getvalue().splitlines()) == 5 + 4
