"""`platform report --leaderboard`: the page of made submissions of made runs, and what it refuses."""

import html
import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from analysis.errors import UserError
from analysis.records.submissions import Member, Submission, add_submission
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan, sweep_folder
from trainers.config.build import Layer, build_spec, load_recipe, parse_overrides
from tuneful.cli import report as command
from tuneful.leaderboard.report import PageAsked, ledger_page
from tuneful.leaderboard.run_commands import train_command

DIGEST = "d" * 16
HOSTILE = "<b>[red]x</b>\u202e"


def make_ledger(results: Path, submitted: int, trials: int = 12) -> None:
    """A sweep `made` of which the first trials were submitted: validation knows little of it, `rerender` much."""
    rng = np.random.default_rng(5)
    folder = sweep_folder(results, "made")
    folder.write_definition({"name": "made", "recipe": "chorus"})
    for number in range(trials):
        truth = float(rng.normal())
        settings = {"loss.name": ["bce", "ce"][number % 2], "optimizer.lr": [1e-4, 1e-3, 1e-2][number % 3]}
        key = trial(folder, SEARCH, number, settings | {"seed": number // 6}, truth)
        if number < submitted:
            public, private = round(0.7 + 0.03 * truth, 3), round(0.7 + 0.031 * truth, 3)
            add_submission(results, Submission("birds", f"{HOSTILE}{number}", (Member("made", key),), public, private))
    for number in range(3):
        trial(folder, CONFIRM, number, {"seed": 100 + number}, 0.01 * number)


def trial(folder: SweepFolder, stage: str, number: int, settings: dict[str, Any], truth: float) -> str:
    """Puts a complete trial on record; returns the key of its only run."""
    spec = build_spec(load_recipe("chorus"), [Layer({"data.name": "birds", **settings})])
    key = spec.key(DIGEST, 1, "fp32")
    plan = TrialPlan(stage, number, {}, settings, (RunPlan(key, spec.resolved(), 0, spec.seed, 0, "stratified"),))
    folder.ask(plan)
    ledger = folder.ledger(key)
    ledger.begin({"key": key}, 0)
    metrics = {
        "val/macro_auc": 0.9 + 0.004 * ((number * 7) % 5),
        "val/loss": 0.3 + 0.01 * (number % 4),
        "rerender/macro_auc": 0.8 + 0.02 * truth,
    }
    ledger.publish({"epoch": 1, "state": "finished", "metrics": metrics, "protocol": "p", "kept_epoch": 1}, None)
    ledger.finish("finished", 1)
    folder.end(plan, TrialEnd("complete", ((1, metrics["val/macro_auc"]),)))
    return key


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    make_ledger(folder, submitted=9)
    return folder


@pytest.fixture(scope="module")
def page(results: Path) -> str:
    done = report(results, "made", "--leaderboard", "--public-rows", "300", "--private-rows", "600")
    assert done.exit_code == 0, done.output
    path = results / "reports" / "leaderboard" / "birds.html"
    assert done.output == f"Report: {path}\n"
    return path.read_text(encoding="utf-8")


def report(results: Path, *args: str) -> Result:
    app = typer.Typer()
    app.command()(command.report)
    return CliRunner().invoke(app, [*args, "--results", str(results)])


def text(page: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_recorded_scores_are_judged_against_both_leaderboards(page):
    said = text(page)
    assert "Usable: rerender/macro_auc predicts public well enough to choose by" in said
    for row in ("usable rerender/macro_auc private 9", "no evidence val/macro_auc public 9"):
        assert row in said
    assert "Lower is better: val/loss" in said
    assert "choose by rerender/macro_auc: of" in said and "val/macro_auc, the usual choice, is number" in said


def test_noise_is_of_seeds_and_what_was_not_submitted_is_suggested(page):
    said = text(page)
    assert re.search(r"seeds and folds of \d configurations?\)", said)
    assert set(re.findall(r"made:\d+", said)) <= {"made:9", "made:10", "made:11"} != set()
    assert "the interval in which the private score is expected" in said


def test_names_are_text_and_the_command_of_a_point_trains_its_run_again(page, results):
    assert "<b>[red]" not in page
    assert "[red]x</b>\\u202e0" in html.unescape(page)
    told = json.loads(re.search(r'id="choices">(.*?)</script>', page, flags=re.DOTALL)[1])
    assert told["copied"] == "command"
    plans = [plan for plan, _ in sweep_folder(results, "made").trials(SEARCH)]
    for plan, copied in zip(plans, told["copies"], strict=False):
        assert copied.startswith("platform train chorus data.name=birds")
        tokens = shlex.split(copied)
        spec = build_spec(load_recipe(tokens[2]), [parse_overrides(tokens[3:])])
        assert spec.key(DIGEST, 1, "fp32") == plan.runs[0].key


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": {"name": "focal", "gamma": 1.5}, "mixing": {"name": "mixup", "alpha": 0.4, "p": 1.0}},
        {"front_end.f_max": None, "proxies": [], "data.name": "no", "seed": 7},
    ],
)
def test_a_command_makes_the_same_spec_whatever_was_set(settings):
    spec = build_spec(load_recipe("chorus"), [Layer(settings)])
    told = shlex.split(train_command("chorus", spec.resolved()))
    assert build_spec(load_recipe("chorus"), [parse_overrides(told[3:])]) == spec


def test_a_recipe_that_is_gone_makes_no_command():
    assert train_command("gone.yaml", build_spec(load_recipe("chorus")).resolved()) is None


def test_three_submissions_make_a_page_and_those_of_other_sweeps_are_named(tmp_path):
    make_ledger(tmp_path, submitted=3, trials=3)
    add_submission(tmp_path, Submission("birds", "elsewhere", (Member("other", "f" * 16),), 0.7))
    _, page = ledger_page(tmp_path, ["made"], PageAsked())
    said = text(page)
    assert "3 submissions have both scores; below 5 anything can look like a relation." in said
    assert "4 elsewhere: not of these sweeps" in said


def refused(results: Path, *args: str) -> str:
    done = report(results, *args)
    assert isinstance(done.exception, UserError)
    return str(done.exception)


def test_what_cannot_be_told_is_one_message(tmp_path, results):
    make_ledger(tmp_path, submitted=0, trials=1)
    assert refused(tmp_path, "made", "--leaderboard").startswith("no run of made was submitted, so no validation score")
    assert refused(tmp_path, "--leaderboard").startswith(f"there are no submissions in {tmp_path}")
    assert refused(tmp_path, "maid", "--leaderboard").startswith("no sweep is called 'maid'. Did you mean made?")
    assert refused(tmp_path, "made", "--by", "x").endswith("Try: platform report --leaderboard")
    assert refused(tmp_path).startswith("which sweep?")
    assert refused(results, "--leaderboard", "--competition", "fish").startswith("nothing was submitted to 'fish'")
    assert "not on record. Try: one of rerender/macro_auc" in refused(results, "--leaderboard", "--cv", "val/nothing")
    assert refused(results, "--leaderboard", "--by", "loss").startswith("--by loss: not on record.")
    assert "have a size each" in refused(results, "--leaderboard", "--public-rows", "9")
    add_submission(tmp_path, Submission("birds", "waits", (Member("made", "f" * 16),)))
    assert "has a public score; left out: 1 waits: the run" in refused(tmp_path, "--leaderboard")
