"""Trimming: frames of 2048 samples every 512, centred, as librosa.effects.trim has them."""

import numpy as np
import pytest

from trainers.data.trim import loud_stretch


def loop(samples: np.ndarray, top_db: float) -> tuple[int, int]:
    """Start and end, frame by frame in float64."""
    padded = np.pad(samples.astype(np.float64), 1024)
    rms = [np.sqrt(np.mean(padded[i : i + 2048] ** 2)) for i in range(0, len(samples) + 1, 512)]
    db = [20 * np.log10(max(value, 1e-5) / max(*rms, 1e-5)) for value in rms]
    loud = [frame for frame, value in enumerate(db) if value > -top_db]
    return loud[0] * 512, min(len(samples), (loud[-1] + 1) * 512)


@pytest.mark.parametrize("top_db", [20.0, 40.0, 60.0])
@pytest.mark.parametrize("n", [2048, 20_000, 20_001, 700])
def test_what_stays_is_that_of_a_loop_over_frames(top_db, n):
    rng = np.random.default_rng(n)
    envelope = np.exp(-(((np.arange(n) - n / 3) / (n / 20)) ** 2)) + 1e-4
    samples = (20_000 * envelope * rng.uniform(-1, 1, n)).astype(np.int16)
    assert loud_stretch(samples, top_db) == loop(samples, top_db)


def test_silence_before_and_after_a_tone_goes():
    tone = (10_000 * np.sin(np.arange(8000) / 5)).astype(np.int16)
    start, end = loud_stretch(np.pad(tone, (16_000, 24_000)), 60)
    assert 16_000 - 2048 <= start <= 16_000
    assert 24_000 <= end <= 24_000 + 2048


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_a_silent_or_empty_clip_stays_whole(n):
    assert loud_stretch(np.zeros(n, np.int16), 60) == (0, n)
