"""Folds: scikit-learn's where it has the scheme, and the contract of every scheme."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

from trainers.data.spec import SplitSpec
from trainers.data.splits import ALWAYS_TRAINED, SPLITS, assign_folds, group_ids, split_digest
from trainers.errors import DataError

CUT = sorted(set(SPLITS) - {"official", "none"})
GROUPED = [name for name in CUT if SPLITS[name].grouped]


def first_labels(clips):
    return np.array([labels[0] for labels in clips["labels"]])


def assert_same(folds, parts):
    for fold, (_, held_out) in enumerate(parts):
        np.testing.assert_array_equal(np.flatnonzero(folds == fold), held_out)


# ---- scikit-learn's


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("n_folds", [2, 5])
def test_stratified_folds_are_scikit_learns(make_clips, seed, n_folds):
    clips = make_clips()
    labels = first_labels(clips)
    theirs = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels)
    assert_same(assign_folds(clips, SplitSpec(n_folds=n_folds, seed=seed)), theirs)


def test_stratified_groups_are_scikit_learns(make_clips):
    clips = make_clips()
    labels, groups = first_labels(clips), group_ids(clips, ("author",))
    theirs = StratifiedGroupKFold(3, shuffle=True, random_state=2).split(labels, labels, groups)
    assert_same(assign_folds(clips, SplitSpec(scheme="stratified_group", n_folds=3, seed=2)), theirs)


def test_groups_are_scikit_learns(make_clips):
    clips = make_clips()
    groups = group_ids(clips, ("author",))
    theirs = GroupKFold(3, shuffle=True, random_state=2).split(groups, groups=groups)
    assert_same(assign_folds(clips, SplitSpec(scheme="group", n_folds=3, seed=2)), theirs)


@pytest.mark.parametrize("scheme", ["stratified", "stratified_group"])
def test_other_columns_take_the_place_of_the_label(make_clips, scheme):
    """ICBHI 2017 stratifies patients by chest location."""
    rng = np.random.default_rng(3)
    site, device = rng.choice(["chest", "back", None], 60), rng.choice([1.0, 2.0], 60)
    clips = make_clips(site=site, extra_device=device)
    ours = assign_folds(clips, SplitSpec(scheme=scheme, n_folds=3, seed=1, stratify_by=("site", "extra_device")))
    strata = np.array([f"{one or ''} {two}" for one, two in zip(site, device, strict=True)])
    if scheme == "stratified":
        theirs = StratifiedKFold(3, shuffle=True, random_state=1).split(strata, strata)
    else:
        groups = group_ids(clips, ("author",))
        theirs = StratifiedGroupKFold(3, shuffle=True, random_state=1).split(strata, strata, groups)
    assert_same(ours, theirs)


# ---- groups


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


def test_near_duplicates_join_groups_and_a_catalogue_never_searched_for_them_is_fine(make_clips):
    clips = make_clips(4, author=list("abcd"))
    assert len(set(group_ids(clips, ("author",)))) == 4
    assert len(set(group_ids(clips.assign(extra_duplicate_group=None), ("author",)))) == 4
    groups = group_ids(clips.assign(extra_duplicate_group=[None, "x", None, "x"]), ("author",))
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3


values = st.one_of(st.none(), st.sampled_from("abcdefgh"))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    rows=st.lists(
        st.tuples(values, values, st.integers(0, 15), st.sampled_from("xyz"), values), min_size=8, max_size=40
    ),
    scheme=st.sampled_from(GROUPED),
    cut=st.sampled_from([{"n_folds": 2}, {"n_folds": 4}, {"holdout": 0.3}]),
    rare=st.sampled_from(["as_split", "every_fold", "train_only"]),
    seed=st.integers(0, 9),
)
def test_no_value_of_any_group_column_is_on_two_sides(rows, scheme, cut, rare, seed):
    clips = pd.DataFrame(
        {
            "author": [row[0] for row in rows],
            "site": [row[1] for row in rows],
            "recording_id": [f"r{row[2]}" for row in rows],
            "labels": [[row[3]] for row in rows],
            "extra_duplicate_group": [row[4] for row in rows],
        }
    )
    split = SplitSpec(scheme=scheme, seed=seed, group_by=("author", "site"), rare_class=rare, **cut)
    try:
        folds = assign_folds(clips, split)
    except DataError:
        assume(False)
    assert set(folds) - {ALWAYS_TRAINED} == set(range(1 if split.holdout else split.n_folds))
    for column in ("author", "site", "recording_id", "extra_duplicate_group"):
        known = clips[column].notna()
        assert (pd.Series(folds)[known].groupby(clips[column][known]).nunique() == 1).all()


# ---- a holdout


@pytest.mark.parametrize("scheme", ["stratified", "multilabel"])
@pytest.mark.parametrize("share", [0.2, 0.35])
def test_a_holdout_has_its_share_of_every_class_to_a_clip(make_clips, scheme, share):
    clips = make_clips(200, classes=7)
    folds = assign_folds(clips, SplitSpec(scheme=scheme, holdout=share, seed=1))
    assert set(folds) == {0, ALWAYS_TRAINED}
    labels = first_labels(clips)
    for label in np.unique(labels):
        assert abs((folds[labels == label] == 0).sum() - share * (labels == label).sum()) <= 1


@pytest.mark.parametrize("scheme", GROUPED)
def test_a_holdout_of_groups_is_near_its_share(make_clips, scheme):
    clips = make_clips(400, authors=60)
    folds = assign_folds(clips, SplitSpec(scheme=scheme, holdout=0.25))
    assert (folds == 0).mean() == pytest.approx(0.25, abs=0.03)


# ---- what can't be


@pytest.mark.parametrize("column", ["site", "mood"])
def test_a_column_without_values_is_an_error_that_lists_the_others(make_clips, column):
    for field, split in (
        ("group_by", SplitSpec(scheme="stratified_group", group_by=(column,))),
        ("stratify_by", SplitSpec(stratify_by=(column,))),
    ):
        found = (
            rf"data\.split\.{field}: the column '{column}' is empty. Columns with values: clip_id, recording_id, labels"
        )
        with pytest.raises(DataError, match=found):
            assign_folds(make_clips(), split)


@pytest.mark.parametrize("scheme", GROUPED)
def test_fewer_groups_than_folds_are_an_error(make_clips, scheme):
    with pytest.raises(DataError, match=r"data\.split\.n_folds is 5, but grouped by author there are only 3 groups"):
        assign_folds(make_clips(authors=3), SplitSpec(scheme=scheme, n_folds=5))
    with pytest.raises(DataError, match=r"data\.split\.holdout is 0\.1, but grouped by author there are only 1 groups"):
        assign_folds(make_clips(authors=1), SplitSpec(scheme=scheme, holdout=0.1))


@pytest.mark.parametrize("scheme", ["stratified", "stratified_group"])
@pytest.mark.parametrize("n", [0, 3, 12])
def test_more_folds_than_clips_of_any_class_are_an_error(make_clips, scheme, n):
    clips = make_clips(12).iloc[:n].assign(labels=[[f"c{i // 2}"] for i in range(n)])
    with pytest.raises(DataError, match=r"data\.split\.n_folds is 4, but no class has more than"):
        assign_folds(clips, SplitSpec(scheme=scheme))


@pytest.mark.parametrize("scheme", CUT)
def test_fewer_clips_than_folds_are_an_error(make_clips, scheme):
    with pytest.raises(DataError, match=r"data\.split\.n_folds is 4, but"):
        assign_folds(make_clips(3, classes=1), SplitSpec(scheme=scheme))


# ---- the contract of every scheme


@pytest.fixture(params=sorted(SPLITS))
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_clip_is_in_one_fold_and_no_fold_is_empty(make_clips, scheme):
    folds = assign_folds(make_clips(), SplitSpec(scheme=scheme, n_folds=3))
    assert folds.shape == (60,)
    assert set(folds) == ({ALWAYS_TRAINED} if scheme == "none" else {0, 1, 2})


def test_folds_depend_on_the_seed_alone(make_clips, scheme):
    one, same, other = (assign_folds(make_clips(), SplitSpec(scheme=scheme, n_folds=3, seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() == (scheme in CUT)


@pytest.mark.parametrize("rare", ["as_split", "every_fold", "train_only", "drop"])
def test_the_order_of_rows_does_not_matter(make_clips, scheme, rare):
    """Nor does it for a catalogue's digest, by which a run is known."""
    clips = make_clips(90, classes=12)
    split = SplitSpec(scheme=scheme, n_folds=3, rare_class=rare if scheme in CUT else "as_split")
    shuffled = clips.sample(frac=1, random_state=4)
    expected = pd.Series(assign_folds(clips, split), clips["clip_id"])
    found = pd.Series(assign_folds(shuffled, split), shuffled["clip_id"])
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index())
    assert split_digest(found.index, found.to_numpy()) == split_digest(expected.index, expected.to_numpy())


def test_rare_classes_and_clips_with_nothing_active_are_spread_without_a_warning(make_clips, scheme, recwarn):
    clips = make_clips()
    clips["labels"] = [["rare"], *[[]] * 5, *clips["labels"][6:]]
    folds = assign_folds(clips, SplitSpec(scheme=scheme, n_folds=3))
    assert scheme == "none" or set(folds) == {0, 1, 2}
    assert not recwarn.list


def test_every_scheme_is_described(scheme):
    assert scheme in (SplitSpec.model_fields["scheme"].description or "")


def test_a_digest_tells_folds_apart():
    ids, folds = ["a", "b", "c"], np.array([0, 1, 1])
    assert split_digest(ids, folds) != split_digest(ids, np.array([1, 0, 0]))
    assert split_digest(ids, folds) != split_digest(["a", "b", "d"], folds)
    assert len(split_digest(ids, folds)) == 16
