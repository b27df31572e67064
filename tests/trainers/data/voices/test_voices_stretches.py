"""What is left of a clip, and how the cuts sound."""

import numpy as np
import pytest

from trainers.data.voices.audio import FADE_S, joined, muted
from trainers.data.voices.stretches import inside, outside, total

RATE = 8000
FADE = round(FADE_S * RATE)
NOISE = np.random.default_rng(0).normal(0, 3000, 4 * RATE).astype(np.int16)


@pytest.mark.parametrize("seed", range(20))
def test_speech_and_the_rest_make_up_the_clip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bounds = np.sort(rng.choice(200, 2 * rng.integers(0, 6), replace=False))
    start, end = sorted(rng.choice(200, 2, replace=False).tolist())
    stretches = [(float(a), float(b)) for a, b in bounds.reshape(-1, 2)]
    spoken = np.zeros(200, bool)
    for a, b in bounds.reshape(-1, 2):
        spoken[a:b] = True
    for found, expected in ((inside, spoken), (outside, ~spoken)):
        mask = np.zeros(200, bool)
        pieces = found(stretches, start, end)
        for a, b in pieces:
            assert a < b
            mask[int(a) : int(b)] = True
        np.testing.assert_array_equal(mask[start:end], expected[start:end])
        assert total(pieces) == expected[start:end].sum()
        assert not mask[:start].any() and not mask[end:].any()


def test_muting_silences_the_speech_and_nothing_else() -> None:
    quiet = muted(NOISE, [(1.0, 2.0), (3.5, 4.0)], RATE)
    spoken = np.zeros(len(NOISE), bool)
    spoken[RATE : 2 * RATE] = spoken[7 * RATE // 2 :] = True
    np.testing.assert_array_equal(quiet[~spoken], NOISE[~spoken])
    assert not quiet[RATE + FADE : 2 * RATE - FADE].any()
    assert not quiet[7 * RATE // 2 + FADE : 4 * RATE - FADE].any()


def test_neither_a_cut_nor_a_joint_clicks() -> None:
    constant = np.full(4 * RATE, 10_000, np.int16)
    steps = np.abs(np.diff(muted(constant, [(1.0, 2.0)], RATE).astype(int)))
    assert steps.max() <= 10_000 / FADE + 1
    ramp = np.linspace(-10_000, 10_000, 4 * RATE).astype(np.int16)
    assert np.abs(np.diff(joined(ramp, [(0.0, 1.0), (3.0, 4.0)], RATE).astype(int))).max() < 2500  # of 10,000


def test_joining_keeps_the_pieces_and_the_level() -> None:
    pieces = [(0.0, 1.0), (1.5, 2.5), (3.0, 4.0)]
    result = joined(NOISE, pieces, RATE)
    assert len(result) == 3 * RATE - 2 * FADE
    place = 0
    for start, end in pieces:
        own = NOISE[round(start * RATE) + FADE : round(end * RATE) - FADE]
        np.testing.assert_array_equal(result[place + FADE :][: len(own)], own)
        place += round((end - start) * RATE) - FADE
    joints = [
        joined(np.random.default_rng(seed).normal(0, 3000, 2 * RATE).astype(np.int16), [(0, 0.5), (1, 1.5)], RATE)[
            RATE // 2 - FADE : RATE // 2
        ]
        for seed in range(200)
    ]
    level = np.sqrt(np.mean(np.square(np.asarray(joints, float))))
    assert level == pytest.approx(3000, rel=0.03)  # of sounds that don't belong together
