"""One row per clip, from windows, folds and repeats, against a plain loop; what contradicts itself is refused."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.errors import RecordsError
from analysis.records.clip_scores import read_clip_scores
from analysis.records.predictions import Predictions, write_predictions

CLASSES = ("owl", "wren")


def store(path, ids, logits, truth, **other):
    subset, activation = other.get("subset", "val"), other.get("activation", "sigmoid")
    part = Predictions(subset, tuple(ids), np.arange(len(ids)) * 5.0, np.asarray(logits, np.float32), truth)
    write_predictions(path, [part], other.get("classes", CLASSES), activation)
    return path


def test_windows_folds_and_repeats_become_one_row_per_clip(tmp_path):
    first = store(tmp_path / "0", "bba", [[0, 2], [2, -2], [1, 0]], np.array([[1, 0], [1, 0], [0, 1]]))
    again = store(tmp_path / "1", "ba", [[4, 0], [-1, 0]], np.array([[1, 0], [0, 1]]))
    other = store(tmp_path / "2", "c", [[3, 3]], np.array([[1, 1]]))
    clips = read_clip_scores([first, again, other])
    p = lambda logit: 1 / (1 + np.exp(-logit))  # noqa: E731
    assert clips.clip_ids == ("a", "b", "c")
    assert clips.positive.tolist() == [[False, True], [True, False], [True, True]]
    b = [((p(0) + p(2)) / 2 + p(4)) / 2, ((p(2) + p(-2)) / 2 + p(0)) / 2]
    assert clips.probabilities == pytest.approx(np.array([[(p(1) + p(-1)) / 2, 0.5], b, [p(3), p(3)]]))


def test_a_softmax_is_applied_where_the_run_had_one(tmp_path):
    path = store(tmp_path / "0", "a", [[1, 3]], np.array([[0, 1]]), activation="softmax")
    assert read_clip_scores([path]).probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ids": "a", "truth": np.array([[0, 1]])}, "a has other labels"),
        ({"classes": ("owl", "kite")}, "other classes"),
        ({"subset": "rerender"}, "no labelled predictions of 'val'. Labelled there: rerender"),
        ({"truth": None}, "Nothing is labelled there"),
    ],
)
def test_files_that_contradict_each_other_are_refused(tmp_path, change, said):
    usual = {"ids": "b", "logits": [[0, 0]], "truth": np.array([[1, 0]])}
    first = store(tmp_path / "0", "a", [[0, 0]], np.array([[1, 0]]))
    with pytest.raises(RecordsError, match=said):
        read_clip_scores([first, store(tmp_path / "1", **{**usual, **change})])


def test_what_is_no_file_of_predictions_is_said(tmp_path):
    (tmp_path / "text").write_text("nothing")
    for path, said in ((tmp_path / "missing", "no predictions are stored"), (tmp_path / "text", "can be read")):
        with pytest.raises(RecordsError, match=said):
            read_clip_scores([path])
    with pytest.raises(RecordsError, match="no stored predictions"):
        read_clip_scores([])


def test_a_file_that_does_not_say_its_activation_needs_one(tmp_path):
    path = store(tmp_path / "0", "a", [[1, 3]], np.array([[0, 1]]))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"classes": table.schema.metadata[b"classes"]}), path)
    with pytest.raises(RecordsError, match="activation"):
        read_clip_scores([path])
    assert read_clip_scores([path], activation="softmax").probabilities.sum() == pytest.approx(1)
