"""`platform leaderboard shake-up`: of the ledger's submissions or of scores as typed."""

import json

import pandas as pd
import pytest
from scipy import stats

from analysis.records.submissions import Submission, add_submission


@pytest.fixture
def shake_up(platform, lab):
    return lambda *args: platform("leaderboard", "shake-up", *args)


def hidden_test(tmp_path, public=100, private=400):
    """The judge's labels; only the parts count here."""
    (tmp_path / "birds" / "judge").mkdir(parents=True)
    part = ["public"] * public + ["private"] * private
    pd.DataFrame({"part": part}).to_parquet(tmp_path / "birds" / "judge" / "labels.parquet")


def test_two_scores_as_typed_have_the_normal_interval_of_both_tests(shake_up):
    sizes = ("--public-rows", "100", "--private-rows", "400")
    done = shake_up("--public", "mine=0.8", "--public", "0.7", *sizes, "--public-noise", "sd=0.02", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    first, second = told["submissions"]
    assert [first["name"], second["name"]] == ["mine", "submission 2"]
    sd = (0.02**2 + 0.01**2) ** 0.5
    assert (first["low"], first["high"]) == pytest.approx(stats.norm(0.8, sd).interval(0.95))
    assert told["holds"][0][1] == pytest.approx(stats.norm.cdf(0.1 / (sd * 2**0.5)))
    assert told["private_sd"] == pytest.approx(0.01)


def test_without_noise_that_of_a_share_of_so_many_rows_is_taken(shake_up):
    done = shake_up("--public", "0.75", "--public-rows", "300", "--private-rows", "600", "--json")
    assert json.loads(done.stdout)["split"]["public_sd"] == pytest.approx(stats.binom(300, 0.75).std() / 300)


def test_the_ledger_knows_scores_and_the_judge_the_sizes(shake_up, lab, tmp_path):
    hidden_test(tmp_path)
    for number, private in enumerate((0.71, None, 0.1)):
        add_submission(lab.results, Submission("birds", f"[red]s{number}", (), 0.7 + number / 100, private))
    add_submission(lab.results, Submission("birds", "waits"))
    text = " ".join(shake_up().stdout.split())
    assert "of 3 submissions to birds: 100 public rows, 400 private ones" in text
    assert "3 [red]s2 0.7200" in text and "1 without a public score were left out" in text
    assert "Of 2 private scores that are known already, 1 lie in their interval" in text
    told = json.loads(shake_up("birds", "--private-rows", "900", "--json").stdout)
    assert (told["split"]["public_size"], told["split"]["private_size"]) == (100, 900)
    assert [one["private"] for one in told["submissions"]] == [0.1, None, 0.71]
    assert max(map(len, shake_up().stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--public", "0.7"], "how large are the two parts of the test?"),
        (["--public", "85%"], "Try: a share such as 0.85 instead of 85%"),
        (["--public", "a=0.7", "--public", "a=0.8"], "two submissions have that name"),
        (["birds"], "no submission to 'birds' has a public score"),
        (["birds", "--public", "0.7"], "birds: its scores are on record, and --public gives others"),
        (["--public", "7", "--public-rows", "9", "--private-rows", "9"], "is no share, so its noise must be given"),
        (["--public", ".7", "--public-rows", "9", "--private-rows", "9", "--correlation", "1"], "correlation must be"),
        ([], "which competition is meant?"),
    ],
)
def test_what_is_missing_or_wrong_is_one_message(shake_up, args, message):
    done = shake_up(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and "Try: " in done.stderr
