"""Which way scores go with each setting."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.correlation.pairs import Pairs
from analysis.leaderboard.signs import signs


def made(n=60):
    """lr raises validation and lowers the leaderboard; the loss does nothing; the depth is unknown of half."""
    rng = np.random.default_rng(0)
    lr = rng.uniform(1e-4, 1e-2, n)
    return pd.DataFrame(
        {
            "cv": lr * 10 + rng.normal(0, 0.01, n),
            "lb": -lr * 10 + rng.normal(0, 0.01, n),
            "lr": lr.astype(str),
            "loss": rng.choice(["bce", "ce"], n),
            "depth": ["unknown" if i % 2 else str(i % 3) for i in range(n)],
            "once": ["x"] * (n - 1) + ["y"],
        }
    )


def test_a_number_has_spearmans_coefficient_and_opposite_signs_are_seen_first():
    table = made()
    first, *_ = found = signs(Pairs.of(table, "cv", "lb", frozenset()), ["loss", "lr", "depth", "once"])
    assert first.name == "lr" and first.opposite
    assert (first.cv.sign, first.leaderboard.sign) == (1, -1)
    assert first.cv.value == pytest.approx(stats.spearmanr(table["lr"].astype(float), table["cv"]).statistic)
    assert first.leaderboard.value == pytest.approx(stats.spearmanr(table["lr"].astype(float), table["lb"]).statistic)
    assert "once = y" not in [one.name for one in found]


def test_of_two_values_one_is_told_and_what_is_not_stated_takes_no_part():
    found = {one.name: one for one in signs(Pairs.of(made(), "cv", "lb", frozenset()), ["loss", "depth"])}
    assert sum(name.startswith("loss") for name in found) == 1
    assert found["depth"].n == 30
    assert all(one.leaderboard.sign == 0 for name, one in found.items() if name.startswith("loss"))


def test_a_loss_is_turned():
    table = made().assign(loss_value=lambda t: -t["cv"])
    turned = signs(Pairs.of(table, "loss_value", "lb", frozenset({"loss_value"})), ["lr"])
    assert turned == signs(Pairs.of(table, "cv", "lb", frozenset()), ["lr"])
