"""Labelled target windows: read strictly, scored as scikit-learn does, and worth more the more there are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from analysis.errors import UserError
from analysis.selection.labelled_target import label_curve, match_labels
from analysis.selection.pool import Windows
from analysis.selection.target_labels import TargetLabels, read_target_labels

CLASSES = ("a", "b", "c", "never")
RECORDINGS, PER_RECORDING = 40, 6
NOISE = {"good": 0.3, "fair": 0.7, "poor": 1.4, "bad": 3.0}


@pytest.fixture(scope="module")
def labels() -> TargetLabels:
    rng, n = np.random.default_rng(0), RECORDINGS * PER_RECORDING
    targets = np.column_stack([rng.random((n, 3)) < 0.2, np.zeros(n, bool)])
    return TargetLabels(
        tuple(f"r{row // PER_RECORDING}" for row in range(n)), np.arange(n) % PER_RECORDING * 5.0, targets
    )


@pytest.fixture(scope="module")
def windows(labels) -> dict[str, Windows]:
    """Runs that know the labels with more and more noise, in another order of windows, with one that has no label."""
    rng, order = np.random.default_rng(1), np.random.default_rng(2).permutation(len(labels.clip_ids))
    ids = (*np.array(labels.clip_ids)[order], "unlabelled")
    starts = np.append(labels.start_s[order], 0.0).astype(np.float32)
    truth = np.vstack([labels.targets[order], np.zeros((1, 4))])
    return {
        run: Windows(ids, starts, truth + noise * rng.normal(size=truth.shape), None) for run, noise in NOISE.items()
    }


def test_scores_are_scikit_learns_over_the_classes_with_both(labels, windows):
    score = match_labels(windows, labels).score()
    places = {key: row for row, key in enumerate(zip(windows["fair"].clip_ids, windows["fair"].start_s, strict=True))}
    rows = [places[key] for key in zip(labels.clip_ids, labels.start_s, strict=True)]
    own = windows["fair"].probabilities[rows]
    assert score["fair"] == pytest.approx(np.mean([roc_auc_score(labels.targets[:, k], own[:, k]) for k in range(3)]))
    assert list(score.sort_values(ascending=False).index) == list(NOISE)


def test_more_labels_agree_more_and_lose_less(labels, windows):
    rng = np.random.default_rng(3)
    runs = {f"{k}": windows["good"] for k in range(8)}
    runs = {
        name: Windows(own.clip_ids, own.start_s, own.probabilities + (0.9 + 0.04 * k) * rng.normal(size=(241, 4)), None)
        for k, (name, own) in enumerate(runs.items())
    }
    curve = label_curve(match_labels(runs, labels), sizes=[12, 60, 240])
    agreement = [one.spearman for one in curve]
    assert agreement == sorted(agreement) and agreement[0] < 0.8
    assert (curve[-1].spearman, curve[-1].low, curve[-1].regret) == (pytest.approx(1), pytest.approx(1), 0)
    assert curve[0].regret > curve[1].regret > 0
    assert curve[0].low < curve[0].spearman < curve[0].high


def test_the_curve_goes_by_dozens_and_may_be_held_against_another_truth(labels, windows):
    scored = match_labels(windows, labels)
    reverse = pd.Series([1.0, 2.0, 3.0, 4.0], list(NOISE))
    curve = label_curve(scored, reverse, draws=2)
    assert [one.windows for one in curve] == list(range(12, 241, 12))
    assert curve[-1].spearman == pytest.approx(-1)
    assert curve[-1].regret == pytest.approx(3)
    assert label_curve(scored, reverse.iloc[:2]) == ()


def test_draws_take_whole_recordings(labels, windows, monkeypatch):
    scored, seen = match_labels(windows, labels), []
    monkeypatch.setattr(type(scored), "macro_auc", lambda _, rows: seen.append(rows) or np.arange(4.0))
    label_curve(scored, pd.Series(np.arange(4.0), list(NOISE)), sizes=[20], draws=3)
    assert len(seen) == 3
    for rows in seen:
        names, counts = np.unique(np.array(labels.clip_ids)[rows], return_counts=True)
        assert len(names) == 4 and set(counts) == {PER_RECORDING}  # 24 windows: the first whole recordings past 20


def test_tables_and_lists_are_read_alike(tmp_path: Path):
    rows = pd.DataFrame({"clip_id": ["1", "1", "2"], "start_s": [0.0, 5.0, 0.0], "labels": [["a", "b"], [], ["c"]]})
    rows.to_parquet(tmp_path / "l.parquet")
    (tmp_path / "l.csv").write_text("clip_id,start_s,labels\n1,0,a; b\n1,5,\n2,0.0,c\n")
    for name in ("l.parquet", "l.csv"):
        found = read_target_labels(tmp_path / name, CLASSES)
        assert found.clip_ids == ("1", "1", "2")
        assert found.start_s.tolist() == [0, 5, 0]
        assert found.targets.astype(int).tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip,labels\n", "without clip_id, start_s, got: clip, labels"),
        ("clip_id,start_s,labels\nr,0,a b\n", "row 1: 'a b' is no class"),
        ("clip_id,start_s,labels\nr,0,a\nr,x,a\n", "row 2: start_s is 'x'"),
        ("clip_id,start_s,labels\nr,0,a\nr,0.0,b\n", "the window of r at 0 s is there twice"),
        ("", "can't be read as a table"),
    ],
)
def test_a_bad_table_is_said_where(tmp_path, text, said):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        read_target_labels(tmp_path / "l.csv", CLASSES)


def test_a_window_that_nobody_predicts_is_said(labels, windows):
    strange = TargetLabels(("r0", "elsewhere"), np.array([0.0, 0.0]), labels.targets[:2])
    with pytest.raises(UserError, match=r"1 of 2 labelled windows .* first: elsewhere at 0 s"):
        match_labels(windows, strange)
    with pytest.raises(UserError, match="no run stored predictions of the target"):
        match_labels({}, labels)
