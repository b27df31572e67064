"""Segments: windows that see every sample, crops within their clips, padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.data.segments import cut, gather, train_starts, windows
from trainers.data.spec import SegmentsSpec

lengths = st.lists(st.integers(0, 100), min_size=1, max_size=8)


@given(lengths, st.integers(1, 40))
def test_windows_see_every_sample_of_every_clip_and_only_the_last_overlaps(sizes, length):
    found = windows(sizes, length, "all", SegmentsSpec())
    for clip, n in enumerate(sizes):
        starts = found.start[found.clip == clip]
        seen = np.concatenate([np.arange(start, start + length) for start in starts])
        assert set(range(n)) <= set(seen.tolist())
        assert (np.diff(starts[:-1]) == length).all()
        if n >= length:
            assert starts[-1] + length == n  # right-aligned
            assert len(starts) == -(-n // length)
        else:
            assert starts.tolist() == [0]


@given(lengths, st.integers(1, 40), st.sampled_from(["all", "center", "head", "crops"]))
def test_every_clip_has_windows_and_in_order(sizes, length, which):
    found = windows(sizes, length, which, SegmentsSpec())
    assert set(found.clip) == set(range(len(sizes)))
    assert (np.diff(found.clip) >= 0).all()
    assert which in ("all", "crops") or len(found) == len(sizes)
    assert all(0 <= start <= max(0, sizes[clip] - length) for clip, start in zip(found.clip, found.start, strict=True))


@pytest.mark.parametrize(("which", "start"), [("head", [0]), ("center", [35])])
def test_one_window_is_the_head_or_the_middle(which, start):
    assert windows([100], 30, which, SegmentsSpec()).start.tolist() == start


@pytest.mark.parametrize(("crops", "starts"), [(1, [35]), (2, [0, 70]), (5, [0, 18, 35, 52, 70])])
def test_crops_are_evenly_spaced(crops, starts):
    assert windows([100], 30, "crops", SegmentsSpec(eval_crops=crops)).start.tolist() == starts


@pytest.mark.parametrize(
    ("n", "starts"),
    [(100, [0]), (110, [0]), (121, [0, 21]), (190, [0, 90]), (209, [0, 90]), (211, [0, 90, 111]), (280, [0, 90, 180])],
)
def test_freesounds_windows_step_by_nine_tenths_and_keep_a_rest_of_a_fifth(n, starts):
    """FSDKaggle 2018, X: stride 0.9 W, the last window right-aligned if the rest is more than 0.2 W."""
    assert windows([n], 100, "all", SegmentsSpec(stride=0.9, min_rest=0.2)).start.tolist() == starts


CLIP = np.arange(1, 6, dtype=np.int16)


@pytest.mark.parametrize(
    ("start", "length", "spec", "expected"),
    [
        (0, 3, {}, [1, 2, 3]),
        (2, 3, {}, [3, 4, 5]),
        (0, 8, {}, [1, 2, 3, 4, 5, 0, 0, 0]),
        (0, 8, {"padding_side": "left"}, [0, 0, 0, 1, 2, 3, 4, 5]),
        (0, 8, {"padding_side": "both"}, [0, 1, 2, 3, 4, 5, 0, 0]),
        (0, 12, {"padding": "repeat"}, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]),
        (0, 8, {"padding": "repeat", "padding_side": "left"}, [3, 4, 5, 1, 2, 3, 4, 5]),
        (0, 8, {"padding": "repeat", "padding_side": "both"}, [5, 1, 2, 3, 4, 5, 1, 2]),
        (0, 5, {"padding": "repeat"}, [1, 2, 3, 4, 5]),
    ],
)
def test_a_short_clip_is_filled_up_with_zeros_or_itself(start, length, spec, expected):
    assert cut(CLIP, start, length, SegmentsSpec(**spec)).tolist() == expected


@pytest.mark.parametrize("side", ["right", "left", "both"])
@pytest.mark.parametrize("length", [5, 6, 8, 9, 13])
def test_reflection_is_numpys(side, length):
    missing = length - len(CLIP)
    before = {"right": 0, "left": missing, "both": missing // 2}[side]
    expected = np.pad(CLIP, (before, missing - before), mode="reflect")
    found = cut(CLIP, 0, length, SegmentsSpec(padding="reflect", padding_side=side))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("padding", ["zero", "repeat", "reflect"])
@pytest.mark.parametrize("samples", [0, 1])
def test_a_clip_of_no_samples_is_silence_and_one_of_one_sample_is_a_segment(padding, samples):
    found = cut(CLIP[:samples], 0, 4, SegmentsSpec(padding=padding))
    assert found.tolist() == ([0] * 4 if samples == 0 else [1, 0, 0, 0] if padding == "zero" else [1] * 4)


def test_segments_of_several_clips_are_one_batch():
    batch = gather((CLIP, CLIP * 10), np.array([1, 0, 1]), np.array([2, 0, 0]), 3, SegmentsSpec())
    assert batch.tolist() == [[30, 40, 50], [1, 2, 3], [10, 20, 30]]
    assert batch.dtype == np.int16


@given(lengths, st.integers(1, 40), st.sampled_from(["random", "center", "head"]), st.integers(0, 99))
def test_crops_stay_within_their_clips(sizes, length, crop, seed):
    starts = train_starts(np.array(sizes), length, crop, np.random.default_rng(seed))
    assert starts.dtype == np.int64
    assert (starts >= 0).all()
    assert (starts + length <= np.maximum(sizes, length)).all()


def test_random_crops_start_everywhere_alike():
    starts = train_starts(np.full(6000, 14), 10, "random", np.random.default_rng(0))
    counts = np.bincount(starts)
    assert len(counts) == 5
    assert counts.min() > 1050


def test_fixed_crops_draw_nothing():
    rng = np.random.default_rng(0)
    assert train_starts(np.array([100, 20]), 30, "center", rng).tolist() == [35, 0]
    assert train_starts(np.array([100, 20]), 30, "head", rng).tolist() == [0, 0]
    assert rng.integers(1 << 30) == np.random.default_rng(0).integers(1 << 30)
