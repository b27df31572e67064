"""The statistics behind the report, against scipy and against sweeps whose answer is known."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.confirmation import confirm_runs, finalists, scheme_cells, scheme_gap
from analysis.effects import association
from analysis.importance import parameter_importance
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import search_parameters, value_text
from analysis.uncertainty import paired_difference, t_interval


def _drawn(fake: ModuleType, n: int, seed: int) -> SweepTables:
    """A sweep without a scheduler where the learning rate rules and gamma does nothing."""
    rng = np.random.default_rng(seed)
    trials = []
    for number in range(n):
        parameters = fake._draw(rng)
        trials.append(fake._trial(number, "search", "complete", fake._curve(rng, parameters), parameters))
    return SweepTables(fake.definition(), pd.DataFrame(trials), pd.DataFrame())


def test_t_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).normal(0.9, 0.01, 7)
    interval = t_interval(values)
    low, high = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    assert (interval.mean, interval.low, interval.high) == pytest.approx((values.mean(), low, high), abs=1e-12)
    assert interval.n == 7


def test_t_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = [not t_interval(rng.normal(0.0, 1.0, 4)).excludes(0.0) for _ in range(2000)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("values", [[], [0.5], [float("nan"), 0.5]])
def test_one_value_has_no_interval_and_decides_nothing(values: list[float]) -> None:
    interval = t_interval(values)
    assert np.isnan(interval.low)
    assert interval.overlaps(t_interval([0.1, 0.2, 0.3]))
    assert not interval.excludes(0.0)


def test_a_paired_difference_leaves_out_pairs_with_a_missing_half() -> None:
    assert paired_difference([1.0, 2.0, np.nan], [0.5, 1.0, 9.0]).n == 2


@pytest.mark.parametrize(
    ("rule", "mode", "expected"),
    [("last", "max", 0.6), ("best", "max", 0.9), ("best", "min", 0.1), ("mean_last_3", "max", 0.7)],
)
def test_a_run_is_scored_by_the_rule_of_the_objective(rule: str, mode: str, expected: float) -> None:
    run = pd.DataFrame({"epoch": [4, 1, 2, 3], "val/macro_auc": [0.6, 0.1, 0.9, 0.6]})
    assert Objective("val/macro_auc", mode, rule).run_score(run) == pytest.approx(expected)


@pytest.mark.parametrize("rule", ["last", "best", "mean_last_3"])
def test_a_run_that_ends_in_nan_has_no_score(rule: str) -> None:
    run = pd.DataFrame({"epoch": [1, 2], "val/macro_auc": [0.9, np.nan]})
    assert np.isnan(Objective(epoch=rule).run_score(run))


def test_finalists_are_ranked_and_tied_per_split_scheme(sweep: SweepTables) -> None:
    by_split = finalists(sweep)
    assert list(by_split) == ["stratified", "stratified_group"]
    for ranked in by_split.values():
        means = [finalist.score.mean for finalist in ranked]
        assert means == sorted(means, reverse=True)
        assert [finalist.score.n for finalist in ranked] == [4, 4, 4]
        for finalist in ranked[1:]:
            assert finalist.behind is not None
            assert finalist.tied == (not finalist.behind.excludes(0.0))
            assert finalist.behind.mean == pytest.approx(finalist.score.mean - ranked[0].score.mean)


def test_a_finalist_whose_runs_all_diverged_is_last_and_ties_with_nobody(sweep: SweepTables) -> None:
    epochs = sweep.epochs.copy()
    candidate = finalists(sweep)["stratified"][0].candidate
    epochs.loc[epochs["candidate"] == candidate, "val/macro_auc"] = np.nan
    ranked = finalists(replace(sweep, epochs=epochs))["stratified"]
    assert ranked[-1].candidate == candidate
    assert ranked[-1].missing == {"without a score": 4}
    assert not ranked[-1].tied


def test_the_gap_between_schemes_is_welchs_over_folds_and_seeds(sweep: SweepTables) -> None:
    runs = confirm_runs(sweep)
    gap = scheme_gap(scheme_cells(runs), "stratified", "stratified_group")
    cells = runs.groupby(["split", "fold", "repeat"])["score"].mean()
    reference = stats.ttest_ind(cells["stratified"], cells["stratified_group"], equal_var=False)
    interval = reference.confidence_interval(0.95)
    assert (gap.mean, gap.low, gap.high) == pytest.approx(
        (cells["stratified"].mean() - cells["stratified_group"].mean(), interval.low, interval.high)
    )
    assert gap.n == 4


def test_importance_finds_what_rules_and_stays_below_chance_for_what_does_nothing(fake: ModuleType) -> None:
    found = [parameter_importance(_drawn(fake, 24, seed)) for seed in range(6)]
    assert all(next(iter(each.shares)) == "optimizer.lr" for each in found)
    assert all(each.shares["optimizer.lr"] > each.chance["optimizer.lr"] for each in found)
    assert sum(each.shares["loss.gamma"] > each.chance["loss.gamma"] for each in found) <= 1
    assert all(sum(each.shares.values()) == pytest.approx(1.0) for each in found)


def test_importance_is_the_same_for_mode_min_of_the_negated_score(fake: ModuleType) -> None:
    tables = _drawn(fake, 16, 0)
    objective = {"metric": "val/macro_auc", "mode": "min", "epoch": "last"}
    negated = replace(
        tables,
        definition=fake.definition(objective=objective),
        trials=tables.trials.assign(score=-tables.trials["score"]),
    )
    assert parameter_importance(negated).shares == parameter_importance(tables).shares


def test_too_few_trials_get_no_importance(fake: ModuleType) -> None:
    importance = parameter_importance(_drawn(fake, 7, 0))
    assert not importance.shares
    assert "at least 8 complete trials, there are 7" in importance.reason


def test_an_association_agrees_with_scipy(fake: ModuleType) -> None:
    tables = _drawn(fake, 24, 2)
    rate = next(p for p in search_parameters(tables) if p.path == "optimizer.lr")
    expected = stats.spearmanr(tables.trials["param.optimizer.lr"], tables.trials["score"])
    found = association(tables.trials, rate)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    mode = next(p for p in search_parameters(tables) if p.path == "targets.mode")
    groups = [group["score"] for _, group in tables.trials.groupby("param.targets.mode")]
    assert association(tables.trials, mode).p == pytest.approx(stats.kruskal(*groups).pvalue)


def test_a_conditional_parameter_is_judged_on_the_trials_that_have_it(fake: ModuleType) -> None:
    tables = _drawn(fake, 24, 3)
    gamma = next(p for p in search_parameters(tables) if p.path == "loss.gamma")
    assert gamma.condition_text() == "loss.name is focal or focal_bce"
    assert association(tables.trials, gamma).n == tables.trials["param.loss.gamma"].notna().sum()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (float("nan"), "null"), (True, "true"), (512.0, "512"), (3e-4, "0.0003"), ("bce", "bce")],
)
def test_values_are_written_as_in_yaml(value: object, text: str) -> None:
    assert value_text(value) == text


def test_tables_without_columns_are_completed() -> None:
    tables = SweepTables({"name": "x"}, pd.DataFrame({"trial": [0], "score": [None]}), pd.DataFrame())
    assert tables.stage_trials("search").loc[0, ["state", "epochs"]].tolist() == ["running", 0]
    assert np.isnan(tables.trials.loc[0, "score"])
    assert tables.stage_epochs("confirm").empty
