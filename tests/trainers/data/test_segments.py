"""Segments: windows that see every sample, crops within their clips, padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.data.dataset import ClipSet
from trainers.data.segments import cut, eval_windows, gather, train_starts
from trainers.data.spec import SegmentsSpec

lengths = st.lists(st.integers(0, 100), min_size=1, max_size=8)


@given(lengths, st.integers(1, 40))
def test_windows_see_every_sample_of_every_clip_and_only_the_last_overlaps(sizes, length):
    windows = eval_windows(sizes, length, SegmentsSpec())
    for clip, n in enumerate(sizes):
        starts = windows.start[windows.clip == clip]
        seen = np.concatenate([np.arange(start, start + length) for start in starts])
        assert set(range(n)) <= set(seen.tolist())
        assert (np.diff(starts[:-1]) == length).all()
        if n >= length:
            assert starts[-1] + length == n  # right-aligned
            assert len(starts) == -(-n // length)
        else:
            assert starts.tolist() == [0]


@given(lengths, st.integers(1, 40), st.sampled_from(["all", "center", "head"]))
def test_every_clip_has_windows_and_in_order(sizes, length, which):
    windows = eval_windows(sizes, length, SegmentsSpec(eval_windows=which))
    assert set(windows.clip) == set(range(len(sizes)))
    assert (np.diff(windows.clip) >= 0).all()
    assert which == "all" or len(windows.clip) == len(sizes)


@pytest.mark.parametrize(("which", "start"), [("head", 0), ("center", 35)])
def test_one_window_is_the_head_or_the_middle(which, start):
    assert eval_windows([100], 30, SegmentsSpec(eval_windows=which)).start.tolist() == [start]


CLIP = np.arange(1, 6, dtype=np.int16)


@pytest.mark.parametrize(
    ("start", "length", "padding", "expected"),
    [
        (0, 3, "zero", [1, 2, 3]),
        (2, 3, "zero", [3, 4, 5]),
        (0, 8, "zero", [1, 2, 3, 4, 5, 0, 0, 0]),
        (0, 12, "repeat", [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]),
        (0, 5, "repeat", [1, 2, 3, 4, 5]),
    ],
)
def test_a_short_clip_is_padded_with_zeros_or_itself(start, length, padding, expected):
    assert cut(CLIP, start, length, padding).tolist() == expected


@pytest.mark.parametrize("padding", ["zero", "repeat"])
def test_a_clip_of_no_samples_is_silence(padding):
    assert cut(CLIP[:0], 0, 4, padding).tolist() == [0] * 4


def test_segments_of_several_clips_are_one_batch():
    clips = ClipSet(("a", "b"), (CLIP, CLIP * 10), np.zeros((2, 1), np.float32))
    batch = gather(clips, np.array([1, 0, 1]), np.array([2, 0, 0]), 3, "zero")
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
