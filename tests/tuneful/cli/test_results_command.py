"""`platform results` and its neighbours: best first whatever is best, names as data, sweeps of several objectives."""

import json
import math

import pytest

from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from tuneful.space.sweep import load_sweep

METRICS = ("val/macro_auc", "val/loss", "test/macro_auc", "cost/inference_s_per_min", "embeddings/frechet_distance")
SPELL = "cannot [red]open[/data/x.wav], [enforce fail at alloc_cpu.cpp:117], :100:, \x1b[2J"
"""Markup, an emoji and a control sequence, for a terminal that takes names for more than names."""


@pytest.fixture
def swept(tmp_path, sweep_file):
    """`swept(objective="...")`: a sweep of three ended trials whose every number is the trial's plus one."""

    def make(name="tiny", **changes):
        folder = SweepFolder(tmp_path / "results" / "sweeps" / name)
        folder.write_definition({**load_sweep(sweep_file(trials="3", **changes)).resolved(), "name": name})
        folder.write_command("platform sweep tiny")
        for number in range(3):
            trial(folder, number)
        return folder

    return make


def trial(folder, number):
    run = RunPlan(f"k{number}", {"training": {"epochs": 1}}, 0, 0, 0, "stratified")
    plan = TrialPlan(SEARCH, number, {}, {"optimizer.lr": 0.1 * (3 - number), "loss.name": "bce"}, (run,))
    folder.ask(plan)
    value = number + 1.0
    ledger = folder.ledger(run.key)
    ledger.begin({"key": run.key}, 0)
    metrics = {**dict.fromkeys(METRICS, value), "seconds": value, "eval_seconds": value}
    record = {"epoch": 1, "state": "finished", "metrics": metrics, "protocol": "p", "kept_epoch": 1}
    ledger.publish(record, no_files)
    folder.end(plan, TrialEnd("complete", ((1, value),), None, (value, value)))


def no_files(path):
    """A checkpoint without any."""


SEVERAL = "[{metric: val/macro_auc}, {metric: eval_seconds}]"


@pytest.mark.parametrize(
    "command",
    [
        ("results",),
        ("results", "tiny"),
        ("results", "--json"),
        ("status",),
        ("status", "--json"),
        ("watch", "tiny"),
        ("report", "tiny"),
    ],
    ids=" ".join,
)
def test_a_sweep_of_several_objectives_is_shown_as_any_other(platform, swept, command):
    swept(objective=SEVERAL)
    swept("other")
    done = platform(*command)
    assert done.returncode == 0, done.stderr
    assert "tiny" in done.stdout or "0.1" in done.stdout


def test_the_first_of_several_objectives_says_which_way_is_best(platform, swept):
    swept(objective=SEVERAL)
    assert numbers(platform("results", "tiny", "--json")) == [2, 1, 0]
    swept("less", objective="[{metric: val/loss}, {metric: eval_seconds}]")
    assert numbers(platform("results", "less", "--json")) == [0, 1, 2]
    assert {row["sweep"]: row["best"] for row in json.loads(platform("results", "--json").stdout)} == {
        "tiny": 3,
        "less": 1,
    }
    refused = platform("stop", "tiny")
    assert "nobody works on tiny: it is finished. Try: platform status" in refused.stderr


def test_the_list_of_sweeps_tells_trials_from_confirm_runs_and_what_is_best(platform, swept):
    folder = swept()
    run = RunPlan("k9", {}, 0, 7, 0, "stratified")
    folder.ask(TrialPlan(CONFIRM, 0, {}, {"optimizer.lr": 0.1}, (run,), 2))
    (row,) = json.loads(platform("results", "--json").stdout)
    told = {"sweep": "tiny", "trials": 3, "confirm_runs": 1, "metric": "val/macro_auc", "best": 3}
    assert row == {**told, "complete": 3, "interrupted": 1}
    assert platform("results", "--results", "nowhere", "--json").stdout == "[]\n"


def test_states_are_called_in_the_terminal_as_everywhere(platform, swept):
    folder = swept()
    plan = TrialPlan(SEARCH, 3, {}, {"optimizer.lr": 0.1}, (RunPlan("k3", {}, 0, 0, 0, "s"),))
    folder.ask(plan)
    folder.end(plan, TrialEnd("pruned", ((1, 0.5),)))
    for command in (("results",), ("results", "tiny")):
        said = platform(*command).stdout
        assert "stopped early" in said
        assert "pruned" not in said
    assert "pruned" in platform("results", "tiny", "--json").stdout, "as the records call it, for programs"


def numbers(done):
    assert done.returncode == 0, done.stderr
    return [row["trial"] for row in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("column", "lowest_first"),
    [
        ("val/macro_auc", False),
        ("test/macro_auc", False),
        ("val/loss", True),
        ("cost/inference_s_per_min", True),
        ("embeddings/frechet_distance", True),
        ("objective.eval_seconds", True),
        ("seconds", True),
        ("trial", True),
    ],
)
def test_best_is_first_whichever_way_a_column_is_better(platform, swept, column, lowest_first):
    swept(objective=SEVERAL)
    order = numbers(platform("results", "tiny", "--sort", column, "--json"))
    assert order == ([0, 1, 2] if lowest_first else [2, 1, 0])


def test_sorting_the_list_of_sweeps_is_refused(platform, swept):
    swept()
    done = platform("results", "--sort", "val/map")
    assert done.returncode == 2
    assert "Try: platform results SWEEP --sort val/map" in done.stderr


def test_cells_and_headers_are_data(platform, swept):
    folder = swept()
    plan = TrialPlan(SEARCH, 3, {}, {"optimizer.lr": SPELL, "[bold]x": 1}, (RunPlan("k3", {}, 0, 0, 0, "s"),))
    folder.ask(plan)
    folder.end(plan, TrialEnd("failed", (), SPELL))
    done = platform("results", "tiny")
    assert done.returncode == 0, done.stderr
    assert "".join(SPELL.replace("\x1b", "\\x1b").split()) in "".join(done.stdout.split()), "in lines of its column"
    assert "[bold]x" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("command", ["results", "status"])
def test_a_folder_called_as_markup_is_named_as_it_is(platform, command):
    assert "runs/[exp1]" in platform(command, "--results", "runs/[exp1]").stdout


def test_the_path_of_a_page_is_named_as_it_is(platform, swept, tmp_path):
    swept()
    (tmp_path / "results").rename(tmp_path / "[exp1]:100:")
    done = platform("report", "tiny", "--results", "[exp1]:100:")
    assert done.stdout == "Report: [exp1]:100:/reports/tiny.html\n"


def test_a_trial_without_a_score_comes_last(platform, swept):
    folder = swept()
    plan = TrialPlan(SEARCH, 3, {}, {"optimizer.lr": 0.1}, (RunPlan("k3", {}, 0, 0, 0, "s"),))
    folder.ask(plan)
    folder.end(plan, TrialEnd("diverged", ((1, math.nan),)))
    assert numbers(platform("results", "tiny", "--json")) == [2, 1, 0, 3]


LONG = {f"front_end.a_long_name_{number}": number / 7 for number in range(9)}
"""Settings that make a table wider than a page."""


@pytest.fixture
def wide(swept):
    """A sweep with nine settings, a confirmed trial whose score is the best, and a failed one."""
    folder = swept()
    for number, stage, state in ((3, SEARCH, "complete"), (4, SEARCH, "failed"), (0, CONFIRM, "complete")):
        settings = {name: value + number for name, value in LONG.items()} | {"loss.name": "ce"}
        plan = TrialPlan(
            stage, number, {}, settings, (RunPlan(f"w{number}", {}, 0, 7, 0, "s"),), 3 if stage == CONFIRM else None
        )
        folder.ask(plan)
        failed = state == "failed"
        folder.end(plan, TrialEnd(state, () if failed else ((1, 9.0 - number),), "no room " * 9 if failed else None))
    return folder


def test_a_table_to_be_read_fits_a_page_and_begins_with_what_a_trial_is(platform, wide):
    lines = platform("results", "tiny").stdout.splitlines()
    assert max(map(len, lines)) <= 160
    assert "settings" in lines[0]
    titles = lines[0].split()
    assert titles.index("settings") < titles.index("epochs")
    assert titles[-1] == "error"
    stages = [line.split()[1] for line in lines[1:] if line[:1].strip()]
    assert stages == ["search"] * 5 + ["confirm"], "the confirmed trial's score is the best of all"


def test_programs_get_every_column(platform, wide):
    (row, *_) = json.loads(platform("results", "tiny", "--json").stdout)
    assert {f"param.{name}" for name in LONG} | {"error", "seconds", "planned_epochs", "val/loss"} <= row.keys()
    assert platform("results", "tiny", "--csv").stdout.splitlines()[0].split(",") == list(row)
