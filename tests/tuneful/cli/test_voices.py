"""`platform data voices`: the table, its JSON, the new catalogue, mistakes."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from trainers.data.catalogue import load_catalogue, save_catalogue
from trainers.data.prepare import with_content
from trainers.data.voices import detect, pool
from trainers.data.voices.detect import Speech


@pytest.fixture
def birds(platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clips of four seconds as the catalogue `birds`; the loud one is taken for speech from 1 to 2 s."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    for name, level in (("loud", 0.5), ("quiet", 0.0)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(32_000, level), 8000)
    columns = {"start_s": 0.0, "duration_s": 4.0, "labels": [["[bold]wren"], ["owl"]], "author": ["ann", "bob"]}
    names = {"clip_id": ["loud", "quiet"], "recording_id": ["loud", "quiet"], "path": ["loud.wav", "quiet.wav"]}
    save_catalogue("birds", "csv", tmp_path, with_content(pd.DataFrame(names | columns), tmp_path))
    heard = Speech((1.0,), (2.0,), (0.9,))
    monkeypatch.setattr(pool, "_executor", ThreadPoolExecutor)
    monkeypatch.setattr(detect, "find_speech", lambda samples, _: heard if samples.any() else Speech((), (), ()))


def test_the_table_names_the_worst_and_a_new_catalogue_is_made(birds, platform):
    done = platform("data", "voices", "birds", "--do", "longest", "--as", "quiet")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("listened to 2 of 2 recordings: 0.00 hours in ") for line in lines)
    assert "birds: 1 of 2 clips hold speech, 0.000 of 0.00 hours" in lines
    assert ["[bold]wren", "1", "1", "0.0003", "0.001"] in [line.split() for line in lines]
    assert "owl" not in done.stdout
    assert lines[-1].startswith("Added quiet: 2 clips, 1 changed, 0 dropped. Try: ")
    assert list(load_catalogue("quiet").clips["start_s"]) == [2.0, 0.0]


def test_json_says_settings_counts_and_what_was_made(birds, platform):
    found = json.loads(platform("data", "voices", "birds", "--threshold", "0.7", "--json").stdout)
    assert (found["threshold"], found["min_silence_duration_ms"], found["made"]) == (0.7, 100, None)
    assert (found["clips_with_speech"], found["by"]["author"][0]["value"]) == (1, "ann")
    made = json.loads(platform("data", "voices", "birds", "--do", "mute", "--as", "hush", "--json").stdout)["made"]
    assert made == {
        "name": "hush",
        "digest": load_catalogue("hush").digest,
        "clips": 2,
        "changed": 1,
        "dropped": 0,
        "classes_lost": [],
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--do", "drop"], "Try: --as NEWNAME"),
        (["--as", "quiet"], "go with --do"),
        (["--do", "silence", "--as", "quiet"], "no action is called 'silence'"),
        (["--do", "drop", "--as", "birds"], "birds is the catalogue itself"),
        (["--threshold", "1.5"], "threshold must be > 0 and < 1, got 1.5"),
    ],
)
def test_mistakes_are_told_before_anything_is_listened_to(birds, platform, options, said):
    done = platform("data", "voices", "birds", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
