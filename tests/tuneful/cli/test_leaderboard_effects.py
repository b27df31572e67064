"""`platform leaderboard effects` and `suggest`: sentences within 80 columns, one message for a mistake."""

import pandas as pd
import pytest

from analysis.correlation import Columns, read_table
from analysis.examples import example
from analysis.leaderboard.effects import effects
from analysis.leaderboard.next_question import Question
from analysis.leaderboard.suggest import suggest
from tuneful.leaderboard.effects_text import effect_lines
from tuneful.leaderboard.suggestion_text import suggestion_lines

LOSSES = ("birdclef2025_losses", "--id", "run", "--public", "public_auc")


def test_the_example_is_told_in_words_within_80_columns(platform):
    done = platform("leaderboard", "effects", *LOSSES, "--noise", "0.782-0.808 of 6")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "audio_augmentations yes -> no: public_auc -0.012, +0.001, -0.029, worse in 2 of 3 pairs" in text
    assert "backbone, n_mels, f_range, batch_size and epochs changed together in 13 of 13 pairs" in text
    assert "loss and n_fft changed together in 4 of 4 pairs" in text
    assert "epochs (10 to 37): public_auc +0.0246" in text and "never changed alone, so it may be backbone" in text
    assert "moves by chance with sd 0.0103 (range 0.026 of 6 runs)" in text
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_table_without_candidates_is_one_message(platform):
    path = str(example("birdclef2025_losses"))
    done = platform(
        "leaderboard", "suggest", path, "--id", "run", "--public", "public_auc", "--settings", "loss,target"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: all 16 rows have 'public_auc', so none is left to submit. Try: ")


def test_without_pairs_and_without_noise_it_says_so(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("run,lb,one,two\n<b>[red]\u202e,0.7,a,x\nb,0.8,b,y\nc,0.9,c,y\nd,,c,x\n")
    columns = Columns((), "lb", "run")
    lines = list(effect_lines(effects(read_table(path, columns), columns, ("one", "two")), 80))
    text = " ".join(lines)
    assert lines[0].startswith("3 submissions of 3 configurations (0 repeats) in 2 settings")
    assert "one b -> c" in text and "one and two changed together in 2 of 2 pairs" in text
    assert "Nothing says how far lb moves by chance" in text


@pytest.mark.parametrize("count", [1, 3])
def test_suggestions_are_told_with_their_reasons(count):
    rows = {"auc": [k / 10 for k in range(10)], "lb": [0.7, 0.71, 0.72, 0.73, 0.74, *[None] * 5]}
    table = pd.DataFrame(rows, index=[f"\u202erun{k}" for k in range(10)]).astype(float)
    lines = list(suggestion_lines(suggest(table, Question("lb", ("auc",)), count), "lb", 80))
    assert sum(line.startswith("- Expected ") for line in lines) == count
    assert "\\u202erun9" in " ".join(lines) and "\u202e" not in " ".join(lines)
    assert max(map(len, lines)) <= 80
