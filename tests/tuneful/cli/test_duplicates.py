"""`platform data duplicates`: copies are found, said, kept together by splits and checks, and forgotten again."""

import csv
import json

import numpy as np
import pytest
import soundfile

from trainers.data.catalogue import catalogue_folder, load_catalogue
from trainers.data.spec import SplitSpec
from trainers.data.splits import parts_of

RATE_HZ = 16_000


def babble(seed):
    """Six seconds in which the spectrum changes all the time."""
    rng, t = np.random.default_rng(seed), np.arange(6 * RATE_HZ) / RATE_HZ
    sounds = [np.sin(2 * np.pi * (f + 300 * np.sin(rng.uniform(1, 9) * t)) * t) for f in rng.uniform(300, 5000, 5)]
    return 0.05 * sum(sounds) + 0.01 * rng.standard_normal(len(t))


@pytest.fixture
def birds(platform, tmp_path, monkeypatch):
    """Nine recordings: one is another's trimmed and softer copy, one is silent, one is short."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    sounds = {f"{name}.wav": babble(seed) for seed, name in enumerate("abcdef")}
    sounds |= {
        "copy.ogg": 0.5 * sounds["a.wav"][5000:],
        "silent.wav": np.zeros(6 * RATE_HZ),
        "short.wav": babble(9)[:8000],
    }
    for name, samples in sounds.items():
        soundfile.write(tmp_path / name, samples, RATE_HZ)
    rows = [(name, "wren" if number % 2 else "owl", f"author {number}") for number, name in enumerate(sounds)]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("path", "labels", "author"),
                *rows,
            ]
        )
    assert platform("data", "add", "csv", "t.csv", "--name", "birds").returncode == 0
    return catalogue_folder("birds")


def torn_folds():
    """The folds of a split by recording that hold the copy and its original apart."""
    clips = load_catalogue("birds").clips
    split = SplitSpec(scheme="group", n_folds=4, group_by=("recording_id",))
    one, other = (int(np.flatnonzero(clips["path"] == path)[0]) for path in ("a.wav", "copy.ogg"))
    held_out = [parts_of(clips, split, fold).val for fold in range(4)]
    return [fold for fold, val in enumerate(held_out) if val[one] != val[other]]


def test_what_is_found_is_said_and_keeps_copies_together_until_it_is_forgotten(birds, platform):
    before, torn = load_catalogue("birds").digest, torn_folds()
    assert torn
    found = platform("data", "duplicates", "birds")
    assert found.returncode == 0, found.stderr
    for line in (
        "birds: 2 of 9 recordings are in 1 group of near-duplicates",
        "  a.wav, copy.ogg (other authors)",
        "  authors differ within 1 of 1 group of near-duplicates",
        "  not judged: 1 of 9 recordings are shorter than 1 s",
        "  not judged: 1 of 9 recordings hold too little: silence, a steady tone",
    ):
        assert line in found.stdout.splitlines()
    assert torn_folds() == []
    assert load_catalogue("birds").digest != before
    said = platform("data", "duplicates", "birds", "--forget").stdout
    assert said == "birds: near-duplicates forgotten\n"
    assert (load_catalogue("birds").digest, torn_folds()) == (before, torn)
    assert platform("data", "duplicates", "birds", "--forget").stdout == "birds: none were marked\n"


def test_as_json_and_over_a_torn_layer(birds, platform):
    (birds / "duplicates.parquet").write_bytes(b"PAR1")
    found = platform("data", "duplicates", "birds", "--json")
    assert found.returncode == 0, found.stderr
    about = json.loads(found.stdout)
    assert about["too_short"] == ["short.wav"]
    assert about["too_plain"] == ["silent.wav"]
    [group] = about["groups"]
    assert group["paths"] == ["a.wav", "copy.ogg"]
    assert (group["labels_differ"], group["authors_differ"], group["subsets_differ"]) == (False, True, False)
    assert load_catalogue("birds").clips["extra_duplicate_group"].notna().sum() == 2


def test_mistakes_are_one_message(birds, platform):
    for args, message in {
        ("nowhere",): "no catalogue is called 'nowhere'",
        ("birds", "--forget", "--json"): "--forget searches nothing",
    }.items():
        refused = platform("data", "duplicates", *args)
        assert refused.returncode == 2
        assert message in refused.stderr
    assert not (birds / "duplicates.parquet").exists()
