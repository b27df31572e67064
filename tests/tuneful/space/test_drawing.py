"""The page of a dry run, the predicted epochs, and finding the file."""

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from trainers.errors import SpecError
from tuneful.space.draw import draw_space
from tuneful.space.locate import find_sweep_file, sweep_names
from tuneful.space.plan import brackets, confirm_runs, epochs_planned, rungs, total_runs
from tuneful.space.sweep import load_sweep

SPACES = Path(__file__).parents[3] / "search_spaces"
LR = "search: {optimizer.lr: {uniform: [0.1, 1]}}\n"


def drawn(sweep) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(draw_space(sweep))
    return console.file.getvalue()


def test_a_conditional_parameter_is_indented_below_its_parent():
    lines = drawn(load_sweep(SPACES / "loss.yaml")).splitlines()
    (place,) = (i for i, line in enumerate(lines) if line.startswith("    loss.gamma"))
    assert any(line.startswith("  loss.name") for line in lines[place - 2 : place])
    assert "when loss.name = focal" in lines[place]


def test_texts_that_look_like_markup_are_shown_as_they_are(load):
    text = drawn(load("trials: 2\nsearch: {model.backbone: {choice: ['[red]x[/red]', '[bold]']}}"))
    assert "[red]x[/red], [bold]" in text


def test_warnings_are_drawn(load):
    assert "warning: the space holds 2 configurations" in drawn(load("search: {loss.name: {choice: [bce, ce]}}"))


def test_without_a_scheduler_all_epochs_are_expected(load):
    sweep = load(LR + "trials: 5\nfolds: [0, 1]\nrepeats: 2\nset: {training.epochs: 3}")
    plan = epochs_planned(sweep)
    assert (plan.full, plan.expected, plan.confirm) == (60, 60, 0)
    assert total_runs(sweep) == 20


def test_asha_is_expected_to_leave_one_in_reduction_factor_at_each_rung(load):
    text = LR + "trials: 27\nset: {training.epochs: 9}\nscheduler: {name: asha, grace_period: 1, reduction_factor: 3}"
    sweep = load(text + "\nconfirm: {top: 2, folds: [0, 1], repeats: 3, splits: [stratified, stratified_group]}")
    assert [(rung.epoch, rung.trials) for rung in rungs(sweep)] == [(1, 9), (3, 3)]
    assert confirm_runs(sweep) == 2 * 2 * 3 * 2
    plan = epochs_planned(sweep)
    assert plan.confirm == 24 * 9
    assert plan.full == 27 * 9 + 24 * 9
    assert plan.expected == 27 * 1 + 9 * 2 + 3 * 6 + 24 * 9


def test_hyperband_gives_later_brackets_fewer_trials_and_later_rungs(load):
    text = LR + "trials: 40\nset: {training.epochs: 9}\n"
    sweep = load(text + "scheduler: {name: hyperband, grace_period: 1, reduction_factor: 3, brackets: 2}")
    first, second = brackets(sweep)
    assert (first.epochs, second.epochs) == ((1, 3), (3,))
    assert first.share == pytest.approx(math.e / (1 + math.e))
    past = {rung.epoch: rung.trials for rung in rungs(sweep)}
    assert past[1] == pytest.approx(40 * (first.share / 3 + second.share))
    assert past[3] == pytest.approx(40 * (first.share / 9 + second.share / 3))
    one = load(text + "scheduler: {name: hyperband, grace_period: 1, reduction_factor: 3, brackets: 1}")
    asha = load(text + "scheduler: {name: asha, grace_period: 1, reduction_factor: 3}")
    assert epochs_planned(one) == epochs_planned(asha)


def test_what_is_derived_tried_first_and_extended_is_drawn(load, tmp_path):
    (tmp_path / "base.yaml").write_text(
        "search: {$base: {uniform: [0.1, 1]}, training.batch_size: {choice: [8, 32]}}\n"
    )
    text = drawn(
        load(
            "extends: base\nderive: {optimizer.lr: $base * training.batch_size / 32}\nearly_stop: {patience: 2}\n"
            "published: [{$base: 0.5}]\nobjective: [{metric: val/map}, {metric: eval_seconds}]\nstall: {trials: 9}\n"
            "max_hours: 2\nconfirm: {repeats: 2, race: {max_repeats: 5}}\n"
        )
    )
    assert "optimizer.lr  = $base * training.batch_size / 32: 0.025 to 1" in text
    for part in ("extends base", "$base 0.5", "max val/map", "min eval_seconds", "after 2 h", "2 epochs"):
        assert part in text
    assert "up to 5 repeats" in " ".join(text.split())
    assert "9 trials in a row" in " ".join(text.split())


@pytest.mark.parametrize(
    ("searched", "shown"),
    [
        ("{quniform: [0.5, 1.0, 0.25]}", "4000, 6000, 8000"),
        ("{quniform: [0.5, 1.0, 0.1]}", "4000 to 8000"),
        ("{uniform: [0.5, 1.0]}", "4000 to 8000"),
        ("{choice: [0.5, 0.6, 0.7, 0.8]}", "4000, 4800, 5600, 6400"),
    ],
)
def test_derived_values_are_listed_only_where_they_are_all(load, searched, shown):
    text = drawn(
        load(
            f"set: {{data.sample_rate: 16000}}\nsearch: {{$share: {searched}}}\n"
            "derive: {front_end.f_max: floor(8000 * $share)}\ntrials: 2"
        )
    )
    assert f"$share): {shown}" in [line.rpartition("8000 * ")[2].rstrip() for line in text.splitlines()]


def test_searched_epochs_are_planned_at_their_most(load):
    sweep = load("search: {training.epochs: {choice: [2, 8]}}\ntrials: 2")
    assert epochs_planned(sweep).full == 16
    derived = load("search: {$n: {choice: [2, 5]}}\nderive: {training.epochs: 3 * $n}\ntrials: 2")
    assert epochs_planned(derived).full == 30


def test_a_bare_name_finds_what_ships_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_sweep_file("loss").name == "loss.yaml"
    assert {"loss", "mel", "mixing", "mixup", "batch_lr"} <= set(sweep_names())


def test_the_folder_at_hand_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "search_spaces").mkdir()
    mine = tmp_path / "search_spaces" / "loss.yaml"
    mine.write_text(LR, encoding="utf-8")
    assert find_sweep_file("loss").resolve() == mine
    assert find_sweep_file(mine) == mine


@pytest.mark.parametrize("name", ["lose", "nope.yaml", "../loss", "", "search/loss", "a\x00b", "x" * 5000])
def test_a_file_that_is_not_there_lists_the_known_names(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"batch_lr, encoder, .*loss, loss_birdclef, mel, mix2, mixing, mixup"):
        find_sweep_file(name)


def test_a_folder_is_no_sweep_file(tmp_path):
    with pytest.raises(SpecError, match="no such sweep file"):
        find_sweep_file(tmp_path)
