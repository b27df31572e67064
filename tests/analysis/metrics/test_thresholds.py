"""Thresholds tuned on training rows reach the best F1 there is, and are told apart from the rows they score."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from analysis.metrics import evaluate, per_class_f1, tune_thresholds, tuned_scores


def _drawn(seed: int, levels: int | None = None, dtype: type = np.float32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.random((90, 5)) < [0.02, 0.1, 0.3, 0.5, 0.9]
    targets[0] = True
    scores = np.clip(0.25 * rng.random(targets.shape) + 0.2 * targets * rng.random(targets.shape), 0, 1)
    return targets, (scores if levels is None else np.round(scores * levels) / levels).astype(dtype)


def _best_f1(truth: np.ndarray, scores: np.ndarray) -> float:
    """Over every cut between two distinct scores, and below all."""
    return max(_f1(truth, scores >= cut) for cut in np.unique(scores))


def _f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    return 2 * int((truth & predicted).sum()) / int(truth.sum() + predicted.sum())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("levels", [None, 7, 1])
def test_no_threshold_reaches_a_higher_f1(levels: int | None, dtype: type) -> None:
    for seed in range(5):
        targets, scores = _drawn(seed, levels, dtype)
        thresholds = tune_thresholds(targets, scores)
        for label, threshold in enumerate(thresholds):
            reached = _f1(targets[:, label], scores[:, label].astype(float) > threshold)
            assert reached == pytest.approx(_best_f1(targets[:, label], scores[:, label]), abs=1e-12)


def test_tuning_never_loses_against_one_half_on_the_rows_it_saw() -> None:
    targets, scores = _drawn(9)
    tuned = tuned_scores(targets, scores, tune_thresholds(targets, scores))
    assert tuned["macro_f1@tuned"] > evaluate(targets, scores)["macro_f1"] + 0.1


@pytest.mark.parametrize("scores", [[0.0, 0.0], [1.0, 1.0], [0.3, 0.3], [0.0, 1.0], [1e-45, 0.0]])
def test_thresholds_at_the_ends_still_decide_right(scores: list[float]) -> None:
    column = np.array(scores, dtype=np.float32)[:, None]
    threshold = tune_thresholds(np.array([[True], [True]]), column)
    assert (column > threshold).all()


@pytest.mark.parametrize("low", [0.7, np.nextafter(0.7, 1.0)])
def test_neighbouring_floats_are_told_apart(low: float) -> None:
    scores = np.array([[np.nextafter(low, 1.0)], [low]])
    assert (scores > tune_thresholds(np.array([[True], [False]]), scores)).ravel().tolist() == [True, False]


def test_the_threshold_lies_between_the_scores_it_divides() -> None:
    scores = np.array([[0.8], [0.6], [0.2], [0.1]])
    assert tune_thresholds(np.array([[1], [1], [0], [0]]), scores) == pytest.approx([0.4])


def test_of_thresholds_with_the_same_f1_the_highest_is_taken() -> None:
    scores = np.array([[0.8], [0.6], [0.4], [0.2]])  # 2 / 3 with one hit of one, and with two of four
    assert tune_thresholds(np.array([[1], [0], [0], [1]]), scores) == pytest.approx([0.7])


def test_a_class_without_positives_keeps_one_half() -> None:
    targets, scores = _drawn(1)
    targets[:, 2] = False
    thresholds = tune_thresholds(targets, scores)
    assert thresholds[2] == 0.5
    assert np.isfinite(thresholds).all()


def test_tuned_scores_agree_with_sklearn_and_skip_absent_classes() -> None:
    thresholds = tune_thresholds(*_drawn(2))
    targets, scores = _drawn(3)
    targets[:, 0] = False
    predicted, occurring = scores > thresholds, [1, 2, 3, 4]
    values = tuned_scores(targets, scores, thresholds)
    macro = {"average": "macro", "labels": occurring, "zero_division": 0}
    assert values == pytest.approx(
        {
            "macro_f1@tuned": f1_score(targets, predicted, **macro),
            "micro_f1@tuned": f1_score(targets, predicted, average="micro"),
            "macro_precision@tuned": precision_score(targets, predicted, **macro),
            "macro_recall@tuned": recall_score(targets, predicted, **macro),
        },
        abs=1e-12,
    )


def test_thresholds_of_one_half_give_the_untuned_scores() -> None:
    targets, scores = _drawn(4)
    scores = scores * 2
    assert tuned_scores(targets, scores, np.full(5, 0.5))["macro_f1@tuned"] == np.nanmean(per_class_f1(targets, scores))


def test_thresholds_of_other_classes_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"thresholds must have the shape \(5,\), got \(4,\)"):
        tuned_scores(*_drawn(0), np.full(4, 0.5))
