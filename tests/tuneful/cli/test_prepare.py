"""`platform data prepare`: what is decoded, what is refused and why, and what can't be asked for."""

import csv
import re

import numpy as np
import pytest
import soundfile

from tuneful.preparing.job import SHOWN

BAD = SHOWN + 2


@pytest.fixture
def birds(platform, tmp_path, monkeypatch):
    """A catalogue of three good recordings and many whose last sample is no number, which headers don't tell."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    rng = np.random.default_rng(0)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "labels"])
        for number in range(3 + BAD):
            samples = rng.uniform(-0.5, 0.5, 4000).astype(np.float32)
            name = f"{'good' if number < 3 else 'bad'}{number:02}.wav"
            if number >= 3:
                samples[-1] = np.nan
            soundfile.write(tmp_path / name, samples, 8000, subtype="FLOAT")
            rows.writerow([name, "robin"])
    added = platform("data", "add", "csv", "t.csv", "--name", "birds")
    assert added.returncode == 0, added.stderr


def test_good_recordings_are_kept_bad_ones_named_and_listed_and_nothing_is_decoded_twice(birds, platform, tmp_path):
    first = platform("data", "prepare", "birds", "--rate", "8000", "--rate", "4000", "--workers", "1")
    assert first.returncode == 2
    assert f"birds at 8000 Hz: 3 of {3 + BAD} recordings are ready; decoded 3: " in first.stdout
    assert f"birds at 4000 Hz: 3 of {3 + BAD} recordings are ready; decoded 3: " in first.stdout
    assert "hours per second" in first.stdout
    assert f"Error: {BAD} recordings are refused:\n" in first.stderr
    assert first.stderr.count("holds samples that are not finite numbers") == SHOWN
    listed = tmp_path / "own-home/catalogues/birds/refused.txt"
    assert str(listed) in first.stderr
    assert len(listed.read_text().splitlines()) == BAD

    for path in tmp_path.glob("bad*.wav"):
        soundfile.write(path, np.zeros(4000) + int(path.stem[3:]) / 100, 8000)
    assert platform("data", "add", "csv", "t.csv", "--name", "birds").returncode == 0
    second = platform("data", "prepare", "birds", "--rate", "8000", "--workers", "1")
    assert second.returncode == 0, second.stderr
    assert f"{3 + BAD} of {3 + BAD} recordings are ready; decoded {BAD}: " in second.stdout
    assert not listed.exists()
    third = platform("data", "prepare", "birds", "--rate", "8000")
    assert third.stdout == f"birds at 8000 Hz: {3 + BAD} of {3 + BAD} recordings are ready\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["tonnes"], r"no catalogue is called 'tonnes'.*Did you mean tones\?"),
        (["tones", "--rate", "10"], r"data\.sample_rate must be >= 1000, got 10 \(--rate\)"),
        (["tones", "--recipe", "corus"], "recipe 'corus' does not exist"),
        (["tones", "--workers", "2", "--address", "auto"], "Try: no --workers with --address"),
        (["tones", "--address", "127.0.0.1:1"], "joining a cluster needs its token.*Try: RAY_AUTH_TOKEN_PATH=FILE"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is_decoded(platform, monkeypatch, tmp_path, args, said):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = platform("data", "prepare", *args)
    assert done.returncode == 2
    assert "decoding" not in done.stdout
    assert re.search(said, done.stderr)
