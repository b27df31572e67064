"""Rules on a made pool whose truth is known, and the comparison over competitions against scipy and by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test, spearmanr

from analysis.proxies.agreement import rank_agreement
from analysis.records.predictions import Predictions, write_predictions
from analysis.selection.compare import _sign_flip_p, compare, outcomes
from analysis.selection.pool import Pool
from analysis.selection.rules import BASELINE, RULES, Rule, by_score, rank_mean

CLASSES = ("a", "b", "c", "d")
NOISE = {"good": 0.3, "fair": 1.0, "poor": 2.0, "bad": 4.0}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """Four runs that know the truth with more and more noise, on validation and on an unlabelled target."""
    folder, rng = tmp_path_factory.mktemp("pool"), np.random.default_rng(0)
    truth = {name: np.eye(4)[rng.integers(4, size=n)] for name, n in (("val", 120), ("target", 160))}
    files: dict[str, Path] = {}
    for run, noise in NOISE.items():
        parts = [
            Predictions(
                subset,
                tuple(f"{subset}{row}" for row in range(len(labels))),
                np.zeros(len(labels)),
                (4 * labels + noise * (1 if subset == "val" else 1.5) * rng.normal(size=labels.shape)).astype(
                    np.float32
                ),
                labels if subset == "val" else None,
            )
            for subset, labels in truth.items()
        ]
        files[run] = folder / f"{run}.parquet"
        write_predictions(files[run], parts, CLASSES)
    scores = pd.DataFrame({BASELINE: [0.9, 0.99, 0.95, 0.8], "val/map": [4.0, 3.0, 2.0, np.nan]}, index=list(NOISE))
    return Pool(scores, files)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_gives_each_run_a_number_or_says_it_can_not(pool, name):
    rule = RULES[name]
    scores = rule.score(pool)
    assert list(scores.index) == list(NOISE)
    assert rule.definition.endswith(".")
    assert rule.source
    assert rule.name == name


def test_agreement_finds_the_run_that_knows_most(pool):
    consensus = RULES["consensus"].score(pool)
    assert list(consensus.sort_values(ascending=False).index)[-1] == "bad"
    assert consensus["good"] > consensus["poor"]
    line = RULES["agreement_on_the_line"].score(pool)
    assert list(line.sort_values(ascending=False).index) == list(NOISE)


def test_the_consensus_is_with_the_others_alone(pool):
    ranks = pool.ranks("target")
    others = sum(own for run, own in ranks.items() if run != "fair")
    assert RULES["consensus"].score(pool)["fair"] == pytest.approx(rank_agreement(ranks["fair"], others), abs=1e-12)


def test_the_line_estimates_the_accuracy_on_the_target(pool):
    """Within a few hundredths of the truth that it does not see."""
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    rng.integers(4, size=120)
    labels = np.eye(4)[rng.integers(4, size=160)]
    line = RULES["agreement_on_the_line"].score(pool)
    for run, own in pool.windows("target").items():
        accuracy = (labels.argmax(1) == own.probabilities.argmax(1)).mean()
        assert norm.cdf(line[run]) == pytest.approx(accuracy, abs=0.12)


def test_a_mean_of_ranks_has_no_number_where_one_part_has_none(pool):
    mean = rank_mean(by_score(BASELINE), by_score("val/map"))(pool)
    assert np.isnan(mean["bad"])
    assert mean["good"] == pytest.approx((2 + 3) / 2)


def test_outcomes_are_spearmans_rho_and_what_the_pick_loses(pool):
    hidden = pd.Series([0.7, 0.6, 0.65, 0.5], list(NOISE))
    found = outcomes(pool, hidden)
    assert found.loc[BASELINE, "spearman"] == pytest.approx(spearmanr([0.9, 0.99, 0.95, 0.8], hidden)[0])
    assert found.loc[BASELINE, "regret"] == pytest.approx(0.1)
    assert found.loc["val/map", "regret"] == pytest.approx(0.0)
    assert np.isnan(found.loc["rerender/macro_auc", "regret"])


def test_tied_picks_count_as_their_mean(pool):
    tied = {"tied": Rule("tied", lambda own: pd.Series([1.0, 1.0, 0.0, 0.0], own.runs), "Two.", "here")}
    found = outcomes(pool, pd.Series([0.7, 0.6, 0.65, 0.5], list(NOISE)), tied)
    assert found.loc["tied", "regret"] == pytest.approx(0.05)


def made(regrets: dict[str, list[float]]) -> list[pd.DataFrame]:
    n = len(next(iter(regrets.values())))
    return [pd.DataFrame({"spearman": 0.5, "regret": {k: v[i] for k, v in regrets.items()}}) for i in range(n)]


def test_rules_are_compared_on_the_same_competitions():
    rules = {name: Rule(name, by_score(name), "One.", "here") for name in (BASELINE, "other", "unknown")}
    base, other = [0.05, 0.04, 0.06, 0.0, 0.05], [0.02, 0.04, 0.03, 0.01, 0.0]
    results = compare(made({BASELINE: base, "other": other, "unknown": [np.nan] * 5}), rules)
    assert [result.rule for result in results] == ["other", BASELINE]
    best = results[0]
    assert best.regret.value == pytest.approx(0.02)
    assert best.ratio.value == pytest.approx(0.5)
    assert best.ratio.low < 0.5 < best.ratio.high
    assert (best.better, best.worse) == (3, 1)
    assert results[1].ratio.low == results[1].ratio.high == 1.0


def test_the_paired_p_is_scipys():
    differences = np.array([0.03, 0.0, 0.03, -0.01, 0.05, 0.02, 0.04])
    expected = permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    ).pvalue
    assert _sign_flip_p(differences) == pytest.approx(expected, abs=1e-12)
    assert _sign_flip_p(np.tile(differences, 3)) < expected
