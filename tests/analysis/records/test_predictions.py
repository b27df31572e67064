"""Stored logits come back as they were, to float16."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.records.predictions import (
    Predictions,
    as_probabilities,
    read_activation,
    read_predictions,
    write_predictions,
)

CLASSES = ("owl", "<script>", "=1+1", "two\nlines", "Zaunkönig")


def part(subset: str, windows: int, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    ids = tuple(f"clip {i // 2}" for i in range(windows))
    return Predictions(
        subset, ids, np.arange(windows) * 2.5, rng.normal(0, 8, (windows, len(CLASSES))).astype(np.float32)
    )


@pytest.mark.parametrize("sizes", [[5], [5, 3], [1, 1, 1]])
def test_parts_come_back_in_order_with_their_subsets(tmp_path, sizes):
    parts = [part(f"subset {i}", size, i) for i, size in enumerate(sizes)]
    write_predictions(tmp_path / "p.parquet", parts, CLASSES)
    read, classes = read_predictions(tmp_path / "p.parquet")
    assert classes == CLASSES
    assert [p.subset for p in read] == [p.subset for p in parts]
    for ours, theirs in zip(read, parts, strict=True):
        assert ours.clip_ids == theirs.clip_ids
        np.testing.assert_array_equal(ours.start_s, theirs.start_s.astype(np.float32))
        np.testing.assert_array_equal(ours.logits, theirs.logits.astype(np.float16).astype(np.float32))


def test_logits_beyond_float16_stay_finite_and_in_order(tmp_path):
    logits = np.array([[-1e9, -7e4, 0, 7e4, 1e9]], np.float32)
    write_predictions(tmp_path / "p.parquet", [Predictions("val", ("a",), np.zeros(1), logits)], CLASSES)
    ((read,), _) = read_predictions(tmp_path / "p.parquet")
    assert np.isfinite(read.logits).all()
    assert (np.diff(read.logits[0]) >= 0).all()


def test_many_windows_over_many_row_groups_come_back(tmp_path):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(70_000, 2)).astype(np.float16).astype(np.float32)
    big = Predictions("val", tuple(map(str, range(70_000))), np.zeros(70_000), logits)
    write_predictions(tmp_path / "p.parquet", [big], ("a", "b"))
    table = pq.read_table(tmp_path / "p.parquet")
    pq.write_table(table, tmp_path / "groups.parquet", row_group_size=1000)
    ((read,), _) = read_predictions(tmp_path / "groups.parquet")
    np.testing.assert_array_equal(read.logits, logits)


def test_a_flipped_bit_is_noticed(tmp_path, flip):
    write_predictions(tmp_path / "p.parquet", [part("val", 400)], CLASSES)
    flip(tmp_path / "p.parquet", 8 * 3000)
    with pytest.raises(OSError):
        read_predictions(tmp_path / "p.parquet")


def test_the_activation_is_stored_and_is_scipys(tmp_path):
    write_predictions(tmp_path / "p.parquet", [part("val", 4)], CLASSES, "softmax")
    assert read_activation(tmp_path / "p.parquet") == "softmax"
    logits = np.random.default_rng(0).normal(size=(5, 3))
    assert as_probabilities(logits, "softmax").sum(1) == pytest.approx(1)
    assert as_probabilities(logits, "sigmoid") == pytest.approx(1 / (1 + np.exp(-logits)))


def test_labels_come_back_with_their_part_alone(tmp_path):
    labels = np.eye(len(CLASSES))[[0, 1]]
    labelled = Predictions("val", ("a", "b"), np.zeros(2), np.zeros((2, len(CLASSES)), np.float32), labels)
    write_predictions(tmp_path / "p.parquet", [labelled, part("target", 3)], CLASSES)
    val, target = read_predictions(tmp_path / "p.parquet")[0]
    assert (val.targets == labels).all()
    assert target.targets is None
