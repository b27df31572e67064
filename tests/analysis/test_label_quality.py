"""Planted label noise is ranked first, by the numbers of the paper's method."""

import numpy as np
import pytest
from cleanlab.multilabel_classification import filter as find
from cleanlab.multilabel_classification import rank
from sklearn.metrics import roc_auc_score

from analysis.errors import UserError
from analysis.label_quality import label_quality


def noisy(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Given labels, probabilities of a good model, and whose labels were flipped (5 % of the clips)."""
    rng = np.random.default_rng(seed)
    true = rng.random((600, 8)) < 0.15
    true[np.arange(600), rng.integers(0, 8, 600)] = True
    logits = 4 * (2 * true - 1) - rng.uniform(0, 3, 8) + rng.normal(0, 1.5, true.shape)
    flipped = rng.random(600) < 0.05
    given = true.copy()
    for clip in np.flatnonzero(flipped):
        wrong, missing = rng.choice(np.flatnonzero(~true[clip])), rng.choice(np.flatnonzero(true[clip]))
        given[clip, [wrong, missing]] = True, False
    return given, 1 / (1 + np.exp(-logits)), flipped


def own_quality(given: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Loops over the definitions: adjusted self-confidence of each binary label, then their moving average."""
    labels = np.empty(given.shape)
    for c in range(given.shape[1]):
        both = np.stack([1 - probabilities[:, c], probabilities[:, c]], 1)
        threshold = [both[given[:, c] == value, value].mean() for value in (0, 1)]
        adjusted = both - threshold + max(threshold)
        adjusted /= adjusted.sum(1, keepdims=True)
        labels[:, c] = adjusted[np.arange(len(given)), given[:, c].astype(int)]
    clips = np.empty(len(given))
    for i, row in enumerate(labels):
        best_first = sorted(row, reverse=True)
        average = best_first[0]
        for value in best_first[1:]:
            average = 0.8 * value + 0.2 * average
        clips[i] = average
    return clips, labels


def test_flipped_labels_come_first() -> None:
    given, probabilities, flipped = noisy()
    quality = label_quality(given, probabilities)
    assert roc_auc_score(flipped, -quality.clips) > 0.97
    first = np.argsort(quality.clips)[: flipped.sum()]
    assert flipped[first].mean() > 0.75
    assert quality.suspected[flipped].any(axis=1).mean() > 0.8
    assert quality.suspected[~flipped].any(axis=1).mean() < 0.1


def test_quality_is_the_published_one() -> None:
    given, probabilities, _ = noisy(1)
    quality = label_quality(given, probabilities)
    clips, labels = own_quality(given, probabilities)
    np.testing.assert_allclose(quality.labels, labels, atol=1e-9)
    np.testing.assert_allclose(quality.clips, clips, atol=1e-9)


def test_the_wrong_and_the_missing_label_are_named() -> None:
    given, probabilities, _ = noisy(2)
    clip = int(np.flatnonzero((given.sum(1) == 1) & ((probabilities > 0.5) == given).all(1))[0])
    right = int(np.flatnonzero(given[clip])[0])
    wrong = (right + 1) % 8
    given[clip, [right, wrong]] = False, True
    assert set(label_quality(given, probabilities).suspects(clip)) == {right, wrong}


def test_a_clip_that_nothing_speaks_against_has_its_weakest_label_named() -> None:
    given, probabilities, _ = noisy(3)
    quality = label_quality(given, probabilities)
    clip = int(np.argmax(quality.clips))
    assert quality.suspects(clip) == [int(np.argmin(quality.labels[clip]))]


@pytest.mark.parametrize("rows", [[[True, False]] * 3, [[False, False]] * 3, [[True, True]]])
def test_too_little_to_learn_from_is_said(rows: list[list[bool]]) -> None:
    with pytest.raises(UserError, match="all labelled alike"):
        label_quality(np.array(rows), np.full((len(rows), 2), 0.5))


def test_a_class_that_no_clip_has_is_found_missing() -> None:
    given, probabilities, _ = noisy(4)
    given[:, 0], given[:, 1], probabilities[:, 0] = False, True, 0.1
    probabilities[7, 0] = 0.999
    quality = label_quality(given, probabilities)
    assert quality.labels[7, 0] == pytest.approx(0.001)
    assert np.isfinite(quality.clips).all()


def test_it_is_what_cleanlab_makes_of_several_labels() -> None:
    given, probabilities, _ = noisy(5)
    lists = [np.flatnonzero(row).tolist() for row in given]
    how = {"method": "exponential_moving_average", "alpha": 0.8}
    quality = label_quality(given, probabilities)
    expected = rank.get_label_quality_scores(lists, probabilities, adjust_pred_probs=True, aggregator_kwargs=how)
    np.testing.assert_allclose(quality.clips, expected)
    issues = find.find_multilabel_issues_per_class(lists, probabilities, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(quality.suspected, issues)


def test_nan_is_refused() -> None:
    with pytest.raises(UserError, match="got NaN"):
        label_quality(np.eye(2, dtype=bool), np.full((2, 2), np.nan))
