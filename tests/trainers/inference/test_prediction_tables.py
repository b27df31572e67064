"""Means over networks, rows and columns of the tables, and what a sample submission refuses."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from trainers.data.spec import DataSpec, SegmentsSpec
from trainers.errors import DataError, SpecError
from trainers.inference.audio import Ensemble, Scored, recordings
from trainers.inference.tables import birdclef_table, csv_table, read_sample, write_table

CLASSES = ("owl", "bat")


def scored(name="a", ends=(5.0, 10.0), seed=0):
    ends = np.array(ends)
    values = np.random.default_rng(seed).random((len(ends), 2))
    return Scored(Path(f"x/{name}.ogg"), ends - 5, ends, values)


def sample(folder, text):
    path = folder / "sample_submission.csv"
    path.write_text(text)
    return path


def member(value, classes=CLASSES, rate=8000, **segments):
    """A network that gives the same probabilities for every second."""
    spec = SimpleNamespace(data=DataSpec(sample_rate=rate), segments=SegmentsSpec(duration_s=1.0, **segments))

    def probabilities(samples):
        n = len(samples) // rate
        return np.arange(n, dtype=float), np.full((n, len(classes)), value)

    return SimpleNamespace(classes=classes, spec=spec, probabilities=probabilities)


def test_probabilities_are_averaged_over_networks_at_their_own_rates(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(3 * 8000), 8000)
    one = Ensemble([member(0.25), member(0.5, rate=4000), member(0.75)]).score(tmp_path / "a.wav")
    np.testing.assert_allclose(one.probabilities, np.full((3, 2), 0.5))
    np.testing.assert_allclose(one.end_s, [1, 2, 3])


def test_networks_of_other_classes_or_windows_have_no_mean():
    with pytest.raises(SpecError, match=r"other classes: cat\. Try: "):
        Ensemble([member(0.5), member(0.5, classes=("owl", "bat", "cat"))])
    with pytest.raises(SpecError, match="other windows"):
        Ensemble([member(0.5), member(0.5, stride=0.5)])


def test_a_folder_means_its_recordings_in_order_each_once(tmp_path):
    for name in ("b.OGG", "a.wav", "notes.txt", ".hidden.wav"):
        (tmp_path / name).touch()
    assert recordings([tmp_path / "b.OGG", tmp_path]) == [tmp_path / "b.OGG", tmp_path / "a.wav"]
    with pytest.raises(DataError, match="no such recording"):
        recordings([tmp_path / "gone"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no recordings in this folder"):
        recordings([tmp_path / "empty"])


def test_every_window_is_a_row_with_its_place_and_reads_back_unchanged(tmp_path):
    one = scored()
    assert write_table(tmp_path / "new" / "t.csv", csv_table([one], CLASSES)) == 2
    with (tmp_path / "new" / "t.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["path", "start_s", "end_s", "owl", "bat"]
    assert [row[:3] for row in rows] == [["x/a.ogg", "0", "5"], ["x/a.ogg", "5", "10"]]
    np.testing.assert_allclose([[float(cell) for cell in row[3:]] for row in rows], one.probabilities, rtol=1e-8)


def test_birdclef_rows_are_named_by_file_and_end_in_seconds():
    header, *rows = birdclef_table([scored("a"), scored("b")], CLASSES)
    assert header == ["row_id", "owl", "bat"]
    assert [row[0] for row in rows] == ["a_5", "a_10", "b_5", "b_10"]


def test_a_sample_fixes_rows_columns_and_their_order(tmp_path):
    one = scored(ends=(5.0, 7.5, 10.0))
    wanted = read_sample(sample(tmp_path, "row_id,bat\na_10,0.5\na_5,0.5\n"))
    rows = list(birdclef_table([one], CLASSES, wanted))
    assert [row[0] for row in rows] == ["row_id", "a_10", "a_5"]
    np.testing.assert_allclose([float(row[1]) for row in rows[1:]], one.probabilities[[2, 0], 1], rtol=1e-8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row_id,bat\nb_5,0\na_5,0\n", r"1 of 2 rows are not predicted, first 'b_5'; 2 are, first 'a_5'"),
        ("row_id,bat,cat\na_5,0,0\n", r":1: 1 of 2 columns are no classes of the runs, first 'cat'"),
        ("row_id,bat\na_5,0\na_5,0\n", r"the row_id 'a_5' is there twice"),
        ("row_id,bat,bat\na_5,0,0\n", r"the column 'bat' is there twice"),
        ("id,bat\na_5,0\n", r":1: want row_id, a column per class"),
        ("row_id,bat\n", r":1: want row_id, a column per class, and rows"),
        ("", r":1: want row_id"),
    ],
)
def test_a_sample_that_cannot_be_filled_is_refused_and_nothing_is_written(tmp_path, text, message):
    path, out = sample(tmp_path, text), tmp_path / "out.csv"
    out.write_text("old")
    with pytest.raises(DataError, match=message):
        write_table(out, birdclef_table([scored()], CLASSES, read_sample(path)))
    assert out.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "sample_submission.csv"]


def test_rows_that_no_row_id_can_name_are_refused():
    with pytest.raises(DataError, match=r"a window ends at 7.5 s"):
        list(birdclef_table([scored(ends=(5.0, 7.5))], CLASSES))
    with pytest.raises(DataError, match=r"row_id 'a_5' is that of"):
        list(birdclef_table([scored(), scored()], CLASSES))
