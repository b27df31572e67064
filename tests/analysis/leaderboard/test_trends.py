"""Trends of settings that are numbers, against least squares by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.correlation import Columns
from analysis.correlation.analyse import Options
from analysis.errors import UserError
from analysis.leaderboard.effect_words import trend_sentence
from analysis.leaderboard.effects import effects
from analysis.leaderboard.trends import trends

N = 12


@pytest.fixture
def table() -> pd.DataFrame:
    """A leaderboard that rises by 0.01 per doubling of lr, a loss that doesn't care, a validation that falls."""
    rng = np.random.default_rng(3)
    lr = 1e-4 * 2 ** np.linspace(0, 6, N)
    rows = {
        "lr": [f"{value:.8g}" for value in lr],
        "p": ["0", "0.5", "1"] * 4,
        "name": ["a", "b"] * 6,
        "lb": 0.7 + 0.01 * np.log2(lr) + rng.normal(0, 0.002, N),
        "cv": 0.9 - 0.005 * np.log2(lr) + rng.normal(0, 0.002, N),
        "loss": rng.normal(0, 1, N),
    }
    return pd.DataFrame(rows, index=[f"r{k}" for k in range(N)])


def by_hand(x: np.ndarray, y: np.ndarray, tests: int) -> tuple[float, float]:
    """Slope and half the width of its interval."""
    design = np.column_stack([np.ones(len(x)), x])
    beta, squares, *_ = np.linalg.lstsq(design, y, rcond=None)
    freedom = len(x) - 2
    error = np.sqrt(squares[0] / freedom * np.linalg.inv(design.T @ design)[1, 1])
    return beta[1], error * stats.t.ppf(1 - 0.025 / tests, freedom)


def test_slopes_and_intervals_are_those_of_least_squares(table):
    first, second = trends(table, ["lr", "p", "name"], ["lb", "cv"])
    assert (first.setting, first.per, second.setting, second.per) == ("lr", "doubling", "p", "sd")
    slope, margin = by_hand(np.log2(table["lr"].astype(float)), table["lb"].to_numpy(), tests=2)
    own = first.leaderboard
    assert (own.slope, own.low, own.high) == pytest.approx((slope, slope - margin, slope + margin))
    assert own.spearman == pytest.approx(stats.spearmanr(table["lr"].astype(float), table["lb"])[0])
    p = table["p"].astype(float)
    assert second.leaderboard.slope == pytest.approx(by_hand(p / p.std(), table["lb"].to_numpy(), 2)[0])
    assert own.shown and first.flipped("cv") and not second.leaderboard.shown and not second.flipped("cv")


def test_a_loss_is_turned(table):
    (up,), (down,) = (trends(table, ["lr"], ["loss"], lower) for lower in ((), ("loss",)))
    assert down.leaderboard.slope == pytest.approx(-up.leaderboard.slope)
    assert (down.leaderboard.low, down.leaderboard.spearman) == pytest.approx(
        (-up.leaderboard.high, -up.leaderboard.spearman)
    )


def test_missing_scores_and_cells_are_left_out(table):
    table.loc["r0", "lb"] = np.nan
    table.loc["r1", "lr"] = "unstated"
    (found,) = trends(table, ["lr"], ["lb", "cv"])
    assert (found.leaderboard.n, found.cv["cv"].n) == (N - 2, N - 1)
    table["lb"] = np.nan
    assert trends(table, ["lr"], ["lb", "cv"]) == ()


def test_a_number_that_never_repeats_is_followed_where_it_is_named(table):
    columns = Columns(("cv",), "lb")
    plain = effects(table, columns, ("p", "name"))
    assert [one.setting for one in plain.trends] == ["p"]
    followed = effects(table, columns, ("p", "name"), Options(), ("lr",))
    assert [one.setting for one in followed.trends] == ["lr", "p"]
    sentence = trend_sentence(followed, followed.trends[0])
    assert sentence.startswith("lr (0.0001 to 0.0064): lb +0.0")
    assert "per doubling; cv -0.00" in sentence and sentence.endswith(", the other way.")
    with pytest.raises(UserError, match="'name' has no trend: want numbers"):
        effects(table, columns, ("p", "name"), Options(), ("name",))
    with pytest.raises(UserError, match="no column is called 'lrs'"):
        effects(table, columns, ("p", "name"), Options(), ("lrs",))


def test_what_was_never_changed_alone_may_be_another_setting():
    rows = [(str(k), f"net{k // 2}", 0.7 + k / 100) for k in range(6)]
    table = pd.DataFrame(rows, columns=["size", "net", "lb"], index=[f"r{k}" for k in range(6)])
    table["size"] = ["10", "10", "20", "20", "40", "40"]
    table["seed"] = ["1", "2"] * 3
    found = effects(table, Columns((), "lb"), ("size", "net", "seed"))
    assert trend_sentence(found, found.trends[0]).endswith("never changed alone, so it may be net instead.")
