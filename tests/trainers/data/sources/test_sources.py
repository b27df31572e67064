"""What holds for every source."""

import inspect
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.trainers.data.sources import miniatures
from trainers.data.catalogue import SCHEMA, save_catalogue
from trainers.data.sources.registry import SOURCES
from trainers.data.summary import summary
from trainers.errors import DataError


def make_table(folder: Path) -> Path:
    """A table for the source csv."""
    for name in ("a.wav", "b.wav"):
        miniatures.write_audio(folder / name, name)
    miniatures.write_table(folder / "t.csv", [["path", "labels", "mood"], ["a.wav", "owl", "é"], ["b.wav", "", ""]])
    return folder / "t.csv"


MAKERS: dict[str, Callable[[Path], Path]] = {
    "csv": make_table,
    "folder": miniatures.make_folders,
    "birdclef": miniatures.make_birdclef,
    "anuraset": miniatures.make_anuraset,
    "icbhi": miniatures.make_icbhi,
    "fsdkaggle": miniatures.make_fsdkaggle2018,
}


@pytest.fixture(params=SOURCES)
def source(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


def test_every_source_has_a_miniature(source):
    assert source in MAKERS


def test_its_clips_have_the_columns_of_a_catalogue_complete(made, source):
    result = SOURCES[source].read(made[source], False)
    clips = result.clips
    assert set(clips) <= {*SCHEMA.names, *(name for name in clips if name.startswith("extra_"))}
    for column in ("clip_id", "path", "recording_id", "start_s", "duration_s", "subset", "content"):
        assert clips[column].notna().all(), column
    assert clips["clip_id"].is_unique
    assert all((result.folder / path).is_file() for path in clips["path"])
    assert result.refused == []


def test_the_same_data_elsewhere_is_the_same_data(home, made, source, tmp_path):
    here = made[source]
    shutil.copytree(here if here.is_dir() else here.parent, tmp_path / "elsewhere")
    there = tmp_path / "elsewhere" / ("" if here.is_dir() else here.name)
    digests = set()
    for path in (here, there):
        result = SOURCES[source].read(path, False)
        digests.add(save_catalogue("x", source, result.folder, result.clips).digest)
    assert len(digests) == 1


def test_a_wrong_folder_is_one_error_that_says_what_was_looked_for_and_what_is_there(source, tmp_path):
    (tmp_path / "holiday.txt").write_text("pictures")
    with pytest.raises(DataError) as caught:
        SOURCES[source].read(tmp_path, False)
    said = str(caught.value)
    if source != "csv":
        assert "is missing; there is holiday.txt" in said
    assert str(tmp_path) in said


@pytest.mark.parametrize("wrong", ["none", "a-file.zip"])
def test_a_path_that_is_no_folder_is_one_error_with_a_fix(source, tmp_path, wrong):
    (tmp_path / "a-file.zip").write_text("PK")
    with pytest.raises(DataError, match=r"Try: |no column is called"):
        SOURCES[source].read(tmp_path / wrong, False)


@pytest.mark.parametrize("source", ["birdclef", "anuraset", "fsdkaggle"])
def test_a_dataset_one_folder_deeper_is_found_for_the_user(source, tmp_path):
    MAKERS[source](tmp_path / "unpacked")
    with pytest.raises(DataError) as caught:
        SOURCES[source].read(tmp_path, False)
    assert str(caught.value).endswith(f"Try: {tmp_path / 'unpacked'}")


def test_its_module_says_what_is_read(source):
    module = sys.modules[inspect.getmodule(SOURCES[source].read).__name__]
    assert len(module.__doc__) > 60
    assert SOURCES[source].path in ("FOLDER", "TABLE")


# ---- the summary


def test_the_summary_counts_what_is_there(home, made):
    folder = made["birdclef"]
    result = SOURCES["birdclef"].read(folder, False)
    about = summary(save_catalogue("b", "birdclef", folder, result.clips))
    assert about["clips"] == len(result.clips) == 21
    assert about["subsets"]["target"]["unlabelled"] == 2
    assert [row["clips"] for row in about["classes"]] == [6, 6, 6, 0, 0]
    assert {row["name"]: row["secondary"] for row in about["classes"]}["compau"] == 3
    assert about["values"]["rating"]["missing"] == 3 * 2 + 3
    assert about["values"]["rating"]["clips"] == {"3.5": 3, "4.0": 3, "4.5": 3, "5.0": 3}
    assert about["values"]["author"]["distinct"] == 3
    assert about["polyphony"] == {"1": 18}
    assert about["hours"] == pytest.approx(result.clips["duration_s"].sum() / 3600)
    assert about["durations_s"] == {"min": 0.8, "median": 0.8, "max": 10.0}
    assert "verified" in about["empty_columns"]
    assert "extra_license" in about["extra_columns"]


def test_the_summary_of_unlabelled_clips_alone_has_no_classes(home, made, tmp_path):
    clips = SOURCES["folder"].read(made["folder"], False).clips
    clips["labels"] = pd.Series([None] * len(clips), dtype=object)
    about = summary(save_catalogue("u", "folder", made["folder"], clips))
    assert (about["classes"], about["polyphony"], about["unlabelled"]) == ([], {}, 7)
