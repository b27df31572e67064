"""AnuraSet in both layouts."""

import pandas as pd
import pytest

from tests.trainers.data.sources.miniatures import FROGS, MINUTES, ONLY_TEST, ONLY_TRAIN, WINDOWS, make_anuraset
from trainers.data.catalogue import save_catalogue
from trainers.data.label_maps import apply_labels
from trainers.data.sources.anuraset import read_anuraset
from trainers.data.spec import DataSpec
from trainers.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_anuraset(tmp_path_factory.mktemp("anuraset"))


@pytest.fixture(scope="module")
def clips(folder) -> pd.DataFrame:
    return read_anuraset(folder).clips


def published(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "metadata.csv")


def test_labels_are_the_columns_of_ones(folder, clips):
    table = published(folder)
    want = [[name for name in FROGS if row[name] == 1] for _, row in table.iterrows()]
    assert list(clips["labels"]) == want
    assert [] in want


def test_windows_of_a_minute_are_one_recording_and_each_is_a_file_of_its_own(folder, clips):
    assert list(clips["recording_id"]) == list(published(folder)["fname"])
    assert clips["recording_id"].nunique() == len(MINUTES)
    assert clips["path"].nunique() == len(MINUTES) * WINDOWS
    assert set(clips["start_s"]) == {0.0}
    assert list(clips["extra_min_t"][:WINDOWS]) == [0, 1, 2, 3]
    assert list(clips["extra_max_t"][:WINDOWS]) == [3, 4, 5, 6]


def test_site_and_time_are_known(clips):
    assert set(clips["site"]) == {site for site, _, _ in MINUTES}
    assert clips["recorded_at"][0] == "2019-11-13T04:00"


def test_all_windows_are_labelled_for_training_and_the_published_subset_is_the_fold(folder, clips):
    assert set(clips["subset"]) == {"train"}
    assert list(clips["fold"]) == list(published(folder)["subset"])


def test_both_layouts_say_the_same(tmp_path, clips):
    other = read_anuraset(make_anuraset(tmp_path, layout="path")).clips
    same = ["labels", "recording_id", "site", "recorded_at", "fold", "extra_min_t", "content"]
    pd.testing.assert_frame_equal(other[same], clips[same])


@pytest.mark.parametrize("how", [{"crlf": True}, {"bom": True}])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path, home, folder, how):
    other = make_anuraset(tmp_path / "other", **how)
    first, second = (save_catalogue("a", "anuraset", at, read_anuraset(at).clips) for at in (folder, other))
    assert first.digest == second.digest


def test_the_variants_36n_and_36_are_settings_of_a_run(clips):
    clips = clips.assign(label_weights=None)
    n36 = apply_labels(clips, DataSpec(exclude_classes=(ONLY_TRAIN, ONLY_TEST)))
    assert set(n36["labels"].explode().dropna()) == set(FROGS) - {ONLY_TRAIN, ONLY_TEST}
    assert len(n36) == len(clips)
    s36 = apply_labels(clips, DataSpec(exclude_classes=(ONLY_TRAIN, ONLY_TEST), drop_empty=True))
    assert 0 < len(s36) < len(clips)


def test_another_column_of_text_is_kept_and_no_species(tmp_path):
    folder = make_anuraset(tmp_path)
    published(folder).assign(quality="good").to_csv(folder / "metadata.csv", index=False)
    clips = read_anuraset(folder).clips
    assert set(clips["extra_quality"]) == {"good"}
    assert set(clips["labels"].explode().dropna()) <= set(FROGS)


def test_an_index_column_does_not_matter(tmp_path, clips):
    folder = make_anuraset(tmp_path)
    published(folder).to_csv(folder / "metadata.csv")
    assert list(read_anuraset(folder).clips["labels"]) == list(clips["labels"])


def test_a_species_that_is_neither_there_nor_not_is_an_error_with_its_line(tmp_path):
    with pytest.raises(DataError, match=r"metadata.csv:5: BOABIS is '2', want 0 or 1"):
        read_anuraset(make_anuraset(tmp_path, bad_cell=True))


def test_a_subset_that_is_neither_is_an_error_with_its_line(tmp_path):
    folder = make_anuraset(tmp_path)
    table = published(folder)
    table.loc[2, "subset"] = "val"
    table.to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(DataError, match=r"metadata.csv:4: subset is 'val'. Try: train or test"):
        read_anuraset(folder)


def test_a_table_without_species_is_an_error(tmp_path):
    folder = make_anuraset(tmp_path)
    published(folder).drop(columns=list(FROGS)).to_csv(folder / "metadata.csv", index=False)
    with pytest.raises(DataError, match=r"no column of 0 and 1 follows 'subset'"):
        read_anuraset(folder)


def test_a_corrupt_window_is_refused_with_its_line_or_left_out(tmp_path):
    folder = make_anuraset(tmp_path, corrupt=True)
    with pytest.raises(DataError, match=r"metadata.csv:2: \S*_0_3.wav: cut short"):
        read_anuraset(folder)
    assert len(read_anuraset(folder, skip_refused=True).clips) == len(MINUTES) * WINDOWS - 1


def test_a_table_without_its_recordings_says_what_was_looked_for(tmp_path, folder):
    (tmp_path / "metadata.csv").write_bytes((folder / "metadata.csv").read_bytes())
    with pytest.raises(DataError, match=r"audio/INCT17/INCT17_20191113_040000_0_3.wav or .*is missing; there is metad"):
        read_anuraset(tmp_path)
