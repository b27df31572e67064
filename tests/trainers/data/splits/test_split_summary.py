"""What is said of a split."""

import numpy as np
import pytest

from trainers.data.spec import SplitSpec
from trainers.data.splits import ALWAYS_TRAINED, LEFT_OUT, assign_folds, group_ids, split_digest
from trainers.data.splits.summary import summarise


def test_the_numbers_of_each_fold_are_those_of_its_clips(make_clips):
    clips = make_clips(60, classes=4, duration_s=np.arange(60.0))
    split = SplitSpec(scheme="stratified_group", n_folds=3, seed=1)
    folds, summary = assign_folds(clips, split), summarise(clips, split)
    assert [fold.fold for fold in summary.folds] == [0, 1, 2]
    for fold in summary.folds:
        own = clips[folds == fold.fold]
        assert (fold.clips, fold.validated) == (len(own), len(own))
        assert fold.hours == pytest.approx(own["duration_s"].sum() / 3600)
        assert fold.groups == own["author"].nunique()
        assert fold.classes == len({label for labels in own["labels"] for label in labels})
    assert (summary.groups, summary.shared_groups) == (clips["author"].nunique(), 0)
    assert summary.digest == split_digest(clips["clip_id"], folds)


def test_classes_that_are_missing_somewhere_are_named_there(make_clips):
    labels = [["x"], ["x"], ["y"], ["x", "z"], ["x"], ["y"]]
    clips = make_clips(6, labels=labels, secondary_labels=[["w"]] + [[]] * 5, fold=["0", "0", "1", "1", "2", "2"])
    first, second, third = summarise(clips, SplitSpec(scheme="official")).folds
    assert (first.name, first.missing, first.only_here) == ("0 (0)", ("w", "y", "z"), ())
    assert (second.missing, second.only_here) == (("w",), ("z",))
    assert (third.missing, third.only_here) == (("w", "z"), ())


def test_clips_in_no_fold_have_a_row_of_their_own(make_clips):
    clips = make_clips(labels=[["rare"], *[["x"]] * 59])
    rows = {fold.fold: fold for fold in summarise(clips, SplitSpec(rare_class="train_only")).folds}
    assert (rows[ALWAYS_TRAINED].name, rows[ALWAYS_TRAINED].clips) == ("always trained", 1)
    rows = {fold.fold: fold for fold in summarise(clips, SplitSpec(rare_class="drop", test_fold=3)).folds}
    assert (rows[LEFT_OUT].name, rows[LEFT_OUT].clips, rows[3].name) == ("left out", 1, "3 test")


def test_groups_torn_apart_are_counted_also_where_the_scheme_has_none(make_clips):
    clips = make_clips(extra_duplicate_group=[i // 2 for i in range(60)])
    summary = summarise(clips, SplitSpec())
    groups, folds = group_ids(clips, ("author",)), assign_folds(clips, SplitSpec())
    torn = sum(len(set(folds[groups == group])) > 1 for group in set(groups))
    assert summary.shared_groups == torn > 0
    assert summary.grouped_by == ("author", "extra_duplicate_group")
    assert summarise(clips.assign(author=None), SplitSpec()).grouped_by == ("extra_duplicate_group",)


def test_clips_that_count_in_validation_are_counted(make_clips):
    clips = make_clips(verified=[i % 2 == 0 for i in range(60)])
    summary = summarise(clips, SplitSpec(validate_where={"verified": True}))
    assert sum(fold.validated for fold in summary.folds) == 30
