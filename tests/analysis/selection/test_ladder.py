"""The gate for new bests."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.correlation import Noise
from analysis.selection.ladder import ladder

NOISE = Noise(0.01, "given")


def test_a_new_best_counts_only_above_the_noise_of_a_difference():
    scores = pd.Series([0.70, 0.71, 0.72, 0.60, np.nan, 0.73], list("abcdef"))
    found = ladder(scores, NOISE)
    assert found.step == pytest.approx(math.sqrt(2) * 0.01)
    assert [rung.name for rung in found.accepted] == ["a", "c"]  # b and f are less than .0141 above
    assert [rung.name for rung in found.within_noise] == ["b", "f"]
    assert [rung.best_before for rung in found.rungs] == [-math.inf, 0.70, 0.70, 0.72, 0.72]


def test_equal_runs_rarely_climb():
    """Of 50 submissions of one model nearly all new maxima are noise; without the gate there are about 4.5."""
    rng, accepted, maxima = np.random.default_rng(0), [], []
    for _ in range(200):
        scores = pd.Series(rng.normal(0, 0.01, 50))
        accepted.append(len(ladder(scores, NOISE).accepted))
        maxima.append((scores.cummax().diff() != 0).sum())
    assert np.mean(maxima) > 4
    assert np.mean(accepted) < 2.5


def test_a_slow_climb_counts_against_the_accepted_best_not_the_last_score():
    found = ladder(pd.Series([0.70, 0.71, 0.718, 0.726]), NOISE)
    assert [rung.score for rung in found.accepted] == [0.70, 0.718]
