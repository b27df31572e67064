"""Clips extended by their neighbours: context without other labels."""

import pandas as pd
import pytest

from trainers.data.stretches import extended

CYCLES = pd.DataFrame(
    [("a", 0.0, 2.0), ("a", 2.0, 1.5), ("a", 3.5, 3.0), ("a", 6.5, 1.0), ("b", 1.0, 2.0)],
    columns=["content", "start_s", "duration_s"],
).assign(subset=None)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (0, [(0.0, 2.0), (2.0, 3.5), (3.5, 6.5), (6.5, 7.5), (1.0, 3.0)]),
        (1, [(0.0, 3.5), (0.0, 6.5), (2.0, 7.5), (3.5, 7.5), (1.0, 3.0)]),
        (9, [(0.0, 7.5)] * 4 + [(1.0, 3.0)]),
    ],
)
def test_a_cycle_begins_with_its_predecessor_and_ends_with_its_successor(context, expected):
    assert extended(CYCLES, CYCLES, context) == expected


def test_neighbours_are_looked_for_in_the_whole_catalogue_and_in_any_order():
    assert extended(CYCLES[2:3], CYCLES[::-1], 1) == [(2.0, 7.5)]


def test_clips_of_another_subset_are_no_neighbours():
    """A pseudo-labelled window is part of the unlabelled clip that it was cut from."""
    both = pd.concat([CYCLES, CYCLES.assign(subset="pseudo", start_s=CYCLES["start_s"] + 0.5)])
    assert extended(CYCLES, both, 1) == extended(CYCLES, CYCLES, 1)


def test_overlapping_windows_of_a_recording_reach_to_the_latest_end():
    windows = CYCLES[:3].assign(start_s=[0.0, 1.0, 2.0], duration_s=[9.0, 3.0, 3.0])
    assert extended(windows[1:2], windows, 1) == [(0.0, 9.0)]
