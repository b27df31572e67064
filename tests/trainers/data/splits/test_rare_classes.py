"""What becomes of classes too rare to be in every fold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.data.spec import SplitSpec
from trainers.data.splits import ALWAYS_TRAINED, LEFT_OUT, assign_folds, group_ids
from trainers.data.splits.rare import in_every_fold
from trainers.errors import DataError


def long_tail(make_clips, seed=0, **columns):
    """Classes of 40, 20, 10, 5, 4, 3, 2 and 1 clips."""
    labels = np.repeat([f"c{i}" for i in range(8)], [40, 20, 10, 5, 4, 3, 2, 1])
    np.random.default_rng(seed).shuffle(labels)
    return make_clips(len(labels), labels=[[str(label)] for label in labels], seed=seed, **columns)


def folds_of(clips, folds):
    """Class -> the folds it is in."""
    found = {}
    for labels, fold in zip(clips["labels"], folds, strict=True):
        for label in labels:
            found.setdefault(label, []).append(int(fold))
    return found


@pytest.mark.parametrize("scheme", ["stratified", "multilabel"])
@pytest.mark.parametrize("seed", range(5))
def test_every_fold_has_each_class_of_as_many_clips(make_clips, scheme, seed):
    clips = long_tail(make_clips, seed)
    folds = assign_folds(clips, SplitSpec(scheme=scheme, n_folds=4, seed=seed, rare_class="every_fold"))
    found = folds_of(clips, folds)
    assert all(set(found[f"c{i}"]) == {0, 1, 2, 3} for i in range(5))
    assert sorted(len(found[f"c{i}"]) for i in range(5, 8)) == [1, 2, 3]


def test_classes_are_moved_by_whole_groups_as_far_as_there_are_groups(make_clips):
    """GroupKFold looks at no class: with 30 authors some folds lack a class that has groups enough."""
    gaps = 0
    for seed in range(8):
        clips = long_tail(make_clips, seed, author=[f"a{i // 2}" for i in range(85)])
        groups = group_ids(clips, ("author",))
        own = {label: len(set(groups[[label in labels for labels in clips["labels"]]])) for label in ("c3", "c4", "c5")}
        plain, moved = (
            folds_of(clips, assign_folds(clips, SplitSpec(scheme="group", n_folds=3, seed=seed, rare_class=rare)))
            for rare in ("as_split", "every_fold")
        )
        for label, n_groups in own.items():
            gaps += len(set(plain[label])) < 3
            assert n_groups < 3 or set(moved[label]) == {0, 1, 2}
    assert gaps


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 5), max_size=3)), min_size=4, max_size=40),
    pieces=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_moves_fill_every_gap_or_are_refused(make_clips, rows, pieces, seed):
    clips = make_clips(len(rows), labels=[[f"c{label}" for label in sorted(labels)] for _, labels in rows])
    units = np.array([unit for unit, _ in rows])
    folds = np.random.default_rng(seed).integers(0, pieces, 10)[units]
    try:
        moved = in_every_fold(clips, units, folds, pieces)
    except DataError as error:
        assert "rare_class=every_fold" in str(error)
        assert max(len(labels) for _, labels in rows) > 1 or len(set(units)) < len(units)
        return
    for unit in set(units):
        assert len(set(moved[units == unit])) == 1
    for label in range(6):
        having = np.array([label in labels for _, labels in rows])
        if len(set(units[having])) >= pieces:
            assert set(moved[having]) == set(range(pieces))


def test_a_split_without_gaps_is_left_as_it_is(make_clips):
    clips = make_clips(60, classes=2)
    plain, moved = (assign_folds(clips, SplitSpec(rare_class=rare)) for rare in ("as_split", "every_fold"))
    np.testing.assert_array_equal(moved, plain)


def test_what_cannot_be_in_every_fold_is_named(make_clips):
    """Three clips that share each of their classes with one other: two of them are on the same side."""
    torn = make_clips(4, labels=[["x", "y"], ["x", "z"], ["y", "z"], ["w"]])
    with pytest.raises(DataError, match=r"every_fold: [xyz] can't be in fold [01] .* Try: fewer folds"):
        in_every_fold(torn, np.arange(4), np.array([0, 0, 0, 1]), 2)


def test_train_only_keeps_rare_classes_in_training_whichever_fold_is_held_out(make_clips):
    clips = long_tail(make_clips)
    folds = assign_folds(clips, SplitSpec(n_folds=4, rare_class="train_only"))
    found = folds_of(clips, folds)
    assert all(set(found[f"c{i}"]) == {ALWAYS_TRAINED} for i in (5, 6, 7))
    assert all(ALWAYS_TRAINED not in found[f"c{i}"] for i in range(5))


@pytest.mark.parametrize("scheme", ["group", "stratified_group", "multilabel_group"])
def test_train_only_takes_the_groups_of_rare_clips_along(make_clips, scheme):
    clips = long_tail(make_clips, authors=25)
    folds = assign_folds(clips, SplitSpec(scheme=scheme, n_folds=3, rare_class="train_only"))
    rare = np.array([labels[0] in ("c6", "c7") for labels in clips["labels"]])
    with_them = set(clips["author"][rare])
    assert ((folds == ALWAYS_TRAINED) == clips["author"].isin(with_them)).all()
    assert set(folds) == {ALWAYS_TRAINED, 0, 1, 2}


def test_drop_leaves_rare_clips_out_and_splits_the_others_as_if_they_were_not_there(make_clips):
    clips = long_tail(make_clips)
    clips["labels"] = [[*labels, "c0"] if labels == ["c7"] else labels for labels in clips["labels"]]
    folds = assign_folds(clips, SplitSpec(n_folds=4, rare_class="drop"))
    rare = np.array([bool({"c5", "c6", "c7"} & set(labels)) for labels in clips["labels"]])
    assert ((folds == LEFT_OUT) == rare).all()
    np.testing.assert_array_equal(folds[~rare], assign_folds(clips[~rare], SplitSpec(n_folds=4)))


def test_for_a_holdout_a_class_of_one_clip_is_rare(make_clips):
    clips = long_tail(make_clips)
    folds = assign_folds(clips, SplitSpec(holdout=0.2, rare_class="drop"))
    assert [labels for labels, fold in zip(clips["labels"], folds, strict=True) if fold == LEFT_OUT] == [["c7"]]
    both = folds_of(clips, assign_folds(clips, SplitSpec(holdout=0.05, rare_class="every_fold")))
    assert all(set(both[f"c{i}"]) == {0, ALWAYS_TRAINED} for i in range(7))
