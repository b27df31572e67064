"""What the split has torn apart, further training clips and background don't join again."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.data.dataset import load_run_data
from trainers.errors import DataError

pytestmark = pytest.mark.usefixtures("at_home")
BACKGROUND = ("augmentation.background.p=1", "augmentation.background.subset=more")


@pytest.fixture
def doubled() -> Catalogue:
    """`tones` with every training clip a second time, as the first half of itself in the subset `more`."""
    catalogue = load_catalogue("tones")
    own = catalogue.subset("train")
    more = own.assign(clip_id="again " + own["clip_id"], subset="more", duration_s=own["duration_s"] / 2)
    return dataclasses.replace(catalogue, clips=pd.concat([catalogue.clips, more], ignore_index=True))


@pytest.mark.parametrize("known_by", ["recording_id", "content"])
def test_extra_clips_of_recordings_that_validate_are_left_out(spec, doubled, known_by):
    other = {"recording_id": "content", "content": "recording_id"}[known_by]
    rows = doubled.clips["subset"] == "more"
    if other == "recording_id":  # the same recording under another name
        doubled.clips.loc[rows, other] = "again " + doubled.clips.loc[rows, other]
    for fold in range(4):
        data = load_run_data(spec("data.extra_train=[more]", f"data.fold={fold}"), doubled)
        extra = data.train.clips[data.train.extra]
        assert sorted(extra["content"]) == sorted(data.train.clips["content"][~data.train.extra])
        assert not set(extra["content"]) & set(data.val.clips["content"])


def test_extra_clips_of_groups_that_validate_are_left_out(spec, doubled):
    rows = doubled.clips["subset"] == "more"
    strange = doubled.subset("background").iloc[0]
    doubled.clips.loc[rows, "recording_id"], doubled.clips.loc[rows, "content"] = strange[["recording_id", "content"]]
    split = ("data.split.scheme=stratified_group", "data.split.group_by=[site]", "data.split.n_folds=2")
    for fold in range(2):
        data = load_run_data(spec("data.extra_train=[more]", f"data.fold={fold}", *split), doubled)
        assert len(set(data.val.clips["site"])) == 1
        assert data.train.extra.any()
        assert not set(data.train.clips["site"]) & set(data.val.clips["site"])


def test_background_is_of_the_clips_that_do_not_validate_and_of_nothing_around_them(spec, doubled):
    data = load_run_data(spec(*BACKGROUND), doubled)
    halves = {samples[: round(len(samples) / 2)].tobytes() for samples in data.train.samples}
    assert len(data.background) == len(data.train)
    assert {samples.tobytes()[:1000] for samples in data.background} == {half[:1000] for half in halves}
    of_val = {samples.tobytes()[:1000] for samples in data.val.samples}
    assert not of_val & {samples.tobytes()[:1000] for samples in data.background}
    lengths = sorted(len(samples) for samples in data.background)
    np.testing.assert_allclose(lengths, sorted(len(samples) / 2 for samples in data.train.samples), atol=1)


@pytest.mark.parametrize("override", ["data.extra_train=[less]", "augmentation.background.subset=less"])
def test_a_subset_that_is_not_there_is_refused_and_those_that_are_get_named(spec, doubled, override):
    with pytest.raises(DataError, match=r"'less'.* Its subsets: background, more, target, train"):
        load_run_data(spec("augmentation.background.p=1", override), doubled)
