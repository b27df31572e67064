"""BirdCLEF, 2021 to 2026, from its published layout to clips."""

import ast

import numpy as np
import pandas as pd
import pytest

from tests.trainers.data.sources.miniatures import (
    BIRDS,
    NEVER_HEARD,
    NOT_SCORED,
    ONLY_SECONDARY,
    PER_BIRD,
    make_birdclef,
    write_audio,
)
from trainers.data.sources.assemble import SourceResult
from trainers.data.sources.birdclef import read_birdclef, secondary_labels
from trainers.errors import DataError

YEARS = (2021, 2024, 2025, 2026)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {year: make_birdclef(tmp_path_factory.mktemp(f"birdclef-{year}"), year) for year in YEARS}


@pytest.fixture(scope="module")
def results(folders) -> dict[int, SourceResult]:
    return {year: read_birdclef(folder) for year, folder in folders.items()}


@pytest.fixture(scope="module", params=YEARS)
def focal(request, results) -> pd.DataFrame:
    """The focal recordings of a year, in the table's order."""
    clips = results[request.param].clips
    return clips[clips["collection"] != "soundscape"]


def of_subset(result: SourceResult, subset: str) -> pd.DataFrame:
    return result.clips[result.clips["subset"] == subset]


# ---- focal recordings


def test_every_row_of_the_table_is_a_clip_with_its_own_label(focal):
    assert [labels[0] for labels in focal["labels"]] == [bird for bird in BIRDS for _ in range(PER_BIRD)]
    assert set(focal["subset"]) == {"train"}
    assert focal["recording_id"].is_unique
    assert (focal["recording_id"] == focal["path"]).all()


def test_secondary_labels_are_names_without_empty_ones_and_without_the_label_itself(focal):
    of_first, of_second = list(focal["secondary_labels"])[:PER_BIRD], list(focal["secondary_labels"])[PER_BIRD:]
    assert of_first == [[ONLY_SECONDARY], [], [], [], [], [NOT_SCORED]]
    assert of_second[2] == [BIRDS[0]]


def test_what_is_not_known_is_missing(focal):
    assert [None if pd.isna(value) else value for value in focal["rating"][:PER_BIRD]] == [None, 5.0, 3.5, None, 4, 4.5]
    assert list(focal["latitude"].isna()[:PER_BIRD]) == [True] + [False] * 5
    assert list(focal["longitude"].isna()[:PER_BIRD]) == [True] + [False] * 5
    authors = [None if pd.isna(author) else author for author in focal["author"][:PER_BIRD]]
    assert authors == ["Ana Gómez", None, "李明", None, "Ana Gómez", 'Kim "K" Lee']


def test_collections_come_from_the_column_or_the_name_of_the_file(focal):
    assert list(focal["collection"][:PER_BIRD]) == ["XC", "XC", "iNat", "CSA", "XC", "XC"]


def test_other_columns_are_kept(focal):
    assert set(focal["extra_common_name"]) == {"Pájaro, el cantor"}
    assert {"extra_license", "extra_url", "extra_type", "extra_scientific_name"} <= set(focal)


def test_days_and_times_are_read_as_far_as_they_exist(results):
    times = [None if pd.isna(when) else when for when in results[2021].clips["recorded_at"][:PER_BIRD]]
    assert times == ["2013-05-04T05:30", None, None, "2020-02-29", None, "2019-01-01T17:15"]


def test_kinds_of_animals_come_from_the_taxonomy(results):
    focal = of_subset(results[2025], "train")
    assert [labels[0].isdigit() for labels in focal["labels"]] == list(focal["extra_class_name"] == "Insecta")


# ---- soundscapes


def test_soundscapes_without_labels_are_to_be_predicted_whole(results):
    for year, n_files in ((2024, 1), (2025, 2), (2026, 1)):
        target = of_subset(results[year], "target")
        assert len(target) == n_files
        assert target["labels"].isna().all()
        assert list(target["duration_s"]) == [10.0] * n_files
    when = of_subset(results[2025], "target").set_index("site")["recorded_at"]
    assert dict(when) == {"H02": "2023-04-20T07:40", "H102": "2023-05-22T18:15"}


def test_test_soundscapes_are_a_subset_of_their_own(results):
    for result in results.values():
        assert list(of_subset(result, "test")["path"]) == ["test_soundscapes/hidden_20250101.ogg"]
        assert of_subset(result, "test")["labels"].isna().all()


def test_the_windows_of_2021_are_labelled_clips_and_nocall_is_nothing(results):
    windows = results[2021].clips.query("collection == 'soundscape' and subset == 'train'")
    assert list(windows["clip_id"]) == ["7019_COR_5", "7019_COR_10", "7843_SSW_5", "7843_SSW_10"]
    assert list(windows["labels"]) == [[], ["barswa", "abethr1"]] * 2
    assert list(windows["start_s"]) == [0.0, 5.0] * 2
    assert set(windows["duration_s"]) == {5.0}
    assert list(windows["site"]) == ["COR", "COR", "SSW", "SSW"]
    assert windows["recording_id"].nunique() == 2
    assert len(of_subset(results[2021], "target")) == 0


def test_repeated_windows_of_2026_are_one_clip_with_all_their_labels_and_said(results):
    windows = results[2026].clips.query("collection == 'soundscape' and subset == 'train'")
    assert list(windows["labels"]) == [["barswa", "1139490"], ["barswa", "abethr1"]]
    assert list(windows["start_s"]) == [0.0, 5.0]
    assert set(windows["site"]) == {"S01"}
    assert any("2 rows repeat a window" in note for note in results[2026].notes)


# ---- classes


def test_classes_that_clips_and_submission_do_not_share_are_said(results):
    for year in (2024, 2025, 2026):
        said = "\n".join(results[year].notes)
        assert f"1 classes of sample_submission.csv have no training clip: they can't be learnt: {NEVER_HEARD}" in said
        assert f"are only secondary labels of training clips: {ONLY_SECONDARY}" in said
        assert f"not in sample_submission.csv: {NOT_SCORED}. Try: data.exclude_classes=[{NOT_SCORED}]" in said
    assert not any("sample_submission" in note for note in results[2021].notes)  # it lists no classes


def test_without_a_submission_the_taxonomy_lists_the_classes(tmp_path):
    folder = make_birdclef(tmp_path)
    (folder / "sample_submission.csv").unlink()
    assert (
        f"of taxonomy.csv have no training clip: they can't be learnt: {NEVER_HEARD}" in read_birdclef(folder).notes[0]
    )


# ---- what is odd, and what is wrong


@pytest.mark.parametrize("how", [{"crlf": True}, {"bom": True}, {"crlf": True, "bom": True}])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path, results, how):
    clips = [read_birdclef(make_birdclef(tmp_path, **how)).clips, results[2025].clips]
    pd.testing.assert_frame_equal(*(each.drop(columns="content") for each in clips))


def test_a_corrupt_recording_is_refused_with_its_line_or_left_out(tmp_path):
    folder = make_birdclef(tmp_path, corrupt=True)
    with pytest.raises(DataError, match=r"1 recording is refused:\n  \S*train.csv:2: \S*XC1000.ogg: cut short"):
        read_birdclef(folder)
    left = read_birdclef(folder, skip_refused=True)
    assert len(left.refused) == 1
    assert len(left.clips) == len(read_birdclef(make_birdclef(tmp_path / "whole")).clips) - 1


def test_a_broken_list_is_an_error_with_file_and_line(tmp_path):
    with pytest.raises(DataError, match=r"train.csv:19: secondary_labels is \"\['barswa'\". Try: a list of names"):
        read_birdclef(make_birdclef(tmp_path, bad_list=True))


@pytest.mark.parametrize("names", [[], [""], ["abc"], ["abc", "def"], ["it's"], ["é"], [" a ", "a"]])
def test_lists_written_by_python_are_read_back(names):
    want = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    assert secondary_labels(repr(names), "t:1") == want
    assert ast.literal_eval(repr(names)) == names


@pytest.mark.parametrize(
    "text", ["[abc]", "__import__('os')", "{'a': 1}", "[1]", "'abc'", "['a'", "abc", "[" * 5000, "[['a']]"]
)
def test_nothing_but_a_list_of_names_is_taken_and_nothing_is_run(text):
    with pytest.raises(DataError, match=r"^t:7: secondary_labels is "):
        secondary_labels(text, "t:7")


def test_a_file_that_the_table_lacks_is_no_clip_and_one_that_is_missing_is_refused(tmp_path):
    folder = make_birdclef(tmp_path)
    write_audio(folder / "train_audio/abethr1/XC9.ogg", "abethr1")
    assert not any("XC9" in path for path in read_birdclef(folder).clips["path"])
    (folder / "train_audio/abethr1/XC1001.ogg").unlink()
    with pytest.raises(DataError, match=r"train.csv:3: \S*XC1001.ogg: no such recording"):
        read_birdclef(folder)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("rating", "good", "rating is 'good'"), ("latitude", "12,5", "latitude is '12,5', want a number. Try: a decimal")],
)
def test_a_cell_that_is_no_number_is_an_error_with_its_line(tmp_path, column, value, message):
    folder = make_birdclef(tmp_path)
    table = pd.read_csv(folder / "train.csv", dtype=str, keep_default_na=False)
    table.loc[3, column] = value
    table.to_csv(folder / "train.csv", index=False)
    with pytest.raises(DataError) as caught:
        read_birdclef(folder)
    assert f"train.csv:5: {message}" in str(caught.value)


@pytest.mark.parametrize(("start", "message"), [("later", "start is 'later'"), ("00:00:20", "the window ends at 5 s")])
def test_a_window_that_cannot_be_is_an_error_with_its_line(tmp_path, start, message):
    folder = make_birdclef(tmp_path, 2026)
    table = folder / "train_soundscapes_labels.csv"
    table.write_text(table.read_text().replace("00:00:00,", f"{start},", 1))
    with pytest.raises(DataError) as caught:
        read_birdclef(folder)
    assert f"{table}:2: {message}" in str(caught.value)


def test_the_order_of_the_clips_is_the_same_every_time(folders, results):
    again = read_birdclef(folders[2025]).clips
    assert list(again["clip_id"]) == list(results[2025].clips["clip_id"])
    assert np.array_equal(again["content"], results[2025].clips["content"])
