"""`platform data split`: the folds of a catalogue."""

import json

import pandas as pd
import pytest

from trainers.data.catalogue import save_catalogue
from trainers.data.spec import SplitSpec
from trainers.data.splits import assign_folds, split_digest


@pytest.fixture
def clips(platform, tmp_path, monkeypatch):
    """32 clips of two frequent and six rare classes by eight authors, as the catalogue `birds`."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    labels = [["wren"], ["robin"]] * 13 + [[f"rare{i}"] for i in range(6)]
    table = pd.DataFrame(
        {
            "clip_id": [f"clip{i:02}" for i in range(32)],
            "path": "a.wav",
            "recording_id": [f"r{i}" for i in range(32)],
            "start_s": 0.0,
            "duration_s": 900.0,
            "labels": labels,
            "secondary_labels": [[]] * 32,
            "author": [f"a{i % 8}" for i in range(32)],
            "verified": [i % 2 == 0 for i in range(32)],
            "content": "x",
        }
    )
    return save_catalogue("birds", "csv", tmp_path, table).clips


def test_each_fold_has_a_row_with_what_is_missing_and_the_digest_comes_last(clips, platform):
    done = platform("data", "split", "birds", "n_folds=2")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["fold", "clips", "hours", "groups", "classes", "missing", "here", "only", "here"]
    folds = assign_folds(clips, SplitSpec(n_folds=2))
    for number, row in enumerate(rows[:2]):
        own = clips[folds == number]
        present = {label for labels in own["labels"] for label in labels}
        assert row.split()[:4] == [str(number), str(len(own)), f"{len(own) / 4:.2f}", str(own["author"].nunique())]
        assert all((name in row.split(str(len(present)), 1)[1]) for name in {f"rare{i}" for i in range(5)} - present)
    torn = (pd.Series(folds).groupby(clips["author"]).nunique() > 1).sum()
    assert torn > 0
    assert rows[2] == f"groups by recording, author: {torn} of 8 are in more than one fold"
    assert rows[3] == f"split stratified, seed 0: digest {split_digest(clips['clip_id'], folds)}"


def test_more_than_five_classes_are_counted(clips, platform):
    done = platform("data", "split", "birds", "rare_class=train_only")
    missing = "rare0, rare1, rare2, rare3, rare4, ... (6)"
    assert done.stdout.count(missing) == 4
    assert "always trained" in done.stdout


def test_fields_are_those_of_the_recipe_then_of_the_command_line_in_full_or_short(clips, platform):
    asked = ("data", "split", "birds", "--json")
    short = platform(*asked, "--scheme", "stratified_group", "n_folds=3", "seed=4")
    full = platform(*asked, "data.split.scheme=stratified_group", "data.split.n_folds=3", "data.split.seed=4")
    assert short.stdout == full.stdout
    by_recipe = json.loads(platform(*asked, "--recipe", "anuraset_mix2", "group_by=[author]", "n_folds=2").stdout)
    assert (by_recipe["split"]["scheme"], by_recipe["split"]["seed"]) == ("stratified_group", 42)


def test_json_has_every_class_and_every_number(clips, platform):
    found = json.loads(
        platform("data", "split", "birds", "scheme=group", "validate_where={verified: true}", "--json").stdout
    )
    assert found["name"] == "birds"
    assert (found["groups"], found["shared_groups"], found["grouped_by"]) == (8, 0, ["author"])
    assert sum(fold["clips"] for fold in found["folds"]) == 32
    assert sum(fold["validated"] for fold in found["folds"]) == 16
    missing = [name for fold in found["folds"] for name in fold["missing"]]
    assert missing.count("rare0") == 3
    assert found["split"]["validate_where"] == {"verified": True}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobirds"], "no catalogue is called 'nobirds'"),
        (["birds", "--scheme", "stratifiet"], "data.split.scheme must be one of 'stratified', 'group'"),
        (["birds", "n_fold=3"], "data.split.n_fold is no field. Did you mean data.split.n_folds?"),
        (["birds", "n_folds=3", "data.split.n_folds=4"], "a field of data.split is set twice"),
        (["birds", "optimizer.lr=1"], "optimizer.lr changes no split"),
        (["birds", "--scheme", "group", "n_folds=9"], "grouped by author there are only 8 groups"),
        (["birds", "--scheme", "official"], "the column 'fold' is empty. Columns with values: clip_id"),
    ],
)
def test_what_cannot_be_split_ends_2_and_says_why(clips, platform, arguments, message):
    done = platform("data", "split", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_split_is_on_record_and_listed_with_what_was_asked(clips, platform, tmp_path):
    assert "No split of birds is on record" in platform("data", "split", "birds", "--list").stdout
    for _ in range(2):
        platform("data", "split", "birds", "n_folds=2")
    platform("data", "split", "birds", "--scheme", "group", "n_folds=3")
    header, *rows = platform("data", "split", "birds", "--list").stdout.splitlines()
    digest = split_digest(clips["clip_id"], assign_folds(clips, SplitSpec(n_folds=2)))
    assert header.split() == ["digest", "asked", "for", "clips", "catalogue"]
    assert sorted(row.split() for row in rows if digest in row) == [
        [digest, "stratified", "n_folds=2", "32", "as", "it", "is"]
    ]
    assert len(rows) == 2
    save_catalogue("birds", "csv", tmp_path, clips[:30])
    assert platform("data", "split", "birds", "--list").stdout.count("was ") == 2
    assert "--list takes no 'n_folds=2'" in platform("data", "split", "birds", "n_folds=2", "--list").stderr


def test_the_grid_has_the_clips_of_each_class_in_each_fold(clips, platform):
    said = platform("data", "split", "birds", "n_folds=2", "--show").stdout.splitlines()
    start = next(number for number, line in enumerate(said) if line.startswith("clips of"))
    folds = assign_folds(clips, SplitSpec(n_folds=2))
    grid = {line.split()[0]: [int(n) if n != "-" else 0 for n in line.split()[1:]] for line in said[start + 1 :]}
    assert grid == {
        name: [sum(name in labels for labels in clips["labels"][folds == fold]) for fold in (0, 1)]
        for name in sorted({label for labels in clips["labels"] for label in labels})
    }
