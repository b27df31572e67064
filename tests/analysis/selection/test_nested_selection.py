"""The best of many candidates: found where there is one, not believed in noise, and honest out of the sample."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from analysis.errors import UserError
from analysis.selection.choice import choice_shares
from analysis.selection.nested import select
from analysis.selection.selection_facts import Circumstances

N = 14


def made(signal: float, seed: int = 0, noise_columns: int = 25) -> tuple[pd.DataFrame, pd.Series]:
    """A leaderboard, one candidate that knows it as well as `signal`, and others that know nothing."""
    rng = np.random.default_rng(seed)
    names = [f"s{row}" for row in range(N)]
    board = pd.Series(rng.normal(size=N), names)
    table = pd.DataFrame(rng.normal(size=(N, noise_columns)), names, [f"noise{k}" for k in range(noise_columns)])
    table.insert(3, "good", signal * board + rng.normal(size=N) * 0.3)
    return table, board


def test_the_score_that_follows_the_leaderboard_is_found_and_usable():
    table, board = made(2.0)
    found = select(table, board)
    assert found.winner.name == "good" and found.verdict == "usable"
    assert found.winner.spearman == pytest.approx(spearmanr(table["good"], board)[0])
    assert found.winner.bootstrap > 0.9 and found.winner.held_out == 1
    assert found.nested.spearman == pytest.approx(found.winner.spearman)
    assert found.tried == 26


def test_the_best_of_noise_is_not_believed():
    """Its coefficient alone would convince, the corrected p, the nested loop and the bootstrap say no."""
    apparent, nested, usable = [], [], 0
    for seed in range(12):
        table, board = made(0.0, seed)
        found = select(table, board)
        apparent.append(found.winner.spearman)
        nested.append(found.nested.spearman)
        usable += found.verdict == "usable"
        assert found.winner.bootstrap < 0.75
    assert np.mean(apparent) > 0.5
    assert np.mean(nested) < 0.2
    assert usable <= 2


def test_the_nested_placings_are_those_of_a_plain_loop():
    table, board = made(0.6, 3, noise_columns=6)
    table.iloc[4, 1] = np.nan
    expected = {}
    for out in board.index:
        others = board.drop(out)
        strength = {}
        for name in table:
            own = table[name].drop(out).dropna()
            if np.isfinite(table.loc[out, name]):
                strength[name] = spearmanr(own, others[own.index])[0] * np.sqrt(len(own) - 1)
        best = table[max(strength, key=strength.get)].dropna()
        expected[out] = (pd.Series(rankdata(best), best.index)[out] - 0.5) / len(best)
    found = select(table, board).nested
    assert found.placings == pytest.approx(expected)
    placed = pd.Series(expected)
    assert found.spearman == pytest.approx(spearmanr(placed, board)[0])
    assert found.regret.value == pytest.approx(board.max() - board[placed == placed.max()].mean())


def test_leaving_one_out_is_not_biased_by_candidates_that_hang_together():
    """Over draws of the leaderboard alone the placings of left-out submissions agree with it by chance only."""
    rng = np.random.default_rng(5)
    x = np.sqrt(0.8) * rng.normal(size=(8, 1)) + np.sqrt(0.2) * rng.normal(size=(8, 6))
    places = rankdata(x, axis=0)
    found = []
    for _ in range(150):
        y = rng.normal(size=8)
        placing = (choice_shares(1 - np.eye(8), x, y) * places).sum(axis=1)
        found.append(spearmanr(placing, y)[0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(len(found))


def test_ties_share_the_choice():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    x = np.column_stack([y, 10 * y, -y, np.full(4, np.nan)])
    assert choice_shares(np.ones((1, 4)), x, y).tolist() == [[0.5, 0.5, 0, 0]]
    assert choice_shares(np.ones((1, 4)), x, y, np.array([[False, True, True, True]])).tolist() == [[0, 1, 0, 0]]


def test_of_candidates_that_rank_alike_the_one_that_loses_less_wins():
    board = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0], list("abcde"))
    table = pd.DataFrame({"top wrong": [1, 2, 3, 5, 4], "bottom wrong": [2, 1, 3, 4, 5]}, list("abcde"))
    assert select(table, board).winner.name == "bottom wrong"


def test_the_order_of_rows_and_submissions_without_a_score_change_nothing():
    table, board = made(1.0)
    mixed = table.sample(frac=1, random_state=0)
    extra = pd.concat([mixed, pd.DataFrame([[9.0] * table.shape[1]], ["later"], table.columns)])
    again = select(extra, pd.concat([board, pd.Series({"later": np.nan})]))
    first = select(table, board)
    assert again.n == N
    assert again.winner == first.winner
    assert again.nested.placings == pytest.approx(dict(first.nested.placings))


def test_other_protocols_and_noise_take_the_verdict_away():
    table, board = made(2.0)
    assert select(table, board, Circumstances(protocols=2)).verdict == "not comparable"
    names = list(board.index)
    extremes = table["good"].sort_values().index
    repeats = [(extremes[0], extremes[-1]), (extremes[1], extremes[-2])]
    noisy = select(table, board, Circumstances(repeats=repeats))
    assert noisy.verdict == "no evidence"
    assert noisy.reasons[0].code == "within_noise_but_shown"
    assert set(names) == set(extremes)


def test_too_few_submissions_and_nothing_to_choose_by_are_said():
    table, board = made(1.0)
    with pytest.raises(UserError, match=r"4 submissions have a leaderboard score .* want 5"):
        select(table, board.iloc[:4])
    with pytest.raises(UserError, match="no score differs over at least 3 of the 14 submissions"):
        select(table * 0, board)
