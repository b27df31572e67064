"""Metrics that scikit-learn does not have, against their published definitions in plain loops."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from analysis.metrics import METRICS, as_case, evaluate

Drawn = tuple[np.ndarray, np.ndarray]


def _drawn(classes: int, seed: int, ties: bool = True) -> Drawn:
    rng = np.random.default_rng(seed)
    targets = rng.random((80, classes)) < rng.uniform(0.05, 0.6)
    return targets, np.round(rng.random(targets.shape), 1) if ties else rng.random(targets.shape)


def _draws(ties: bool = True) -> Iterator[Drawn]:
    for seed in range(12):
        yield _drawn(2 + seed % 7, seed, ties)


# --- BirdCLEF 2023: padded cmAP ---


def test_cmap_is_the_macro_average_precision_after_five_rows_of_ones() -> None:
    for targets, scores in _draws():
        pad = np.ones((5, targets.shape[1]))
        expected = average_precision_score(np.vstack([targets, pad]), np.vstack([scores, pad]), average="macro")
        assert evaluate(targets, scores)["cmap"] == pytest.approx(expected, abs=1e-12)


def test_cmap_counts_an_absent_class_with_about_one_as_published() -> None:
    targets, scores = _drawn(3, 5, ties=False)
    targets[:, 0] = False
    alone = evaluate(targets[:, 1:], scores[:, 1:])["cmap"]
    assert evaluate(targets, scores)["cmap"] == pytest.approx((2 * alone + 1.0) / 3, abs=1e-12)


# --- Freesound 2018: MAP@3 ---


def _kaggle_apk(actual: list[int], ranked: list[int], k: int = 3) -> float:
    hits, total = 0, 0.0
    for position, guess in enumerate(ranked[:k], 1):
        if guess in actual:
            hits += 1
            total += hits / position
    return total / min(len(actual), k)


def test_map_at_3_is_kaggles_mean_over_labelled_rows() -> None:
    for targets, scores in _draws(ties=False):
        rows = [(np.flatnonzero(t), np.argsort(-s)) for t, s in zip(targets, scores, strict=True) if t.any()]
        expected = np.mean([_kaggle_apk(actual.tolist(), ranked.tolist()) for actual, ranked in rows])
        assert evaluate(targets, scores)["map_at_3"] == pytest.approx(expected, abs=1e-12)


def test_map_at_3_ranks_false_classes_first_where_scores_tie() -> None:
    for targets, scores in _draws():
        rows = [(np.flatnonzero(t), np.lexsort((t, -s))) for t, s in zip(targets, scores, strict=True) if t.any()]
        expected = np.mean([_kaggle_apk(actual.tolist(), ranked.tolist()) for actual, ranked in rows])
        assert evaluate(targets, scores)["map_at_3"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("place", "value"), [(1, 1.0), (2, 1 / 2), (3, 1 / 3), (4, 0.0)])
def test_map_at_3_of_one_label_is_the_reciprocal_of_its_rank(place: int, value: float) -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]])
    targets = np.zeros((1, 5))
    targets[0, place - 1] = 1.0
    assert evaluate(targets, scores)["map_at_3"] == pytest.approx(value)


@pytest.mark.parametrize("name", ["map_at_3", "lwlrap", "top1_accuracy"])
def test_rows_without_labels_do_not_count_in_what_ranks_labels(name: str) -> None:
    targets, scores = _drawn(6, 3)
    empty = np.zeros((30, 6))
    more = np.vstack([empty, targets]), np.vstack([np.random.default_rng(0).random((30, 6)), scores])
    assert evaluate(*more)[name] == pytest.approx(evaluate(targets, scores)[name], abs=1e-12)


def test_a_constant_score_ranks_nothing() -> None:
    targets = np.eye(10)
    values = evaluate(targets, np.full((10, 10), 0.3))
    assert values["map_at_3"] == 0.0
    assert values["top1_accuracy"] == 0.0
    assert values["lwlrap"] == pytest.approx(0.1)


def test_labels_ranked_in_blocks_are_ranked_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, scores = _drawn(7, 11)
    at_once = evaluate(targets, scores)
    monkeypatch.setattr("analysis.metrics.label_ranks._BLOCK", 30)
    assert evaluate(targets, scores) == pytest.approx(at_once, abs=0, nan_ok=True)


# --- top-1 accuracy ---


def test_top1_accuracy_is_the_share_of_labelled_rows_whose_highest_score_is_a_label() -> None:
    for targets, scores in _draws(ties=False):
        hits = [t[np.argmax(s)] for t, s in zip(targets, scores, strict=True) if t.any()]
        assert evaluate(targets, scores)["top1_accuracy"] == pytest.approx(np.mean(hits), abs=1e-12)


# --- LWLRAP as its authors wrote it down: retrieve class by class, add up precision at each hit ---


def test_lwlrap_is_the_mean_precision_at_every_hit() -> None:
    for targets, scores in _draws(ties=False):
        precisions = []
        for truth, row in zip(targets, scores, strict=True):
            ranked = np.argsort(-row)
            hits = np.cumsum(truth[ranked])
            precisions += [hits[k] / (k + 1) for k in range(len(row)) if truth[ranked[k]]]
        assert evaluate(targets, scores)["lwlrap"] == pytest.approx(np.mean(precisions), abs=1e-12)


# --- ICBHI 2017 ---


def _icbhi(targets: np.ndarray, scores: np.ndarray) -> float:
    kinds = {(0, 0): "normal", (1, 0): "crackle", (0, 1): "wheeze", (1, 1): "both"}
    right, all_of = dict.fromkeys(kinds.values(), 0), dict.fromkeys(kinds.values(), 0)
    for truth, row in zip(targets, scores, strict=True):
        actual = kinds[int(truth[0]), int(truth[1])]
        all_of[actual] += 1
        right[actual] += actual == kinds[int(row[0] > 0.5), int(row[1] > 0.5)]
    abnormal = ("crackle", "wheeze", "both")
    sensitivity = sum(right[kind] for kind in abnormal) / sum(all_of[kind] for kind in abnormal)
    return (sensitivity + right["normal"] / all_of["normal"]) / 2


def test_icbhi_score_is_the_mean_of_sensitivity_and_specificity_over_four_classes() -> None:
    for seed in range(12):
        targets, scores = _drawn(2, seed)
        assert evaluate(targets, scores)["icbhi_score"] == pytest.approx(_icbhi(targets, scores), abs=1e-12)


def test_wheeze_taken_for_crackle_is_no_sensitivity_though_both_are_abnormal() -> None:
    targets = np.array([[0, 1], [0, 0]])
    assert evaluate(targets, np.array([[0.9, 0.1], [0.1, 0.1]]))["icbhi_score"] == 0.5


@pytest.mark.parametrize("targets", [np.eye(4)[:, :3], np.eye(2)[:, :1], np.eye(2), np.zeros((2, 2))])
def test_icbhi_score_needs_two_labels_and_both_kinds_of_cycles(targets: np.ndarray) -> None:
    assert np.isnan(evaluate(targets, np.full(targets.shape, 0.1))["icbhi_score"])


# --- temporal consistency ---


def _consistency(targets: np.ndarray, scores: np.ndarray, recording: np.ndarray, start_s: np.ndarray) -> float:
    shares = []
    for label in np.flatnonzero(targets.any(axis=0)):
        agree = pairs = 0
        for one in np.unique(recording):
            rows = sorted(np.flatnonzero(recording == one), key=lambda row: start_s[row])
            for a, b in pairwise(rows):
                pairs += 1
                agree += (scores[a, label] > 0.5) == (scores[b, label] > 0.5)
        shares.append(agree / pairs)
    return float(np.mean(shares))


def test_temporal_consistency_is_the_agreement_of_neighbours_within_recordings() -> None:
    rng = np.random.default_rng(0)
    for targets, scores in _draws():
        targets[:, 0] = False  # absent: skipped
        recording, start_s = rng.integers(0, 9, len(targets)), rng.permutation(len(targets)) / 4
        value = evaluate(targets, scores, (recording, start_s))["temporal_consistency"]
        assert value == pytest.approx(_consistency(targets, scores, recording, start_s), abs=1e-12)


def test_the_last_row_of_a_recording_is_no_neighbour_of_the_first_of_the_next() -> None:
    targets, scores = np.ones((4, 1)), np.array([[0.9], [0.9], [0.1], [0.1]])
    value = evaluate(targets, scores, (np.array([0, 0, 1, 1]), np.array([0.0, 1.0, 0.0, 1.0])))
    assert value["temporal_consistency"] == 1.0


def test_some_rows_keep_their_places_in_the_recordings() -> None:
    targets, scores = _drawn(3, 2)
    sequence = np.arange(len(targets)) // 8, np.arange(len(targets)) * 1.0
    kept = np.random.default_rng(0).random(len(targets)) < 0.6
    part = METRICS["temporal_consistency"].compute(as_case(targets, scores, sequence).of_rows(kept))
    recording, start_s = sequence[0][kept], sequence[1][kept]
    assert part == pytest.approx(_consistency(targets[kept], scores[kept], recording, start_s), abs=1e-12)


def test_temporal_consistency_needs_an_order_and_neighbours() -> None:
    targets, scores = _drawn(3, 1)
    assert np.isnan(evaluate(targets, scores)["temporal_consistency"])
    alone = np.arange(len(targets)), np.zeros(len(targets))
    assert np.isnan(evaluate(targets, scores, alone)["temporal_consistency"])
