"""Splits on record: found again by their digest, whatever happens to the catalogue."""

import numpy as np
import pandas as pd
import pytest

from trainers.data.catalogue import catalogue_folder, save_catalogue
from trainers.data.dataset import split_clips
from trainers.data.spec import DataSpec, SplitSpec
from trainers.data.splits import assign_folds
from trainers.data.splits.record import record_split, record_splits, recorded_splits
from trainers.errors import DataError


@pytest.fixture
def birds(make_clips, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))
    return save_catalogue("birds", "csv", tmp_path, make_clips(60).assign(path="a.wav", content="x", start_s=0.0))


DATA = DataSpec(name="birds", split=SplitSpec(n_folds=3))


def test_the_file_holds_every_clips_fold_and_what_was_asked(birds):
    digest = record_split(birds, DATA)
    (found,) = recorded_splits("birds")
    folds = dict(zip(birds.clips["clip_id"], assign_folds(birds.clips, DATA.split), strict=True))
    assert (found.digest, digest) == (split_clips(birds, DATA).digest,) * 2
    assert dict(zip(found.clips["clip_id"], found.clips["fold"], strict=True)) == folds
    assert [(asked["catalogue"], asked["split"]["n_folds"]) for asked in found.asked] == [(birds.digest, 3)]


def test_the_same_split_asked_again_is_the_same_file_untouched(birds):
    digest = record_split(birds, DATA)
    path = catalogue_folder("birds") / "splits" / f"{digest}.parquet"
    before = path.stat().st_mtime_ns
    other_fold = DATA.model_copy(update={"fold": 2, "sample_rate": 8000})
    assert record_splits(birds, [DATA, other_fold]) == [digest]
    assert path.stat().st_mtime_ns == before


def test_another_wish_with_the_same_folds_is_kept_beside_the_first(birds):
    record_split(birds, DATA)
    with_test = DataSpec(name="birds", split=SplitSpec(n_folds=3, test_fold=2))
    assert record_split(birds, with_test) == record_split(birds, DATA)
    assert [asked["split"]["test_fold"] for asked in recorded_splits("birds")[0].asked] == [None, 2]


def test_splits_stay_when_the_catalogue_changes(birds, tmp_path):
    digest = record_split(birds, DATA)
    less = save_catalogue("birds", "csv", tmp_path, birds.clips[:50])
    assert record_split(less, DATA) != digest
    assert {split.digest: len(split.clips) for split in recorded_splits("birds")}[digest] == 60


def test_a_split_that_cannot_be_made_leaves_no_file(birds):
    with pytest.raises(DataError):
        record_split(birds, DataSpec(name="birds", split=SplitSpec(scheme="group", group_by=("site",))))
    assert not (catalogue_folder("birds") / "splits").exists()


def test_a_damaged_file_is_said(birds):
    path = catalogue_folder("birds") / "splits" / f"{record_split(birds, DATA)}.parquet"
    path.write_bytes(b"torn")
    with pytest.raises(DataError, match=r"the split can't be read .*Try: remove it"):
        recorded_splits("birds")


@pytest.mark.parametrize(
    "split",
    [SplitSpec(n_folds=4, test_fold=3), SplitSpec(n_folds=4, validate_where={"verified": True})],
    ids=["test_fold", "validate_where"],
)
def test_every_fold_of_a_split_has_the_same_classes(make_clips, birds, tmp_path, split):
    labels = [["rare"] if row == 0 else ["owl", "bat"][row % 2 : row % 2 + 1] for row in range(60)]
    clips = birds.clips.assign(labels=pd.Series(labels), verified=np.arange(60) % 3 == 1)
    catalogue = save_catalogue("birds", "csv", tmp_path, clips)
    folds = range(3)
    assert {split_clips(catalogue, DataSpec(name="birds", split=split, fold=fold)).classes for fold in folds} == {
        ("bat", "owl", "rare")
    }


def test_classes_that_are_dropped_are_no_classes(birds, tmp_path):
    labels = [["rare"] if row == 0 else ["owl", "bat"][row % 2 : row % 2 + 1] for row in range(60)]
    catalogue = save_catalogue("birds", "csv", tmp_path, birds.clips.assign(labels=pd.Series(labels)))
    data = DataSpec(name="birds", split=SplitSpec(n_folds=4, rare_class="drop"))
    assert split_clips(catalogue, data).classes == ("bat", "owl")
