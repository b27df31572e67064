"""The plan of an epoch: windows, followers, partners; drawn alike by every worker."""

import numpy as np
import pandas as pd
import pytest
import torch

from trainers.config.build import build_spec, parse_overrides
from trainers.config.yamlfile import parse_document
from trainers.data.dataset import ClipSet, train_windows
from trainers.training.batches import batches_per_epoch, stream, train_batches
from trainers.training.plan import NONE, draw_plan, segments_per_epoch

RECIPE = """
data: {sample_rate: 1000}
segments: {duration_s: 1.0}
front_end: {n_fft: 64, hop_length: 32, n_mels: 8}
training: {batch_size: 4}
"""


def spec_of(*overrides):
    return build_spec(parse_document(RECIPE), [parse_overrides(overrides)])


def clips(n: int = 10, extra: int = 0, seconds: float = 2.5) -> ClipSet:
    """Clips of which each is its own number, of two classes by turns and two sites."""
    table = pd.DataFrame(
        {
            "clip_id": [str(i) for i in range(n)],
            "extra": [i >= n - extra for i in range(n)],
            "site": [f"s{i % 2}" for i in range(n)],
            "recorded_at": ["2020-01-01T05:00:00"] * n,
        }
    )
    samples = tuple(np.full(round(1000 * seconds), i + 1, np.int16) for i in range(n))
    return ClipSet(table, samples, np.eye(2, dtype=np.float32)[np.arange(n) % 2], np.ones(n, np.float32), np.zeros(n))


def plan_of(spec, train, epoch=1):
    return draw_plan(spec, train, stream(spec.seed, epoch, 0))


def test_an_epoch_shows_every_clip_as_often_as_asked():
    plan = plan_of(spec_of("segments.crops_per_clip=3"), clips())
    assert np.bincount(plan.clip).tolist() == [3] * 10
    assert len(plan) == segments_per_epoch(spec_of("segments.crops_per_clip=3"), clips())


def test_windows_are_items_of_their_own():
    spec = spec_of("segments.train_crop=windows")
    plan = plan_of(spec, clips())
    assert sorted(zip(plan.clip.tolist(), plan.start.tolist(), strict=True)) == [
        (clip, start) for clip in range(10) for start in (0, 1000, 1500)
    ]
    assert len(train_windows(spec, clips())) == 30


def test_the_sampler_sees_windows_not_clips():
    long = clips(3)
    long = ClipSet(long.clips, (*long.samples[:2], long.samples[2][:500]), long.targets, long.weights, long.offset_s)
    plan = plan_of(spec_of("segments.train_crop=windows", "sampling.name=oversample"), long)
    assert np.bincount(plan.clip, minlength=3)[1] == 4  # class 0 has 3 windows and 1, class 1 has 3


def test_nothing_follows_and_no_partner_is_drawn_unless_asked():
    plan = plan_of(spec_of("mixing.name=mixup"), clips())
    assert (plan.follower == NONE).all()
    assert plan.partner is None


def test_a_followed_segment_holds_both_clips_and_their_labels():
    spec = spec_of("augmentation.concatenate.p=1", "segments.train_crop=head", "segments.duration_s=4")
    train = clips()
    for batch in train_batches(spec, train, 1, 0, 1):
        for samples, targets in zip(batch.samples, batch.targets, strict=True):
            first, second = int(samples[0]) - 1, int(samples[3000]) - 1
            assert (samples[:2500] == first + 1).all()
            assert (samples[2500:] == second + 1).all()
            expected = np.maximum(train.targets[first], train.targets[second])
            np.testing.assert_array_equal(targets, expected)


@pytest.mark.parametrize("crop", ["random", "head", "windows"])
def test_a_segment_without_room_has_no_follower_and_only_its_own_labels(crop):
    spec = spec_of("augmentation.concatenate.p=1", f"segments.train_crop={crop}", "segments.duration_s=2")
    train = clips()  # of 2.5 s
    seen = list(train_batches(spec, train, 1, 0, 1))
    for batch in seen:
        np.testing.assert_array_equal(batch.targets, train.targets[batch.samples[:, 0].long() - 1])
        assert (batch.samples == batch.samples[:, :1]).all()
    assert seen


def test_only_repeats_are_followed_when_that_is_asked():
    """ICBHI 2017: classes are filled up with concatenated clips."""
    spec = spec_of(
        "augmentation.concatenate.p=1", "augmentation.concatenate.on=repeats", "sampling.name=oversample",
        "segments.duration_s=4",
    )  # fmt: skip
    train = clips()
    train.targets[:] = np.eye(2)[[0] * 8 + [1] * 2]
    plan = plan_of(spec, train)
    assert len(plan) == 16
    for clip in range(10):
        followers = plan.follower[plan.clip == clip]
        assert followers[0] == NONE
        assert (followers[1:] != NONE).all()


@pytest.mark.parametrize("kind", ["uniform", "balanced", "same_site", "same_hour"])
@pytest.mark.parametrize("crop", ["random", "windows", "head"])
def test_partners_are_rows_of_their_own_behind_the_batch(kind, crop):
    spec = spec_of("mixing.name=mixup", f"mixing.partner={kind}", f"segments.train_crop={crop}")
    train = clips()
    for batch in train_batches(spec, train, 1, 0, 1):
        assert batch.size == 4
        assert len(batch.samples) == len(batch.targets) == len(batch.weights) == 8
        clip = batch.samples[:, 0].long() - 1
        np.testing.assert_array_equal(batch.targets, train.targets[clip])
        if kind == "same_site":
            assert (clip[:4] % 2 == clip[4:] % 2).all()


def test_workers_share_a_batch_with_its_partners():
    spec = spec_of("mixing.name=mixup", "mixing.partner=uniform", "augmentation.concatenate.p=0.5")
    whole = list(train_batches(spec, clips(), 1, 0, 1))
    halves = [list(train_batches(spec, clips(), 1, rank, 2)) for rank in range(2)]
    assert len(whole) == batches_per_epoch(spec, clips()) == 2
    for number, batch in enumerate(whole):
        for name in ("samples", "targets"):
            rows = [getattr(half[number], name) for half in halves]
            together = torch.cat([rows[0][:2], rows[1][:2], rows[0][2:], rows[1][2:]])
            assert torch.equal(getattr(batch, name), together)


def test_pseudo_labelled_clips_have_their_share():
    spec = spec_of("sampling.extra_share=0.5")
    plan = plan_of(spec, clips(12, extra=2))
    assert (plan.clip >= 10).sum() == 10
    assert sorted(plan.clip[plan.clip < 10]) == list(range(10))


def test_targets_of_the_clips_stay_as_they_are():
    train = clips()
    before = train.targets.copy()
    list(train_batches(spec_of("augmentation.concatenate.p=1"), train, 1, 0, 1))
    np.testing.assert_array_equal(train.targets, before)
