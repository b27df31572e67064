"""`platform leaderboard analyse`: the published example in words and numbers, and names as plain text."""

import json

import pytest

EXAMPLE = ("birdclef2025_detkov", "--id", "exp", "--cv", "local_auc", "--public", "public_auc")


@pytest.fixture
def analyse(platform):
    return lambda *args: platform("leaderboard", "analyse", *args)


def test_the_example_is_answered_in_words_within_80_columns(analyse):
    done = analyse(*EXAMPLE, "--cv-noise", "0.0105 range", "--by", "backbone")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert text.startswith("NO EVIDENCE: nothing shows that local_auc predicts public_auc (13 submissions).")
    assert "no wider than one configuration does by itself (range 0.0105" in text
    assert "Picking by it gives 0.773, the best is 0.779: 0.006 lost" in text
    assert "Alike but for voice: sign flipped, 3 of 3 pairs go against each other" in text
    assert "Next - Make local_auc less noisy" in text
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_the_same_is_told_as_json(analyse):
    told = json.loads(analyse(*EXAMPLE, "--json").stdout)
    assert told["verdicts"] == [
        {
            "cv": "local_auc",
            "leaderboard": "public_auc",
            "board": "public",
            "slice": "all submissions",
            "verdict": "no evidence",
        }
    ]
    assert told["slices"][0]["kendall"]["value"] == pytest.approx(0.1026, abs=5e-5)


def test_a_mistake_is_one_message_with_exit_2(analyse, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("exp,auc,lb\na,0.9,85%\n")
    done = analyse(str(path), "--id", "exp", "--cv", "auc", "--public", "lb")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {path}:2: lb is '85%', want a number. Try: ")
    missing = analyse("nowhere.csv", "--cv", "auc", "--public", "lb")
    assert missing.returncode == 2 and "nowhere.csv: no such table" in missing.stderr


def test_names_are_text_whatever_they_hold(analyse, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"<b>[red]r{k}\u202e,0.{k},0.{(k * 7) % 10},=a{k % 2},g{k // 2}" for k in range(1, 9)]
    path.write_text("\n".join(["exp,auc,lb,set,two", *rows]))
    done = analyse(str(path), "--id", "exp", "--cv", "auc", "--public", "lb", "--by", "set")
    assert done.returncode == 0, done.stderr
    assert "<b>[red]r" in done.stdout
    assert "\\u202e" in done.stdout and "\u202e" not in done.stdout
    assert "=a0" in done.stdout
