"""A folder per class."""

import pytest

from tests.trainers.data.sources.miniatures import make_folders, write_audio
from trainers.data.sources.folder import read_folder
from trainers.errors import DataError


def test_the_first_folder_is_the_class_however_deep_a_recording_lies(tmp_path):
    result = read_folder(make_folders(tmp_path))
    found = dict(zip(result.clips["path"], result.clips["labels"], strict=True))
    assert found == {
        "Käuzchen, klein/1.WAV": ["Käuzchen, klein"],
        "Käuzchen, klein/2.ogg": ["Käuzchen, klein"],
        "owl/1.wav": ["owl"],
        "owl/2.flac": ["owl"],
        "owl/4.opus": ["owl"],
        "owl/5.mp3": ["owl"],
        "owl/night/deep/3.ogg": ["owl"],
    }
    assert result.notes == ["1 files that are no recordings are left alone"]


def test_hidden_files_and_folders_are_skipped(tmp_path):
    assert not any("hidden" in path or "trash" in path for path in read_folder(make_folders(tmp_path)).clips["path"])


def test_copies_in_two_classes_are_one_recording(tmp_path):
    for name in ("a/1.wav", "b/2.wav"):
        write_audio(tmp_path / "x.wav", "x")
        (tmp_path / name).parent.mkdir()
        (tmp_path / "x.wav").rename(tmp_path / name)
    assert read_folder(tmp_path).clips["recording_id"].nunique() == 1


def test_recordings_beside_the_classes_are_an_error(tmp_path):
    write_audio(make_folders(tmp_path) / "loose.wav", "x")
    with pytest.raises(DataError, match=r"1 recordings are in no class, such as loose.wav. Try: a folder per class"):
        read_folder(tmp_path)


def test_a_corrupt_recording_is_refused_or_left_out(tmp_path):
    folder = make_folders(tmp_path, corrupt=True)
    with pytest.raises(DataError, match=r"owl/1.wav: cut short"):
        read_folder(folder)
    assert len(read_folder(folder, skip_refused=True).clips) == 6
