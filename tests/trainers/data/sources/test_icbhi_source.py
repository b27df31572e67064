"""ICBHI 2017: cycles, once each."""

import pandas as pd
import pytest

from tests.trainers.data.sources.miniatures import CYCLES, PATIENTS, TORN_PATIENT, make_icbhi
from trainers.data.catalogue import save_catalogue
from trainers.data.sources.icbhi import read_icbhi
from trainers.errors import DataError

RECORDINGS = sum(len(recordings) for _, recordings in PATIENTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_icbhi(tmp_path_factory.mktemp("icbhi"))


@pytest.fixture(scope="module")
def result(folder):
    return read_icbhi(folder)


@pytest.fixture(scope="module")
def clips(result) -> pd.DataFrame:
    return result.clips


def test_every_cycle_is_one_clip_however_many_recordings_its_patient_has(clips):
    assert len(clips) == RECORDINGS * len(CYCLES)
    ends = clips["start_s"] + clips["duration_s"]
    assert (
        not pd.DataFrame({"recording": clips["recording_id"], "start": clips["start_s"], "end": ends})
        .duplicated()
        .any()
    )
    assert clips["clip_id"].is_unique


def test_cycles_have_their_times_and_labels(clips):
    one = clips[clips["path"] == "101_1b1_Al_sc_Meditron.wav"]
    assert list(one["start_s"]) == [start for start, *_ in CYCLES]
    assert list(one["duration_s"]) == pytest.approx([end - start for start, end, *_ in CYCLES])
    assert list(one["labels"]) == [[], ["crackle"], ["wheeze"], ["crackle", "wheeze"]]


def test_the_name_of_a_recording_says_patient_place_mode_and_device(clips):
    one = clips[clips["path"] == "107_2b3_Al_mc_AKGC417L.wav"].iloc[0]
    named = ("subject", "site", "extra_recording_index", "extra_mode", "extra_device")
    assert tuple(one[list(named)]) == ("107", "Al", "2b3", "mc", "AKGC417L")
    assert clips["subject"].nunique() == len(PATIENTS)


def test_the_official_split_is_the_fold_and_a_patient_on_both_sides_is_said(result):
    folds = result.clips.groupby("path")["fold"].first()
    assert folds["226_1b1_Pl_sc_Litt3200.wav"] == "test"
    assert folds["101_1b1_Al_sc_Meditron.wav"] == "train"
    assert result.notes == [f"the official split has patients on both sides: {TORN_PATIENT}"]
    assert set(result.clips["subset"]) == {"train"}


def test_diagnoses_are_kept_per_patient(clips):
    assert dict(clips.groupby("subject")["extra_diagnosis"].first())["101"] == "URTI"
    assert clips["extra_diagnosis"].notna().all()


def test_the_challenges_own_table_of_diagnoses_is_read_too(tmp_path, clips):
    folder = make_icbhi(tmp_path)
    table = (folder / "patient_diagnosis.csv").read_text().replace(",", "\t")
    (folder / "patient_diagnosis.csv").unlink()
    (folder / "ICBHI_Challenge_diagnosis.txt").write_text(table)
    assert list(read_icbhi(folder).clips["extra_diagnosis"]) == list(clips["extra_diagnosis"])


def test_without_tables_folds_and_diagnoses_are_unknown(tmp_path):
    result = read_icbhi(make_icbhi(tmp_path, tables=False))
    assert result.clips["fold"].isna().all()
    assert result.clips["extra_diagnosis"].isna().all()
    assert result.notes == []


def test_a_recording_that_the_official_split_lacks_is_said(tmp_path):
    folder = make_icbhi(tmp_path)
    split = folder / "ICBHI_challenge_train_test.txt"
    split.write_text("\n".join(split.read_text().splitlines()[1:]))
    result = read_icbhi(folder)
    assert "1 recordings are not in the official split, such as 101_1b1_Al_sc_Meditron" in result.notes
    assert result.clips["fold"].isna().sum() == len(CYCLES)


@pytest.mark.parametrize("below", ["ICBHI_final_database", "audio_and_txt_files"])
def test_the_recordings_may_lie_a_folder_below(tmp_path, folder, clips, below):
    make_icbhi(tmp_path / below)
    (tmp_path / below / "ICBHI_challenge_train_test.txt").rename(tmp_path / "ICBHI_challenge_train_test.txt")
    found = read_icbhi(tmp_path)
    pd.testing.assert_frame_equal(found.clips, clips)
    assert found.folder == tmp_path / below


def test_line_ends_change_nothing(tmp_path, home, folder):
    other = make_icbhi(tmp_path / "other", crlf=True)
    first, second = (save_catalogue("i", "icbhi", at, read_icbhi(at).clips) for at in (folder, other))
    assert first.digest == second.digest


# ---- what is wrong


def test_cycles_that_cannot_be_are_refused_with_their_lines_or_left_out(tmp_path):
    folder = make_icbhi(tmp_path, bad_cycles=True)
    with pytest.raises(DataError) as caught:
        read_icbhi(folder)
    said = str(caught.value)
    assert "102_1b1_Ar_sc_Meditron.txt:5: the cycle ends at 1.5 s, not after its start at 1.9 s" in said
    assert "102_1b1_Ar_sc_Meditron.txt:6: the clip ends at 2.6 s, its recording at 2.000 s" in said
    left = read_icbhi(folder, skip_refused=True)
    assert len(left.refused) == 2
    assert len(left.clips) == RECORDINGS * len(CYCLES)


def test_an_empty_annotation_file_is_refused_or_left_out(tmp_path):
    folder = make_icbhi(tmp_path, empty=True)
    with pytest.raises(DataError, match=r"101_1b1_Pr_sc_Meditron.txt: no cycles: the file is empty"):
        read_icbhi(folder)
    assert len(read_icbhi(folder, skip_refused=True).clips) == (RECORDINGS - 1) * len(CYCLES)


def test_a_recording_without_annotations_is_refused_or_left_out(tmp_path):
    folder = make_icbhi(tmp_path)
    (folder / "102_1b1_Ar_sc_Meditron.txt").unlink()
    with pytest.raises(DataError, match=r"its annotations \(102_1b1_Ar_sc_Meditron.txt\) are missing"):
        read_icbhi(folder)
    assert len(read_icbhi(folder, skip_refused=True).clips) == (RECORDINGS - 1) * len(CYCLES)


def test_a_corrupt_recording_is_refused_or_left_out_with_its_cycles(tmp_path):
    folder = make_icbhi(tmp_path, corrupt=True)
    with pytest.raises(DataError, match=r"101_1b1_Al_sc_Meditron.txt:1: \S*101_1b1_Al_sc_Meditron.wav: cut short"):
        read_icbhi(folder)
    assert len(read_icbhi(folder, skip_refused=True).clips) == (RECORDINGS - 1) * len(CYCLES)


LINES = {
    "three columns": "0.1\t0.2\t0",
    "a flag of 2": "0.1\t0.2\t0\t2",
    "a word": "soon\t0.2\t0\t0",
    "not a number": "nan\t0.2\t0\t0",
    "infinite": "0.1\tinf\t0\t0",
    "negative": "-0.1\t0.2\t0\t0",
    "no length": "0.2\t0.2\t0\t0",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_that_is_no_cycle_is_refused_with_its_place(tmp_path, line):
    folder = make_icbhi(tmp_path)
    with (folder / "101_1b1_Al_sc_Meditron.txt").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"1 recording is refused:\n  \S*101_1b1_Al_sc_Meditron.txt:5: "):
        read_icbhi(folder)


def test_a_cycle_that_stands_twice_is_an_error(tmp_path):
    folder = make_icbhi(tmp_path)
    with (folder / "101_1b1_Al_sc_Meditron.txt").open("a") as file:
        file.write("0.000\t0.400\t0\t0\n")
    with pytest.raises(DataError, match=r"Meditron.txt:5: the same clip as \S*Meditron.txt:1"):
        read_icbhi(folder)


@pytest.mark.parametrize("line", ["101_1b1_Al_sc_Meditron\tval", "101_1b1_Al_sc_Meditron"])
def test_a_split_file_that_says_something_else_is_an_error_with_its_line(tmp_path, line):
    folder = make_icbhi(tmp_path)
    (folder / "ICBHI_challenge_train_test.txt").write_text(line)
    with pytest.raises(DataError, match=r"ICBHI_challenge_train_test.txt:1: "):
        read_icbhi(folder)


def test_a_recording_of_another_name_is_refused(tmp_path, folder):
    make_icbhi(tmp_path)
    (tmp_path / "mine.wav").write_bytes((tmp_path / "102_1b1_Ar_sc_Meditron.wav").read_bytes())
    with pytest.raises(DataError, match=r"mine.wav: not named <patient>_<index>_<location>_<mode>_<device>.wav"):
        read_icbhi(tmp_path)
