"""FSDKaggle2018 and FSDKaggle2019, as Kaggle and Zenodo lay them out."""

import pandas as pd
import pytest

from tests.trainers.data.sources.miniatures import (
    PER_SOUND,
    SOUNDS_2018,
    SOUNDS_2019,
    make_fsdkaggle2018,
    make_fsdkaggle2019,
    write_audio,
)
from trainers.data.catalogue import save_catalogue
from trainers.data.sources.fsdkaggle import read_fsdkaggle
from trainers.errors import DataError


def subset(result, name: str) -> pd.DataFrame:
    return result.clips[result.clips["subset"] == name].reset_index(drop=True)


@pytest.fixture(scope="module", params=["kaggle", "zenodo"])
def layout(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def of_2018(tmp_path_factory, layout):
    return read_fsdkaggle(make_fsdkaggle2018(tmp_path_factory.mktemp("fsd"), layout))


@pytest.fixture(scope="module")
def of_2019(tmp_path_factory):
    return read_fsdkaggle(make_fsdkaggle2019(tmp_path_factory.mktemp("fsd")))


# ---- 2018


def test_each_training_clip_of_2018_has_one_label_and_says_whether_it_was_verified(of_2018):
    train = subset(of_2018, "train")
    assert list(train["labels"]) == [[SOUNDS_2018[number % 3]] for number in range(3 * PER_SOUND)]
    assert list(train["verified"]) == [number % 3 == 0 for number in range(3 * PER_SOUND)]
    assert train["fold"].isna().all()


def test_the_test_of_2018_keeps_its_published_labels_and_which_board_they_counted_for(of_2018, layout):
    test = subset(of_2018, "test")
    assert list(test["labels"])[:2] == [["Bark"], ["Cello"]]
    assert list(test["fold"])[:2] == ["Public", "Private"]
    if layout == "kaggle":
        assert list(test["labels"])[2:] == [None]  # filled up the test; its label `None` is none


def test_zenodos_further_columns_are_kept(of_2018, layout):
    assert ("extra_freesound_id" in of_2018.clips) == (layout == "zenodo")
    assert ("extra_license" in of_2018.clips) == (layout == "zenodo")


def test_a_test_without_its_table_is_unlabelled(tmp_path):
    folder = make_fsdkaggle2018(tmp_path)
    (folder / "test_post_competition.csv").unlink()
    assert list(subset(read_fsdkaggle(folder), "test")["labels"]) == [None] * 3


def test_a_table_without_its_test_folder_is_left_alone_and_said(tmp_path):
    folder = make_fsdkaggle2018(tmp_path)
    for path in (folder / "audio_test").iterdir():
        path.unlink()
    (folder / "audio_test").rmdir()
    result = read_fsdkaggle(folder)
    assert len(subset(result, "test")) == 0
    assert result.notes == ["test_post_competition.csv is left alone: no folder audio_test"]


def test_a_comma_in_a_label_of_2018_is_part_of_it(tmp_path):
    folder = make_fsdkaggle2018(tmp_path)
    table = folder / "train.csv"
    table.write_text(table.read_text().replace(",Cello,", ',"Cello, bowed",'))
    assert ["Cello, bowed"] in list(read_fsdkaggle(folder).clips["labels"])


# ---- 2019


def test_curated_and_noisy_clips_of_2019_have_several_labels(of_2019):
    train = subset(of_2019, "train")
    assert list(train["collection"]) == ["curated"] * 15 + ["noisy"] * 9
    assert list(train["verified"]) == [True] * 15 + [False] * 9
    assert list(train["labels"][0]) == list(SOUNDS_2019[:2])
    assert list(train["labels"][1]) == [SOUNDS_2019[1]]


def test_the_test_of_2019_has_no_labels_and_a_class_without_clips_is_said(of_2019):
    assert list(subset(of_2019, "test")["labels"]) == [None]
    assert of_2019.notes == ["1 classes of sample_submission.csv have no training clip: they can't be learnt: Yell"]


def test_the_curated_part_of_2019_can_stand_alone(tmp_path):
    folder = make_fsdkaggle2019(tmp_path)
    (folder / "train_noisy").rename(tmp_path.parent / f"{tmp_path.name}-noisy")
    result = read_fsdkaggle(folder)
    assert set(subset(result, "train")["collection"]) == {"curated"}
    assert "train_noisy.csv is left alone: no folder train_noisy" in result.notes


# ---- what is odd, and what is wrong


@pytest.mark.parametrize("make", [make_fsdkaggle2018, make_fsdkaggle2019])
@pytest.mark.parametrize("how", [{"crlf": True}, {"bom": True}])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path, home, make, how):
    folders = make(tmp_path / "plain"), make(tmp_path / "odd", **how)
    first, second = (save_catalogue("f", "fsdkaggle", at, read_fsdkaggle(at).clips) for at in folders)
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_fsdkaggle2018, r"test_post_competition.csv:2: \S*fe000000.wav: not readable as audio"),
        (make_fsdkaggle2019, r"train_noisy.csv:2: \S*n0000000.wav: cut short"),
    ],
)
def test_a_corrupt_recording_is_refused_with_its_line_or_left_out(tmp_path, make, message):
    folder = make(tmp_path, corrupt=True)
    with pytest.raises(DataError, match=message):
        read_fsdkaggle(folder)
    assert len(read_fsdkaggle(folder, skip_refused=True).refused) == 1


CELLS = {
    "no label": (",Bark,0", ",,0", "label is empty"),
    "verified perhaps": (",Bark,0", ",Bark,perhaps", "manually_verified is 'perhaps'. Try: 0 or 1"),
    "no name": ("00000001.wav,", ",", "fname is empty"),
}


@pytest.mark.parametrize("case", CELLS.values(), ids=CELLS)
def test_a_cell_that_cannot_be_is_an_error_with_its_line(tmp_path, case):
    old, new, message = case
    folder = make_fsdkaggle2018(tmp_path)
    table = folder / "train.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        read_fsdkaggle(folder)
    assert f"train.csv:3: {message}" in str(caught.value)


def test_the_table_of_2019_needs_a_column_of_labels(tmp_path):
    write_audio(tmp_path / "train_curated/a.wav", "x")
    (tmp_path / "train_curated.csv").write_text("fname,tags\na.wav,x\n")
    with pytest.raises(DataError, match=r"neither a column label nor labels. Known: fname, tags"):
        read_fsdkaggle(tmp_path)
