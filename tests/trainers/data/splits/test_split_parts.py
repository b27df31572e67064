"""What is trained on, validated on and left out, by the fold that is held out."""

from pathlib import Path

import numpy as np
import pytest

from trainers.data.catalogue import Catalogue
from trainers.data.dataset import split_clips
from trainers.data.spec import DataSpec, SplitSpec
from trainers.data.splits import SPLITS, assign_folds, parts_of
from trainers.errors import DataError


@pytest.mark.parametrize("scheme", sorted(set(SPLITS) - {"none"}))
@pytest.mark.parametrize("options", [{}, {"test_fold": 2}, {"validate_where": {"verified": True}}])
def test_parts_do_not_overlap_and_each_clip_is_validated_once(make_clips, scheme, options):
    clips = make_clips(90, verified=[i % 4 > 0 for i in range(90)])
    split = SplitSpec(scheme=scheme, n_folds=3, **options)
    folds = assign_folds(clips, split)
    validated = np.zeros(90, int)
    for fold in {0, 1, 2} - {split.test_fold}:
        parts = parts_of(clips, split, fold)
        assert ((parts.train * 1 + parts.val + parts.test) <= 1).all()
        assert (parts.train == ((folds != fold) & (folds != split.test_fold))).all()
        validated += parts.val
        assert parts.test.any() == (split.test_fold is not None)
    assert (validated[folds == split.test_fold] == 0).all()
    counted = clips["verified"] if split.validate_where else np.ones(90, bool)
    assert (validated == ((folds != split.test_fold) & counted)).all()


def test_a_test_fold_is_neither_trained_nor_validated_on(make_clips):
    clips = make_clips(100)
    parts = parts_of(clips, SplitSpec(n_folds=5, test_fold=4), 0)
    assert [int(part.sum()) for part in (parts.train, parts.val, parts.test)] == [60, 20, 20]


def test_only_clips_with_the_values_are_validated_on_and_their_fellows_of_the_fold_stay_out_of_training(make_clips):
    """Freesound 2018 validates on what was verified by hand."""
    verified = np.random.default_rng(0).choice([True, False, None], 80)
    rating = np.random.default_rng(1).integers(1, 6, 80).astype(float)
    clips = make_clips(80, verified=verified, rating=rating)
    split = SplitSpec(validate_where={"verified": True, "rating": [4, 5]})
    folds, parts = assign_folds(clips, split), parts_of(clips, split, 1)
    wanted = np.array([one is True for one in verified]) & (rating >= 4)
    assert (parts.val == (wanted & (folds == 1))).all()
    assert (parts.train == (folds != 1)).all()
    np.testing.assert_array_equal(folds, assign_folds(clips, SplitSpec()))


def test_a_fold_without_any_clip_to_validate_on_is_an_error(make_clips):
    split = SplitSpec(validate_where={"site": ["moon", "mars"]})
    with pytest.raises(DataError, match=r"validate_where: no clip of fold 0 has site: \['moon', 'mars'\]"):
        parts_of(make_clips(site="pond"), split, 0)
    with pytest.raises(DataError, match=r"validate_where: the column 'mood' is empty. Columns with values: clip_id"):
        parts_of(make_clips(), SplitSpec(validate_where={"mood": 1}), 0)


def test_without_a_split_everything_is_trained_on(make_clips):
    parts = parts_of(make_clips(), SplitSpec(scheme="none"), 0)
    assert parts.train.all()
    assert not (parts.val | parts.test).any()


# ---- the catalogue's own


def official(make_clips, *values):
    return make_clips(len(values), fold=list(values))


def which(part):
    return np.flatnonzero(part).tolist()


def test_train_and_test_are_trained_and_validated_on(make_clips):
    parts = parts_of(official(make_clips, "train", "test", "train", "test"), SplitSpec(scheme="official"), 0)
    assert (which(parts.train), which(parts.val)) == ([0, 2], [1, 3])


def test_a_test_beside_a_validation_part_is_never_trained_on(make_clips):
    clips = official(make_clips, "train", "test", "valid", "train", "test", "valid")
    for fold, held_out in ((0, [2, 5]), (1, [1, 4])):  # valid, then test
        parts = parts_of(clips, SplitSpec(scheme="official"), fold)
        assert (which(parts.train), which(parts.val)) == ([0, 3], held_out)
    assert which(parts_of(clips, SplitSpec(scheme="official", test_fold=1), 0).test) == [1, 4]


def test_numbered_folds_are_counted_in_the_order_of_their_numbers(make_clips):
    clips = official(make_clips, "10", "2", "1", "2", "10", " 1")
    for fold, held_out in enumerate(([2, 5], [1, 3], [0, 4])):
        parts = parts_of(clips, SplitSpec(scheme="official"), fold)
        assert which(parts.val) == held_out
        assert sorted(which(parts.train) + held_out) == list(range(6))


def test_numbers_are_trained_on_while_train_always_and_test_never_is(make_clips):
    parts = parts_of(official(make_clips, "1", "2", "train", "test", "1", "2"), SplitSpec(scheme="official"), 1)
    assert (which(parts.train), which(parts.val)) == ([0, 2, 4], [1, 5])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["train", "dev"], r"column 'fold' must hold train, valid, test or whole numbers, got 'dev'"),
        (["train", "1.5"], "got '1.5'"),
        (["train", "train"], "'fold' is train for every clip, there is nothing to validate on"),
        (["train", None], r"'fold' is empty for 1 of 2 labelled clips \(clip001 is the first\)"),
        ([None, None], r"the column 'fold' is empty. Columns with values: clip_id"),
        (["test", "test"], "without fold 0 no clip is left to train on"),
    ],
)
def test_given_folds_that_make_no_split_are_an_error(make_clips, values, message):
    with pytest.raises(DataError, match=message):
        parts_of(official(make_clips, *values), SplitSpec(scheme="official"), 0)


def test_a_fold_that_is_not_given_is_an_error_that_lists_those_that_are(make_clips):
    clips = official(make_clips, "train", "valid", "test")
    with pytest.raises(DataError, match=r"data\.fold must be .*: 0 \(valid\), 1 \(test\); got 2"):
        parts_of(clips, SplitSpec(scheme="official"), 2)
    with pytest.raises(DataError, match=r"data\.split\.test_fold must be .*; got 7"):
        parts_of(clips, SplitSpec(scheme="official", test_fold=7), 0)


# ---- a catalogue


def test_only_labelled_training_clips_are_split(make_clips):
    clips = make_clips(40).assign(subset=[None] * 30 + ["other"] * 10, label_weights=None)
    clips.loc[:4, "labels"] = None
    data = DataSpec(name="birds", split=SplitSpec(n_folds=5, test_fold=4))
    split = split_clips(Catalogue("birds", "csv", Path("nowhere"), clips, "digest"), data)
    train, val = split.train, split.val
    assert (len(train), len(val)) == (15, 5)
    assert set(train["clip_id"]) | set(val["clip_id"]) < set(clips["clip_id"][5:30])
    assert train.index.tolist() == list(range(15))
