"""`platform leaderboard add`, `score` and `list`: what is on record afterwards, and what is refused."""

import json
import shutil

import pytest

from analysis.records.submissions import Member, read_submissions


def on_record(lab):
    return read_submissions(lab.results)


@pytest.fixture
def add(platform, lab):
    return lambda *args: platform("leaderboard", "add", *args)


def test_a_submission_names_its_runs_at_the_epochs_they_keep(add, lab):
    keys = [lab.run(seed=seed) for seed in (1, 2)]
    done = add("loss:0", f"loss:{keys[1]}@3", "--public", "0.777", "--post-processing", "rank mean", "--name", "two")
    assert done.returncode == 0, done.stderr
    (one,) = on_record(lab)
    assert one.members == (Member("loss", keys[0], 2), Member("loss", keys[1], 3))
    told = (one.competition, one.name, one.public, one.private, one.post_processing, one.source, one.number)
    assert told == ("birds", "two", 0.777, None, "rank mean", "added", 1)
    assert "Submission 1 to birds, two (2 runs): public 0.777" in done.stdout


def test_a_sweep_stands_for_its_best_trial_and_a_run_counts_once(add, lab):
    lab.run(seed=1)
    best = lab.run(seed=2)
    assert add("loss", "loss:1", "--public", "0.5").returncode == 0
    assert [member.run for member in on_record(lab)[0].members] == [best]


def test_the_same_predictions_twice_are_refused_but_not_other_ones(add, lab):
    key = lab.run(seed=1)
    assert add("loss", "--public", "0.5").returncode == 0
    for same in ("loss", "loss:0@2", f"loss:{key}"):
        refused = add(same, "--public", "0.6", "--name", "other")
        assert refused.returncode == 2
        assert "submission 1 to birds" in refused.stderr and "--again" in refused.stderr
    for other in (["loss@3"], ["loss", "--post-processing", "smoothed"], ["loss", "--again"]):
        assert add(*other, "--public", "0.6").returncode == 0, other
    assert [one.number for one in on_record(lab)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("score", "parts"),
    [
        ("nan", ["--public is 'nan', want a finite number"]),
        ("inf", ["want a finite number"]),
        ("85%", ["want a number. Try: a share such as 0.85 instead of 85%"]),
        ("0,777", ["Try: a decimal point, 0.777"]),
        ("", ["--public is '', want a number"]),
        ("high", ["Try: a plain number such as 0.85, or leave the option out"]),
    ],
)
def test_a_score_that_is_no_number_is_refused_before_anything_is_written(add, lab, score, parts):
    lab.run()
    done = add("loss", "--public", score)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    for part in parts:
        assert part in done.stderr
    assert on_record(lab) == []


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("loss@4", "has 3 epochs, not 4. Try: @3 or less"),
        ("loss@0", "must be a number from 1 on, got '0'"),
        ("loss@best", "must be a number from 1 on, got 'best'"),
        ("los", "no sweep is called 'los'. Did you mean loss?"),
        ("loss:7", "loss has no trial or run '7'"),
    ],
)
def test_a_run_that_is_not_there_is_refused(add, lab, run, message):
    lab.run()
    done = add(run, "--public", "0.5")
    assert done.returncode == 2
    assert message in done.stderr
    assert on_record(lab) == []


def test_runs_of_two_catalogues_need_a_competition(add, lab):
    lab.run("one")
    lab.run("two", **{"data.name": "frogs"})
    refused = add("one", "two", "--public", "0.5")
    assert refused.returncode == 2 and "several catalogues (birds, frogs)" in refused.stderr
    assert add("one", "two", "--public", "0.5", "--competition", "birdclef-2025").returncode == 0
    assert on_record(lab)[0].competition == "birdclef-2025"


def test_a_private_score_comes_later_under_the_same_number(add, platform, lab):
    lab.run()
    add("loss", "--public", "0.5")
    done = platform("leaderboard", "score", "1", "--private", "0.25")
    assert done.returncode == 0, done.stderr
    assert [(one.number, one.public, one.private) for one in on_record(lab)] == [(1, 0.5, 0.25)]
    corrected = platform("leaderboard", "score", "1", "--public", "0.625")
    assert "The public score was 0.5." in corrected.stdout
    assert [(one.public, one.private) for one in on_record(lab)] == [(0.625, 0.25)]


def test_a_number_that_is_not_on_record_is_refused(add, platform, lab):
    lab.run()
    empty = platform("leaderboard", "score", "1", "--private", "0.5")
    assert empty.returncode == 2 and "there are no submissions in results" in empty.stderr
    add("loss", "--public", "0.5")
    missing = platform("leaderboard", "score", "2", "--private", "0.5")
    assert missing.returncode == 2 and "there is no submission 2; on record: 1 to 1" in missing.stderr
    nothing = platform("leaderboard", "score", "1")
    assert nothing.returncode == 2 and "no score is given" in nothing.stderr
    add("loss", "--public", "0.5", "--competition", "other")
    several = platform("leaderboard", "score", "1", "--private", "0.5")
    assert several.returncode == 2 and "there are several (birds, other)" in several.stderr


def test_the_list_shows_names_as_text_and_json_holds_everything(add, platform, lab):
    key = lab.run()
    add("loss", "--public", "0.5", "--name", "[red]<b>")
    shown = platform("leaderboard", "list").stdout
    assert "[red]<b>" in shown and f"loss:{key}@2" in shown
    (told,) = json.loads(platform("leaderboard", "list", "birds", "--json").stdout)
    assert told["members"] == [{"sweep": "loss", "run": key, "epoch": 2}]
    assert (told["public"], told["private"], told["name"]) == (0.5, None, "[red]<b>")
    assert "No submissions to owls" in platform("leaderboard", "list", "owls").stdout


def test_a_run_whose_checkpoint_is_gone_can_be_put_on_record(add, lab):
    key = lab.run()
    checkpoint = lab.results / "sweeps/loss/runs" / key / "attempt-0001/checkpoint-0002"
    shutil.rmtree(checkpoint)
    assert add("loss", "--public", "0.5").returncode == 0
    assert on_record(lab)[0].members == (Member("loss", key, 2),)
