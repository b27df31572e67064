"""What a person sees of a sweep: a table that fits the terminal, plain lines elsewhere."""

import io
import math

import pytest
from rich.console import Console

from analysis.objective import Objective
from analysis.records.sweep import CONFIRM, TrialEnd
from tuneful.sweep.progress import ROWS, Progress, settings_text

SETTINGS = {"loss.name": "focal_bce", "loss.gamma": 2.3456789, "optimizer.lr": 0.00123456, "mixing.alpha": None}


def progress_on(width, terminal, mode="max", total=20):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, record=True)
    return Progress(console, Objective("val/macro_auc", mode, "last"), total, 6), console


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


def screen(progress, console):
    console.print(progress._render())
    return console.export_text()


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_fits_the_terminal_and_keeps_names_states_and_scores(plan_of, width):
    progress, console = progress_on(width, terminal=True)
    told(progress, plan_of)
    console.export_text()  # what was printed above the table
    text = screen(progress, console)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    for part in ("search-0000", "complete", "0.9100", "stopped early", "diverged", "failed", "search-0004", "3/6"):
        assert part in text
    assert any("running" in line and "0.7000" in line for line in lines)
    assert lines[-1].startswith("4/20 trials, best 0.9100 by search-0000, about ")
    assert ("mixing.alpha=None" in text) == (width == 200)


def test_only_the_newest_trials_are_in_the_table(plan_of):
    progress, console = progress_on(100, terminal=True)
    for number in range(30):
        progress.started(plan_of(number))
    text = screen(progress, console)
    assert text.count("search-") == ROWS
    assert "search-0029" in text


def test_lines_elsewhere_are_plain_whole_and_one_an_event(plan_of):
    progress, console = progress_on(40, terminal=False)
    with progress:
        told(progress, plan_of)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 5 + 4
    assert "\x1b" not in console.file.getvalue()
    shown = "loss.name=focal_bce loss.gamma=2.35 optimizer.lr=0.00123 mixing.alpha=None"
    assert lines[0] == f"search-0000 starts: {shown}"
    assert lines[1].startswith("search-0000 complete after 2 epochs, val/macro_auc 0.9100  [1/20 trials, best 0.9100")
    assert lines[3].startswith("search-0001 stopped early after 2 epochs, val/macro_auc 0.5000  [2/20")
    assert lines[5].startswith("search-0002 diverged after 2 epochs  [")
    assert lines[7].startswith("search-0003 failed after 0 epochs: RuntimeError: [no] such thing  [4/20")


def test_why_a_trial_failed_stays_on_a_terminal_too(plan_of):
    progress, console = progress_on(200, terminal=True)
    with progress:
        told(progress, plan_of)
    assert "RuntimeError: [no] such thing" in console.file.getvalue()


def test_trials_of_an_earlier_process_count_and_can_be_the_best(plan_of):
    progress, console = progress_on(100, terminal=True, total=4)
    earlier = [(plan_of(0), TrialEnd("complete", ((6, 0.95),))), (plan_of(1), TrialEnd("pruned", ((2, 0.99),)))]
    progress.already([*earlier, (plan_of(2), None)])
    assert "2/4 trials, best 0.9500 by search-0000, 0 s so far" in screen(progress, console)
    plan = plan_of(2)
    progress.started(plan)
    progress.ended(plan, TrialEnd("complete", ((6, 0.9),)))
    assert "3/4 trials, best 0.9500 by search-0000, about" in screen(progress, console)


def test_the_best_of_a_loss_is_the_smallest(plan_of):
    progress, console = progress_on(100, terminal=True, mode="min")
    progress.already([(plan_of(n), TrialEnd("complete", ((6, score),))) for n, score in enumerate((0.5, 0.2, 0.4))])
    assert "best 0.2000 by search-0001" in screen(progress, console)


def test_settings_are_short_and_a_confirm_run_says_which_trial_it_repeats(plan_of):
    assert settings_text(plan_of(0, settings={"a.b": [1, 2], "c": True, "d": 1e-5})) == "a.b=[1, 2] c=True d=1e-05"
    assert settings_text(plan_of(0, stage=CONFIRM, candidate=7)) == "trial 7 stratified fold 0 seed 0"
