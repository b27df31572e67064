"""Scores of unlabelled predictions against their definitions written out, and scipy."""

import numpy as np
import pytest
from scipy.stats import bernoulli, spearmanr

from analysis.proxies.agreement import rank_agreement, top1_agreement
from analysis.proxies.unlabelled import UNLABELLED, Unlabelled, neighbours

RNG = np.random.default_rng(0)
VAL, TARGET = RNG.random((40, 5)), RNG.random((60, 5)) ** 2
LABELS = (RNG.random((40, 5)) < 0.3).astype(float)
PAIRS = neighbours(np.repeat(np.arange(10), 6), np.tile(np.arange(6.0), 10))
CASE = Unlabelled(TARGET, PAIRS, VAL, LABELS)
UNCHANGED = Unlabelled(VAL[LABELS.any(1)], PAIRS[:0], VAL, LABELS)


def accuracy() -> float:
    right = [labels[scores.argmax()] for labels, scores in zip(LABELS, VAL, strict=True) if labels.any()]
    return sum(right) / len(right)


@pytest.mark.parametrize("name", UNLABELLED)
def test_every_score_says_where_it_is_from_and_is_a_number(name):
    score = UNLABELLED[name]
    assert np.isfinite(score(CASE))
    assert score.__doc__
    assert any(mark in score.__doc__ for mark in ("19", "20", "windows that follow"))


def test_entropy_is_scipys():
    expected = -np.mean([bernoulli.entropy(p) for p in TARGET.ravel()])
    assert UNLABELLED["negative_entropy"](CASE) == pytest.approx(expected, abs=1e-9)


def test_certain_predictions_have_no_entropy():
    sure = Unlabelled(np.eye(5)[RNG.integers(5, size=20)], PAIRS[:0], VAL, LABELS)
    assert UNLABELLED["negative_entropy"](sure) == pytest.approx(0, abs=1e-5)
    assert UNLABELLED["confidence"](sure) == 1


def test_without_a_shift_atc_and_doc_are_the_accuracy():
    assert UNLABELLED["atc"](UNCHANGED) == pytest.approx(accuracy(), abs=1 / 20)
    assert UNLABELLED["doc"](UNCHANGED) == pytest.approx(accuracy(), abs=1e-9)


def test_atc_counts_windows_above_the_threshold_that_splits_validation():
    known = VAL[LABELS.any(1)].max(1)
    wrong = 1 - accuracy()
    threshold = sorted(known)[round(wrong * (len(known) - 1))]
    expected = np.mean([row.max() >= threshold for row in TARGET])
    assert UNLABELLED["atc"](CASE) == pytest.approx(expected, abs=2 / len(TARGET))


def test_without_labels_there_is_no_accuracy_to_estimate():
    silent = Unlabelled(TARGET, PAIRS, VAL, np.zeros_like(LABELS))
    assert np.isnan(UNLABELLED["atc"](silent))
    assert np.isnan(UNLABELLED["doc"](silent))


def test_the_nuclear_norm_is_that_of_the_rows_by_singular_values():
    rows = TARGET / TARGET.sum(1, keepdims=True)
    expected = np.linalg.svd(rows, compute_uv=False).sum() / np.sqrt(5 * 60)
    assert UNLABELLED["nuclear_norm"](CASE) == pytest.approx(expected, rel=1e-9)
    diverse = Unlabelled(np.tile(np.eye(5), (12, 1)), PAIRS, VAL, LABELS)
    assert UNLABELLED["nuclear_norm"](diverse) == pytest.approx(1)


def test_neighbours_follow_each_other_in_one_recording():
    pairs = neighbours(np.array(["b", "a", "b", "a", "c"]), np.array([5.0, 0.0, 0.0, 5.0, 0.0]))
    assert sorted(map(tuple, pairs.tolist())) == [(1, 3), (2, 0)]


def test_rank_agreement_is_the_mean_of_spearmans_correlations():
    a, b = TARGET, TARGET + RNG.normal(0, 0.3, TARGET.shape)
    expected = np.mean([spearmanr(a[:, k], b[:, k])[0] for k in range(5)])
    assert rank_agreement(a, b) == pytest.approx(expected, abs=1e-12)
    constant = np.concatenate([b, np.ones((60, 1))], 1)
    assert rank_agreement(np.concatenate([a, a[:, :1]], 1), constant) == pytest.approx(expected, abs=1e-12)


def test_top1_agreement_counts_equal_winners():
    assert top1_agreement(np.eye(4), np.eye(4)[[0, 1, 3, 2]]) == 0.5
