"""Folds: scikit-learn's, and no group on two sides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from trainers.data.spec import SplitSpec
from trainers.data.splits import SPLITS, assign_folds, group_ids
from trainers.errors import DataError


def table(n: int = 60, classes: int = 3, authors: int = 12, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(n)],
            "labels": [[f"c{rng.integers(classes)}"] for _ in range(n)],
            "author": [f"a{rng.integers(authors)}" for _ in range(n)],
            "site": [None] * n,
        }
    )


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("n_folds", [2, 5])
def test_stratified_folds_are_scikit_learns(seed, n_folds):
    clips = table()
    labels = np.array([label for (label,) in clips["labels"]])
    ours = assign_folds(clips, SplitSpec(n_folds=n_folds, seed=seed))
    theirs = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels)
    for fold, (_, held_out) in enumerate(theirs):
        np.testing.assert_array_equal(np.flatnonzero(ours == fold), held_out)


def test_grouped_folds_are_scikit_learns():
    clips = table()
    labels = np.array([label for (label,) in clips["labels"]])
    ours = assign_folds(clips, SplitSpec(scheme="stratified_group", n_folds=3, seed=2))
    groups = group_ids(clips, ("author",))
    theirs = StratifiedGroupKFold(3, shuffle=True, random_state=2).split(labels, labels, groups)
    for fold, (_, held_out) in enumerate(theirs):
        np.testing.assert_array_equal(np.flatnonzero(ours == fold), held_out)


values = st.one_of(st.none(), st.sampled_from("abcdefgh"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    rows=st.lists(st.tuples(values, values, st.integers(0, 15), st.sampled_from("xyz")), min_size=8, max_size=40),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 9),
)
def test_no_value_of_any_group_column_is_on_two_sides(rows, n_folds, seed):
    clips = pd.DataFrame(
        {
            "author": [row[0] for row in rows],
            "site": [row[1] for row in rows],
            "recording_id": [f"r{row[2]}" for row in rows],
            "labels": [[row[3]] for row in rows],
        }
    )
    split = SplitSpec(scheme="stratified_group", n_folds=n_folds, seed=seed, group_by=("author", "site"))
    try:
        folds = assign_folds(clips, split)
    except DataError:
        assume(False)
    assert set(folds) == set(range(n_folds))
    for column in ("author", "site", "recording_id"):
        known = clips[column].notna()
        assert (pd.Series(folds)[known].groupby(clips[column][known]).nunique() == 1).all()


def test_clips_that_share_any_value_are_one_group_also_over_others():
    clips = pd.DataFrame(
        {
            "recording_id": ["r1", "r2", "r3", "r4", "r5"],
            "author": ["kim", "kim", None, None, "lee"],
            "site": [None, "pond", "pond", None, None],
        }
    )
    groups = group_ids(clips, ("author", "site"))
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_a_missing_author_joins_nobody():
    clips = pd.DataFrame({"recording_id": ["r1", "r2", "r2"], "author": [None, None, "kim"]})
    groups = group_ids(clips, ("author",))
    assert groups[0] != groups[1] == groups[2]


@pytest.mark.parametrize("column", ["site", "mood"])
def test_a_column_without_values_is_an_error_that_lists_the_others(column):
    split = SplitSpec(scheme="stratified_group", group_by=(column,))
    with pytest.raises(DataError, match=rf"'{column}' is empty. Columns with values: recording_id, labels, author"):
        assign_folds(table(), split)


def test_fewer_groups_than_folds_are_an_error():
    split = SplitSpec(scheme="stratified_group", n_folds=5)
    with pytest.raises(DataError, match="n_folds is 5, but grouped by author there are only 3 groups"):
        assign_folds(table(authors=3), split)


@pytest.mark.parametrize("scheme", sorted(SPLITS))
@pytest.mark.parametrize("n", [0, 3, 12])
def test_more_folds_than_clips_of_any_class_are_an_error(scheme, n):
    clips = table(12).iloc[:n].assign(labels=[[f"c{i // 2}"] for i in range(n)])
    with pytest.raises(DataError, match=r"data\.split\.n_folds is 4, but no class has more than"):
        assign_folds(clips, SplitSpec(scheme=scheme))


# ---- the contract of every scheme


@pytest.fixture(params=sorted(SPLITS))
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_clip_is_in_one_fold_and_no_fold_is_empty(scheme):
    folds = assign_folds(table(), SplitSpec(scheme=scheme, n_folds=3))
    assert folds.shape == (60,)
    assert set(folds) == {0, 1, 2}


def test_folds_depend_on_the_seed_alone(scheme):
    one, same, other = (assign_folds(table(), SplitSpec(scheme=scheme, n_folds=3, seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_rare_classes_and_clips_with_nothing_active_are_spread_without_a_warning(scheme, recwarn):
    clips = table()
    clips["labels"] = [["rare"], *[[]] * 5, *clips["labels"][6:]]
    assert set(assign_folds(clips, SplitSpec(scheme=scheme, n_folds=3))) == {0, 1, 2}
    assert not recwarn.list
