"""The live table fits its terminal, keeps what matters, and shows names and values as data."""

import io
import math
import re

import pytest
from rich.console import Console

from analysis.objective import Objective
from tuneful.live.gpus import GpuUse
from tuneful.live.table import LiveTable
from tuneful.live.view import Pace

SETTINGS = {"loss.name": "focal_bce", "loss.gamma": 2.3456789, "optimizer.lr": 0.00123456, "mixing.name": "mixup"}


def shown(view, width, height=40):
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(LiveTable(view))
    return console.file.getvalue()


@pytest.fixture
def rows(row_of):
    """A sweep under way: trials of every state, their settings different."""
    told = [
        ("complete", 0.91, None),
        ("pruned", 0.5, None),
        ("diverged", math.nan, None),
        ("failed", math.nan, "RuntimeError: [no] such thing\nand more"),
        ("pruned", 0.4, "stopped by hand"),
        ("running", 0.7, None),
        ("waiting", math.nan, None),
        ("complete", 0.93, None),
    ]
    return [
        row_of(
            number,
            state,
            score,
            reason,
            **{**SETTINGS, "optimizer.lr": 0.001 * (number + 1), "loss.name": f"l{number}"},
        )
        for number, (state, score, reason) in enumerate(told)
    ]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_it_fits_the_width_and_keeps_what_matters(view_of, rows, width):
    text = shown(view_of(rows), width)
    assert max(map(len, text.splitlines())) <= width
    for part in ("running", "stopped early", "diverged", "failed", "waiting", "0.9300", "2/6", "loss: 6/20 trials"):
        assert part in text
    if width >= 80:
        for part in (
            "best val/macro_auc 0.9300 by search-0007: ",
            "1 of 2 slots busy",
            "31.4 epochs/min",
            "about 4 min left",
        ):
            assert part in text
        assert "search-0003 failed: RuntimeError: [no] such thing" in text
        assert "search-0004 stopped early: stopped by hand" in text
        assert "2 complete, 2 stopped early, 1 diverged, 1 failed" in text


def test_what_all_trials_share_is_left_out(view_of, rows):
    text = shown(view_of(rows), 200)
    assert "2.35" not in text
    assert "mixup" not in text
    header = next(line for line in text.splitlines() if line.startswith("trial"))
    assert header.split() == ["trial", "state", "epoch", "score", "name", "lr"]


def test_settings_that_do_not_fit_are_cut_then_counted(view_of, row_of):
    settings = {f"section.setting_{i}": i for i in range(9)}
    rows = [row_of(n, "complete", 0.5, **{path: f"value-{n}-{i}" for path, i in settings.items()}) for n in range(3)]
    header = next(line for line in shown(view_of(rows), 80).splitlines() if line.startswith("trial")).split()
    assert header[4] == "setting_0"
    left_out = int(header[-1].removeprefix("+"))
    assert len(header) - 5 + left_out == 9
    assert left_out > 0
    wide = shown(view_of(rows), 200)
    assert "setting_8" in wide
    assert "+" not in wide


def test_what_only_some_trials_have_is_left_out_first(view_of, row_of):
    rows = [row_of(n, "running", **{"loss.gamma": f"{n}" * 9, "lr": n, "name": f"l{n}"}) for n in range(2)]
    rows += [row_of(n, "running", lr=n, name=f"l{n}") for n in range(2, 4)]
    header = next(line for line in shown(view_of(rows), 44).splitlines() if line.startswith("trial")).split()
    assert header[4:] == ["lr", "name", "+1"]


@pytest.mark.parametrize("width", range(60, 121, 4))
def test_settings_that_begin_alike_are_all_there_or_counted(view_of, row_of, width):
    """By a title that was cut they could be told apart no more."""
    paths = ["loss.class_weight_scale", "loss.class_weight_temperature", "loss.class_weight_offset", "optimizer.lr"]
    rows = [row_of(n, "complete", 0.5, **dict.fromkeys(paths, f"value-{n}")) for n in range(2)]
    header = next(line for line in shown(view_of(rows), width).splitlines() if line.startswith("trial"))
    titles = header.split()[4:]
    left_out = int(titles.pop().removeprefix("+")) if titles[-1].startswith("+") else 0
    assert len(titles) + left_out == len(paths)
    assert len(set(titles)) == len(titles)


def test_the_time_of_day_is_left_out_where_there_is_little_room(view_of, rows):
    assert re.search(r"about 4 min left \(till \d\d:\d\d\)", shown(view_of(rows), 120))
    narrow = shown(view_of(rows), 72).splitlines()[0]
    assert narrow.endswith("about 4 min left")


def test_a_trial_is_its_number_where_there_is_little_room(view_of, rows):
    narrow, wide = (shown(view_of(rows), width) for width in (80, 200))
    assert re.search(r"^5 +running", narrow, re.MULTILINE)
    assert re.search(r"^search-0005 +running", wide, re.MULTILINE)


def test_running_trials_come_first_then_the_best_then_the_newest(view_of, row_of):
    rows = [row_of(n, "complete", n / 100 if n < 30 else 0.0, lr=n) for n in range(40)]
    rows += [row_of(40, "running", lr=40), row_of(41, "pruned", 0.1, lr=41)]
    names = re.findall(r"^search-(\d+)", shown(view_of(rows), 200, height=16), re.MULTILINE)
    assert names[:2] == ["0040", "0029"]
    assert names[-1] != "0000"
    assert "0041" in names
    assert len(names) == 10
    best = names[1 : names.index("0041")]
    assert best == sorted(best, reverse=True)


@pytest.mark.parametrize("height", [8, 16, 24, 50])
def test_it_fits_the_height(view_of, row_of, height):
    rows = [row_of(n, "failed", reason="x", lr=n) for n in range(60)] + [row_of(99, "complete", 0.5, lr=0)]
    assert len(shown(view_of(rows), 100, height).splitlines()) <= max(height, 3 + 3 + 1 + 4)


def test_the_lowest_is_best_where_the_objective_says_so(view_of, row_of):
    rows = [row_of(n, "complete", score, lr=n) for n, score in enumerate((0.5, 0.2, 0.4))]
    view = view_of(rows, objective=Objective("val/loss", "min"))
    assert "best val/loss 0.2000 by search-0001: lr=1" in shown(view, 100)
    assert re.findall(r"^search-000(\d)", shown(view, 100), re.MULTILINE) == ["1", "2", "0"]


def test_a_failed_trial_with_a_score_is_never_the_best(view_of, row_of):
    view = view_of([row_of(0, "pruned", 0.99), row_of(1, "complete", 0.1), row_of(2, "diverged", 0.999)])
    assert view.best.name == "search-0001"


def test_names_and_values_are_data(view_of, row_of):
    rows = [row_of(0, "complete", 0.5, **{"a[bold]": "[red]x[/red]"}), row_of(1, "failed", reason="\x1b[2J[/]boom")]
    text = shown(view_of(rows, sweep="we\x1bird"), 120)
    assert "[red]x[/red]" in text
    assert "\\x1b[2J[/]boom" in text
    assert "\x1b" not in text


def test_gpus_and_reused_runs_are_told(view_of, rows):
    pace = Pace(2, None, None, (GpuUse(0, 87, 12288, 81920), GpuUse(1, 0, 0, 81920)), 3)
    text = shown(view_of(rows, pace=pace), 120)
    assert "1 failed, 1 running, 1 waiting, 3 reused\n" in text
    assert "GPUs 87% 0% busy, 12.0 0.0 of 80 GiB" in text
    assert "0 of 2 slots busy" in text
    assert "left" not in text
    assert "GPU 1 0% 0.0/80 GiB" in shown(view_of(rows, pace=Pace(2, gpus=pace.gpus[1:])), 80)


def test_a_sweep_at_rest_says_so(view_of, rows):
    assert "6/20 trials, stopped" in shown(view_of(rows, pace=None, owner="stopped"), 100)
    assert "loss: 0/20 trials" in shown(view_of([]), 100)


@pytest.mark.parametrize("width", range(60, 130, 3))
def test_no_column_is_squeezed(view_of, row_of, width):
    """What doesn't fit is cut by us, visibly, or counted; the table's own layout never has to cut."""
    rows = [row_of(n, "running", **{f"s.p{i}": "v" * (3 * i + n) for i in range(8)}) for n in range(3)]
    lines = shown(view_of(rows), width).splitlines()
    header = next(line for line in lines if line.startswith("trial"))
    assert max(map(len, lines)) <= width
    assert "…" not in header
    assert header.split()[4] == "p0"
