"""Means against numpy and scipy, selection against exhaustive search, the honest score against a plain loop."""

import itertools

import numpy as np
import pytest
from scipy.stats import gmean, rankdata, spearmanr
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from analysis.ensemble import COMBINATIONS, Members, by_kind, greedy_selection, judge_ensembles, rank_correlations
from analysis.ensemble.judged import PARTS, REPEATS, corrected_interval
from analysis.errors import UserError
from analysis.metrics import macro_auc


def make(n_members=4, n_clips=80, n_classes=3, noise=1.5, seed=0) -> Members:
    rng = np.random.default_rng(seed)
    positive = rng.random((n_clips, n_classes)) < 0.35
    logits = 1.5 * positive + rng.normal(0, noise, (n_members, n_clips, n_classes))
    names = tuple(f"m{k}" for k in range(n_members))
    return Members(names, tuple(f"c{i}" for i in range(n_clips)), positive, 1 / (1 + np.exp(-logits)))


# ---- means


def test_means_are_numpys_and_scipys():
    p, weights = make().probabilities, np.array([2.0, 0.0, 1.0, 1.0])
    ranks = np.stack([rankdata(own, axis=0) for own in p]) / p.shape[1]
    expected = {
        "arithmetic": np.average(p, axis=0, weights=weights),
        "geometric": gmean(p, axis=0, weights=np.broadcast_to(weights[:, None, None], p.shape)),
        "rank": np.average(ranks, axis=0, weights=weights),
    }
    assert set(expected) == set(COMBINATIONS)
    for name, values in expected.items():
        assert COMBINATIONS[name].combine(p, weights) == pytest.approx(values)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_single_member_keeps_its_auc(name):
    members = make()
    alone = COMBINATIONS[name].combine(members.probabilities, np.array([0, 1, 0, 0]))
    assert macro_auc(members.positive, alone) == macro_auc(members.positive, members.probabilities[1])


def test_calibration_does_not_change_a_mean_of_ranks():
    p, equal = make().probabilities, np.ones(4)
    squeezed = np.stack([p[0] ** 7, *p[1:]])
    assert COMBINATIONS["rank"].combine(squeezed, equal) == pytest.approx(COMBINATIONS["rank"].combine(p, equal))


def test_one_zero_is_no_veto():
    p = np.array([0.0, 0.9, 0.9]).reshape(3, 1, 1)
    assert COMBINATIONS["geometric"].combine(p, np.ones(3))[0, 0] > 0


# ---- greedy selection


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_each_step_is_the_best_addition_of_all(combination):
    members = make(seed=3)
    how, chosen = COMBINATIONS[combination], greedy_selection(members, "macro_auc", combination, rounds=6)
    for size in range(1, len(chosen.chosen) + 1):
        before = [members.names.index(name) for name in chosen.chosen[: size - 1]]
        scores = []
        for k in range(4):
            weights = np.bincount([*before, k], minlength=4)
            combined = how.combine(members.probabilities, weights.astype(float))
            scores.append(roc_auc_score(members.positive, combined, average="macro"))
        assert chosen.path[size - 1] == pytest.approx(max(scores))
    assert chosen.weights.sum() == len(chosen.chosen)
    assert (np.diff(chosen.path) != 0).all() or len(chosen.path) == 1


def test_two_members_that_complete_each_other_are_found():
    members = make(4, 200, 1, noise=3.0, seed=1)
    error = np.random.default_rng(5).normal(0, 2, (200, 1))
    truth = np.where(members.positive, 1.0, -1.0)
    pair = 1 / (1 + np.exp(-np.stack([truth + error, truth - error])))  # their logits' mean is the truth
    better = Members((*members.names, "x", "y"), members.clip_ids, members.positive,
                     np.concatenate([members.probabilities, pair]))  # fmt: skip
    assert set(greedy_selection(better, combination="geometric").chosen) >= {"x", "y"}
    best = max(
        macro_auc(better.positive, better.probabilities[list(some)].mean(0))
        for size in (1, 2)
        for some in itertools.combinations(range(6), size)
    )
    assert greedy_selection(better).path[-1] >= best - 0.01


def test_copies_of_one_member_stay_one():
    members = make(1)
    copies = Members(("a", "b"), members.clip_ids, members.positive, np.repeat(members.probabilities, 2, axis=0))
    assert greedy_selection(copies).chosen == ("a",)


@pytest.mark.parametrize(
    ("metric", "combination", "said"),
    [
        ("auc", "arithmetic", "metric must be one of macro_auc"),
        ("temporal_consistency", "arithmetic", "metric must be one of"),
        ("macro_auc", "median", "combination must be one of arithmetic, geometric, rank, got 'median'"),
        ("macro_f1", "rank", "a mean of ranks has no macro_f1"),
    ],
)
def test_what_can_not_be_asked_is_said(metric, combination, said):
    with pytest.raises(UserError, match=said):
        greedy_selection(make(), metric, combination)


# ---- judged on other clips


def test_no_clip_that_chose_is_scored(monkeypatch):
    members = make(3, 50)
    recordings = [f"r{i // 2}" for i in range(50)]
    seen: list[set[str]] = []
    monkeypatch.setattr(
        "analysis.ensemble.judged.greedy_selection",
        lambda own, *a: seen.append(set(own.clip_ids)) or greedy_selection(own, *a),
    )
    scored: list[set[str]] = []
    real = Members.of_clips
    monkeypatch.setattr(
        Members, "of_clips", lambda self, rows: scored.append(set(real(self, rows).clip_ids)) or real(self, rows)
    )
    judge_ensembles(members, groups=recordings)
    chosen_on = seen[1:]  # the first is the selection to use, on all clips
    assert len(chosen_on) == PARTS * REPEATS
    everything, group_of = set(members.clip_ids), dict(zip(members.clip_ids, recordings, strict=True))
    held_out = [everything - part for part in chosen_on]
    for held, part in zip(held_out, chosen_on, strict=True):
        assert held in scored
        assert not {group_of[clip] for clip in held} & {group_of[clip] for clip in part}
    for repeat in range(REPEATS):
        parts = held_out[repeat * PARTS : (repeat + 1) * PARTS]
        assert sum(map(len, parts)) == len(set().union(*parts)) == 50


def test_the_mean_of_all_has_the_score_of_a_plain_loop_over_parts():
    members = make(3, 60)
    judged = judge_ensembles(members, seed=4)
    rng, names, expected = np.random.default_rng(4), np.unique(members.clip_ids), []
    for _ in range(REPEATS):
        for part in np.array_split(rng.permutation(names), PARTS):
            rows = np.isin(members.clip_ids, part)
            mean = members.probabilities[:, rows].mean(0)
            expected.append(roc_auc_score(members.positive[rows], mean, average="macro"))
    assert judged.table.loc["mean of all", "score"] == pytest.approx(np.mean(expected))
    assert judged.parts == 20


def test_what_is_chosen_among_noise_is_noise_on_other_clips():
    """It looks better than chance on the clips that chose it, and on those alone."""
    rows = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        members = Members(
            tuple(f"m{k}" for k in range(8)),
            tuple(f"c{i}" for i in range(60)),
            rng.random((60, 2)) < 0.4,
            rng.random((8, 60, 2)),
        )
        rows.append(judge_ensembles(members, seed=seed).table.loc["greedy"])
    held = np.array([row["score"] for row in rows])
    assert abs(held.mean() - 0.5) < 3 * held.std(ddof=1) / np.sqrt(8) + 0.01
    assert min(row["chosen_on"] for row in rows) > 0.56


def test_averaging_members_with_independent_errors_gains():
    table = judge_ensembles(make(6, 300, 3, noise=2.0)).table
    assert table.loc["mean of all", "low"] > 0
    assert table.loc["best single", "gain"] == 0


def test_the_interval_is_nadeau_and_bengios():
    differences = np.random.default_rng(0).normal(0.1, 1, 20)
    half = student.ppf(0.975, 19) * np.sqrt((1 / 20 + 0.2 / 0.8) * differences.var(ddof=1))
    assert corrected_interval(differences) == pytest.approx((differences.mean() - half, differences.mean() + half))


def test_too_few_groups_are_said():
    with pytest.raises(UserError, match="at least 5 groups, got 2"):
        judge_ensembles(make(2, 20), groups=["a", "b"] * 10)


# ---- diversity


def test_correlations_are_scipys():
    members = make(3, 40)
    whole, within = rank_correlations(members), rank_correlations(members, errors=True)
    p, positive = members.probabilities, members.positive
    per_class = [spearmanr(p[0, :, k], p[2, :, k]).statistic for k in range(3)]
    assert whole.loc["m0", "m2"] == pytest.approx(np.mean(per_class))
    parts = [positive[:, k] == label for k in range(3) for label in (True, False)]
    per_part = [spearmanr(p[0, part, k // 2], p[2, part, k // 2]).statistic for k, part in enumerate(parts)]
    assert within.loc["m0", "m2"] == pytest.approx(np.mean(per_part))
    assert np.diag(whole) == pytest.approx(1)


def test_good_members_agree_more_than_their_errors_do():
    members = make(2, 300, noise=0.5)
    assert rank_correlations(members).iloc[0, 1] > 0.5
    assert abs(rank_correlations(members, errors=True).iloc[0, 1]) < 0.15


def test_kinds_are_means_over_pairs_of_different_members():
    table = rank_correlations(make(4))
    kinds = by_kind(table, {"m0": "ce", "m1": "ce", "m2": "bce", "m3": "bce"})
    assert kinds.loc["ce", "ce"] == pytest.approx(table.loc["m0", "m1"])
    assert kinds.loc["ce", "bce"] == pytest.approx(table.loc[["m0", "m1"], ["m2", "m3"]].to_numpy().mean())
