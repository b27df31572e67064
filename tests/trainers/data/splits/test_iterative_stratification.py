"""Iterative stratification: every fold has its share of every label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from trainers.data.spec import SplitSpec
from trainers.data.splits import assign_folds
from trainers.data.splits.iterative import iterative_stratification


def dealt(counts, shares, seed=0, sizes=None):
    counts = np.asarray(counts, np.int64)
    sizes = np.ones(len(counts), np.int64) if sizes is None else sizes
    return iterative_stratification(counts, sizes, np.asarray(shares), np.random.default_rng(seed))


def per_fold(counts, folds, k):
    """(folds, labels) clips of each label in each fold."""
    return np.stack([np.asarray(counts)[folds == fold].sum(0) for fold in range(k)])


def skewed_labels(seed=0, n=1000, n_labels=30):
    """Clips of one to four labels, of which the most frequent is in half of the clips and the rarest in ten."""
    rng = np.random.default_rng(seed)
    p = np.geomspace(0.5, 10 / n, n_labels)
    return rng.random((n, n_labels)) < p


def label_distribution(counts, folds, k):
    """Sechidis et al. (2011), eq. 1: how far a label's odds in a fold are from its odds in all, on average."""
    counts = np.asarray(counts)
    total = 0.0
    for label in range(counts.shape[1]):
        positive = counts[:, label].sum()
        for fold in range(k):
            inside = counts[folds == fold, label]
            total += abs(inside.sum() / (len(inside) - inside.sum()) - positive / (len(counts) - positive)) / k
    return total / counts.shape[1]


def test_the_worked_example_has_the_folds_of_the_algorithm():
    """The rare label 0 goes first, one clip to each side; of label 1 the side that got none then lacks most."""
    counts = [[1, 1], [1, 0], [0, 1], [0, 1], [0, 1]]
    for seed in range(20):
        folds = dealt(counts, [0.5, 0.5], seed)
        assert folds[0] != folds[1]
        assert (folds[2:] == folds[0]).sum() == 1  # two of label 1 on each side
    assert len({tuple(dealt(counts, [0.5, 0.5], seed)) for seed in range(20)}) > 1


@pytest.mark.parametrize("k", [2, 3, 5])
def test_of_every_label_each_fold_has_a_kth(k):
    counts = skewed_labels()
    found = per_fold(counts, dealt(counts, np.full(k, 1 / k)), k)
    assert np.abs(found - counts.sum(0) / k).max() <= 2
    rarest = counts.sum(0).argmin()
    assert np.ptp(found[:, rarest]) <= 1


def test_labels_are_spread_much_better_than_at_random():
    counts, k = skewed_labels(1), 5
    at_random = np.empty(len(counts), int)
    for fold, (_, held_out) in enumerate(KFold(k, shuffle=True, random_state=0).split(counts)):
        at_random[held_out] = fold
    ours = label_distribution(counts, dealt(counts, np.full(k, 1 / k)), k)
    assert ours < 0.2 * label_distribution(counts, at_random, k)


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 6), min_size=6, max_size=80),
    shares=st.sampled_from([[0.5, 0.5], [0.2, 0.8], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.2, 0.2]]),
    seed=st.integers(0, 5),
)
def test_with_one_label_each_every_fold_has_its_share_to_a_clip(labels, shares, seed):
    counts = np.eye(7, dtype=int)[labels]
    found = per_fold(counts, dealt(counts, shares, seed), len(shares))
    assert (np.abs(found - np.outer(shares, counts.sum(0))) < 1 + 1e-9).all()


def test_clips_without_labels_fill_up_the_folds():
    counts = np.zeros((40, 2), int)
    counts[:5, 0] = 1
    folds = dealt(counts, [0.25] * 4)
    assert np.bincount(folds, minlength=4).tolist() == [10, 10, 10, 10]


def test_groups_are_dealt_by_the_clips_they_bring():
    """30 groups of very different size: no fold is off by more than the largest group that is dealt late."""
    rng = np.random.default_rng(0)
    sizes = rng.geometric(0.05, 200)
    counts = rng.binomial(sizes[:, None], [0.5, 0.2, 0.05])
    folds = dealt(counts, [0.25] * 4, sizes=sizes)
    found = per_fold(counts, folds, 4)
    assert (np.abs(found / counts.sum(0) - 0.25) < 0.02).all()
    assert (np.abs(np.bincount(folds, sizes) / sizes.sum() - 0.25) < 0.03).all()


def test_secondary_labels_do_not_count_and_columns_are_balanced_beside_the_labels(make_clips):
    labels = skewed_labels(2, n=400, n_labels=8)
    site = np.random.default_rng(0).choice(["chest", "back"], 400, p=[0.1, 0.9])
    clips = make_clips(400, labels=[[f"c{i}" for i in np.flatnonzero(row)] for row in labels], site=site)
    plain, by_site = (
        assign_folds(clips, SplitSpec(scheme="multilabel", n_folds=4, stratify_by=by)) for by in ((), ("site",))
    )
    for folds in (plain, by_site):
        assert np.abs(per_fold(labels, folds, 4) - labels.sum(0) / 4).max() <= 2
    chest = per_fold((site == "chest")[:, None], by_site, 4)
    assert np.ptp(chest) <= 2
    other = clips.assign(secondary_labels=[["c0"]] * 400)
    np.testing.assert_array_equal(assign_folds(other, SplitSpec(scheme="multilabel")), plain)
