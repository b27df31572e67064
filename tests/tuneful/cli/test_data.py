"""`platform data`: what can be added, what is said of it, and what is listed."""

import csv
import json

import numpy as np
import pytest
import soundfile

from tests.trainers.data.sources.miniatures import (
    make_anuraset,
    make_birdclef,
    make_folders,
    make_fsdkaggle2018,
    make_icbhi,
)
from trainers.data.catalogue import catalogue_names, load_catalogue

TINY_CHORUS = (
    "n_species=2",
    "min_clips_per_species=2",
    "n_clips=4",
    "n_authors=2",
    "n_test_files=1",
    "n_target_files=0",
)
SHORT = ("clip_min_s=1", "clip_max_s=1", "clip_extra_s=0", "soundscape_s=5", "n_sites=1")


@pytest.fixture
def own_home(platform, tmp_path, monkeypatch):
    """An empty TUNEFUL_HOME."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))


def recording(path, seed=0):
    soundfile.write(path, np.random.default_rng(seed).uniform(-0.5, 0.5, 4000), 8000)


def table(path, *rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["path", "labels"], *rows])
    return str(path)


def sets(*settings):
    return [part for setting in settings for part in ("--set", setting)]


def test_a_table_becomes_a_catalogue_and_the_next_command_is_named(own_home, platform, tmp_path):
    for name in "abc":
        recording(tmp_path / f"{name}.wav", ord(name))
    rows = table(tmp_path / "t.csv", ["a.wav", "robin"], ["b.wav", "wren"], ["c.wav", "robin;wren"])
    added = platform("data", "add", "csv", rows, "--name", "birds")
    assert added.returncode == 0, added.stderr
    assert added.stdout == "Added birds: 3 clips, 2 classes, 0.00 hours. Try: platform sweep loss --data birds\n"
    assert load_catalogue("birds").classes == ("robin", "wren")


def test_copies_under_another_name_are_told_and_counted_as_one_recording(own_home, platform, tmp_path):
    for name in ("a.wav", "b.wav"):
        recording(tmp_path / name)
    added = platform("data", "add", "csv", table(tmp_path / "t.csv", ["a.wav", "x"], ["b.wav", "x"]), "--name", "birds")
    assert "1 files are copies of others under another name" in added.stdout
    assert load_catalogue("birds").clips["recording_id"].nunique() == 1


def test_the_same_name_again_replaces(own_home, platform, tmp_path):
    recording(tmp_path / "a.wav")
    recording(tmp_path / "b.wav", 1)
    platform("data", "add", "csv", table(tmp_path / "t.csv", ["a.wav", "x"]), "--name", "birds")
    first = load_catalogue("birds")
    again = platform("data", "add", "csv", table(tmp_path / "t.csv", ["a.wav", "x"], ["b.wav", "y"]), "--name", "birds")
    assert again.returncode == 0
    second = load_catalogue("birds")
    assert (len(first.clips), len(second.clips)) == (1, 2)
    assert first.digest != second.digest


def test_refused_recordings_can_be_left_out_and_are_named(own_home, platform, tmp_path):
    recording(tmp_path / "a.wav")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:900])
    rows = table(tmp_path / "t.csv", ["a.wav", "x"], ["cut.wav", "y"])
    added = platform("data", "add", "csv", rows, "--name", "birds", "--skip-refused")
    assert added.returncode == 0, added.stderr
    assert "left out: " in added.stdout
    assert "cut.wav" in added.stdout
    assert len(load_catalogue("birds").clips) == 1


def test_the_list_has_what_was_added_and_what_is_built_in(own_home, platform, tmp_path):
    recording(tmp_path / "a.wav")
    platform("data", "add", "csv", table(tmp_path / "t.csv", ["a.wav", "x"]), "--name", "birds")
    rows = {line.split()[0]: line.split()[1:] for line in platform("data", "list").stdout.splitlines()}
    assert list(rows) == ["name", "birds", "chorus", "chorus-small"]
    assert rows["birds"] == ["csv", "1", "1", "0.00", load_catalogue("birds").digest]
    assert rows["chorus"] == ["chorus", "made", "at", "first", "use"]


ADDED = {
    "birdclef": (make_birdclef, "Added mini: 21 clips, 5 classes, 0.01 hours."),
    "anuraset": (make_anuraset, "Added mini: 24 clips, 6 classes, 0.02 hours."),
    "icbhi": (make_icbhi, "Added mini: 40 clips, 2 classes, 0.01 hours."),
    "fsdkaggle": (make_fsdkaggle2018, "Added mini: 27 clips, 3 classes, 0.01 hours."),
    "folder": (make_folders, "Added mini: 7 clips, 2 classes, 0.00 hours."),
}


@pytest.mark.parametrize("source", ADDED)
def test_a_dataset_as_published_is_added_and_one_with_a_bad_recording_only_when_asked(
    own_home, platform, tmp_path, source
):
    make, said = ADDED[source]
    added = platform("data", "add", source, str(make(tmp_path / "whole")), "--name", "mini")
    assert added.returncode == 0, added.stderr
    assert said in added.stdout
    assert load_catalogue("mini").source == source
    bad = str(make(tmp_path / "bad", corrupt=True))
    refused = platform("data", "add", source, bad, "--name", "bad")
    assert refused.returncode == 2
    assert "--skip-refused" in refused.stderr
    assert "bad" not in catalogue_names()
    left = platform("data", "add", source, bad, "--name", "bad", "--skip-refused")
    assert left.returncode == 0, left.stderr
    assert "left out: " in left.stdout


def test_a_catalogue_is_shown(own_home, platform, tmp_path):
    platform("data", "add", "birdclef", str(make_birdclef(tmp_path / "bc")), "--name", "birds")
    shown = platform("data", "show", "birds")
    assert shown.returncode == 0, shown.stderr
    digest = load_catalogue("birds").digest
    for line in (
        f"birds: birdclef, 21 clips of 21 recordings, 0.01 hours, 3 unlabelled, 5 classes, {digest}",
        "  clips       0.80 to 10.00 s, median 0.80 s",
        "  subset      target: 2 clips of 2 recordings, 0.01 hours, 2 unlabelled",
        '  author      Ana Gómez: 6, Kim "K" Lee: 3, 李明: 3, missing in 9 clips',
        "  collection  CSA: 3, XC: 12, iNat: 3, soundscape: 3",
        "  rating      3.5: 3, 4.0: 3, 4.5: 3, 5.0: 3, missing in 9 clips",
        "  labels      clips with 1: 18",
        "  empty       label_weights, subject, verified, fold",
        "  class    clips  secondary",
        "  1139490      6          0",
        "  compau       0          3",
    ):
        assert line in shown.stdout.splitlines()


def test_a_catalogue_is_shown_as_json(own_home, platform, tmp_path):
    platform("data", "add", "icbhi", str(make_icbhi(tmp_path / "icbhi")), "--name", "lungs")
    shown = platform("data", "show", "lungs", "--json")
    about = json.loads(shown.stdout)
    assert (about["name"], about["source"], about["clips"], about["recordings"]) == ("lungs", "icbhi", 40, 10)
    assert about["polyphony"] == {"0": 10, "1": 20, "2": 10}
    assert about["values"]["fold"] == {"distinct": 2, "missing": 0, "clips": {"test": 8, "train": 32}}


def test_of_many_classes_the_most_frequent_are_shown_and_the_rest_counted(own_home, platform, tmp_path):
    for number in range(20):
        recording(tmp_path / f"{number}.wav", number)
    rows = [[f"{number}.wav", f"class{number:02}" + (";common" if number else "")] for number in range(20)]
    platform("data", "add", "csv", table(tmp_path / "t.csv", *rows), "--name", "many")
    lines = platform("data", "show", "many").stdout.splitlines()
    assert lines[-1] == "  and 9 more with 1 to 1 clips"
    assert lines[-13].split() == ["common", "19", "0"]


def test_names_that_could_act_on_a_terminal_are_escaped(own_home, platform, tmp_path):
    recording(tmp_path / "a.wav")
    bad = "owl\x1b[31m\u202e[bold]"
    platform("data", "add", "csv", table(tmp_path / "t.csv", ["a.wav", bad]), "--name", "birds")
    shown = platform("data", "show", "birds").stdout
    assert "owl\\x1b[31m\\u202e[bold]" in shown
    assert "\x1b" not in shown


def test_a_catalogue_that_is_not_there_cannot_be_shown(own_home, platform):
    refused = platform("data", "show", "birds")
    assert refused.returncode == 2
    assert "no catalogue is called 'birds'" in refused.stderr


def test_a_chorus_of_ones_own_is_made_and_the_same_again_is_the_same(own_home, platform):
    args = ("data", "add", "chorus", "--name", "mini", *sets(*TINY_CHORUS, *SHORT))
    made = platform(*args)
    assert made.returncode == 0, made.stderr
    assert "making mini: " in made.stdout
    assert "Added mini: " in made.stdout
    first = load_catalogue("mini")
    assert first.source == "chorus"
    assert len(first.subset("train")) == 4
    assert len(first.classes) == 2
    assert platform(*args).returncode == 0
    assert load_catalogue("mini").digest == first.digest
    other = platform(*args[:-2], "--set", "n_sites=2", "--set", "seed=2")
    assert other.returncode == 0, other.stderr
    assert load_catalogue("mini").digest != first.digest


WRONG = {
    "unknown source": (
        ("birdnet", "t.csv"),
        "no source is called 'birdnet'. Known: anuraset, birdclef, chorus, csv, f",
    ),
    "a source misspelt": (("birdclief", "t"), "Did you mean birdclef?"),
    "csv without a table": (("csv",), "platform data add csv TABLE --name NAME"),
    "birdclef without a folder": (("birdclef",), "platform data add birdclef FOLDER --name NAME"),
    "chorus with a table": (("chorus", "t.csv"), "platform data add chorus takes no path"),
    "a wrong folder": (("icbhi", "."), "_<device>.wav is missing; the folder is empty"),
    "a root for a folder": (("folder", ".", "--root", "."), "--root goes with csv only"),
    "no such table": (("csv", "t.csv"), "t.csv: no such table"),
    "unknown chorus field": (("chorus", "--set", "n_clip=4"), "no field 'n_clip'. Did you mean n_clips?"),
    "chorus value out of its bounds": (("chorus", "--set", "n_clips=0"), "n_clips: "),
    "chorus values that contradict": (("chorus", "--set", "n_clips=4"), "n_clips must be >= n_species"),
    "no value": (("chorus", "--set", "n_clips"), "path=value"),
    "an option of chorus with csv": (("csv", "t.csv", "--set", "a=1"), "--set goes with chorus only"),
    "an option of recordings with chorus": (("chorus", "--skip-refused"), "--skip-refused goes with recordings"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_one_message_and_adds_nothing(own_home, platform, tmp_path, what):
    args, message = WRONG[what]
    refused = platform("data", "add", *args, "--name", "birds")
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: ")
    assert message in refused.stderr
    assert not (tmp_path / "own-home").exists()


@pytest.mark.parametrize("name", ["../x", "", "a b", ".x", "x" * 81, "chorus"])
@pytest.mark.parametrize("source", ["csv", "chorus"])
def test_a_name_that_can_be_no_catalogues_is_refused(own_home, platform, tmp_path, source, name):
    more = ("t.csv",) if source == "csv" else ()
    refused = platform("data", "add", source, *more, "--name", name)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: ")
    assert "Try: " in refused.stderr
    assert not (tmp_path / "own-home").exists()
