"""The statistics behind the report, against scipy and against sweeps whose answer is known."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.confirmation import confirm_runs, finalists, scheme_cells, scheme_gap
from analysis.effects import associations
from analysis.importance import parameter_importance
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.search_parameters import search_parameters, value_text
from analysis.standing import BLOCK, judged_trials, shuffles
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
    found = [parameter_importance(_drawn(fake, 30, seed)) for seed in range(4)]
    assert all(next(iter(each.shares)) == "optimizer.lr" for each in found)
    assert sum(each.shares["optimizer.lr"] > each.chance["optimizer.lr"] for each in found) >= 3
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
    assert "at least 8 trials with a result, there are 7" in importance.reason


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (("complete", 0.5, 8), "all results are equal"),
        (("complete", 0.1, 8), "25 of 30 trials share the last place, so no best 40 % stand out"),
        (("pruned", 0.1, 2), "25 of 30 trials share the last place, so no best 40 % stand out"),
        (("diverged", np.nan, 2), "25 of 30 trials diverged, so no best 40 % stand out"),
    ],
)
def test_what_keeps_the_best_trials_from_standing_out_is_said(rest: tuple[str, float, int], reason: str) -> None:
    first = [("complete", 0.5 if reason.startswith("all") else score, 8) for score in (0.2, 0.3, 0.4, 0.5, 0.6)]
    trials = pd.DataFrame([*first, *[rest] * 25], columns=["state", "score", "epochs"])
    trials = trials.assign(trial=range(30), **{"param.x": np.arange(30) / 30})
    found = parameter_importance(SweepTables({"search": {"x": {"uniform": [0, 1]}}}, trials, pd.DataFrame()))
    assert (found.reason, found.shares) == (reason, {})


def test_within_one_block_choices_are_tested_as_by_scipys_kruskal(fake: ModuleType) -> None:
    tables = _drawn(fake, 2 * BLOCK - 1, 2)
    groups = [group["score"] for _, group in tables.trials.groupby("param.targets.mode")]
    alone = _alone(tables, "targets.mode")
    expected = stats.kruskal(*groups)
    found = associations(alone)[0]
    assert found.explained * (found.n - 1) == pytest.approx(expected.statistic), (
        "H is the share of the variance of ranks"
    )
    assert found.p == pytest.approx(expected.pvalue, abs=0.03)


def test_p_values_are_corrected_by_holm(fake: ModuleType) -> None:
    tables = _drawn(fake, 24, 2)
    alone = [associations(_alone(tables, path))[0].p for path in tables.definition["search"]]
    ordered = np.sort(alone) * np.arange(len(alone), 0, -1)
    together = sorted(each.p for each in associations(tables))
    assert together == pytest.approx(np.minimum(np.maximum.accumulate(ordered), 1.0))


def test_a_conditional_parameter_is_judged_on_the_trials_that_have_it(fake: ModuleType) -> None:
    tables = _drawn(fake, 24, 3)
    gamma = next(p for p in search_parameters(tables) if p.path == "loss.gamma")
    assert gamma.condition_text() == "loss.name is focal or focal_bce"
    found = next(each for each in associations(tables) if each.parameter == "loss.gamma")
    assert found.n == tables.trials["param.loss.gamma"].notna().sum()


def _alone(tables: SweepTables, path: str) -> SweepTables:
    """The same trials, as if one parameter had been searched."""
    kept = [c for c in tables.trials.columns if not c.startswith("param.") or c == f"param.{path}"]
    search = {path: tables.definition["search"][path]}
    return SweepTables(tables.definition | {"search": search}, tables.trials[kept], tables.epochs)


# --- stopped trials, and an optimum within a range ---


def _rates(n: int, seed: int, halving: bool) -> SweepTables:
    """Random trials of 9 epochs whose best rate lies within the range, beside two settings that do nothing."""
    rng = np.random.default_rng(seed)
    rate, decay = 10 ** rng.uniform(-4, -1, n), 10 ** rng.uniform(-6, -1, n)
    search = {
        "lr": {"loguniform": [1e-4, 1e-1]},
        "decay": {"loguniform": [1e-6, 1e-1]},
        "mode": {"choice": ["soft", "hard"]},
    }
    drawn = {"param.lr": rate, "param.decay": decay, "param.mode": rng.choice(["soft", "hard"], n)}
    top = 0.9 - 0.05 * np.abs(np.log10(rate) + 2.5) ** 1.5 + rng.normal(0, 0.01, n)
    curves = top[:, None] - 0.3 * np.exp(-0.4 * np.arange(1, 10)) + rng.normal(0, 0.003, (n, 9))
    ends = _halved(curves) if halving else np.full(n, 9)
    score, state = curves[np.arange(n), ends - 1], np.where(ends < 9, "pruned", "complete")
    trials = pd.DataFrame({"trial": range(n), "state": state, "score": score, "epochs": ends} | drawn)
    return SweepTables({"search": search}, trials, pd.DataFrame())


def _halved(curves: np.ndarray) -> np.ndarray:
    """The last epoch of each trial when at epochs 1 and 3 the best third of those before it goes on, one by one."""
    ends = np.full(len(curves), 9)
    rungs: dict[int, list[float]] = {1: [], 3: []}
    for number, curve in enumerate(curves):
        for epoch, seen in rungs.items():
            stop = seen and curve[epoch - 1] < np.percentile(seen, 200 / 3)
            seen.append(curve[epoch - 1])
            if stop:
                ends[number] = epoch
                break
    return ends


@pytest.mark.parametrize("halving", [False, True], ids=["fifo", "asha"])
@pytest.mark.parametrize("seed", range(3))
def test_an_optimum_within_a_range_is_seen(seed: int, halving: bool) -> None:
    rate, *others = associations(_rates(60, seed, halving))
    assert rate.shown
    assert rate.shape == "best in between"
    assert not any(each.shown for each in others)


@pytest.mark.parametrize(("slope", "shape"), [(1, "the higher, the better"), (-1, "the lower, the better")])
@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_trend_is_named_by_what_is_better(slope: int, shape: str, mode: str) -> None:
    sign = 1 if mode == "max" else -1
    x = np.random.default_rng(0).random(20)
    trials = pd.DataFrame(
        {"trial": range(20), "state": "complete", "score": sign * slope * x, "epochs": 3, "param.x": x}
    )
    tables = SweepTables({"search": {"x": {"uniform": [0, 1]}}, "objective": {"mode": mode}}, trials, pd.DataFrame())
    assert associations(tables)[0].shape == shape


@pytest.mark.parametrize(("slope", "shape"), [(1, "the higher, the better"), (-1, "the lower, the better")])
@pytest.mark.parametrize("rarer", [1, 2])
def test_a_range_of_two_values_has_a_trend_and_no_optimum_in_between(slope: int, shape: str, rarer: int) -> None:
    rng = np.random.default_rng(2)
    x = np.full(60, 3 - rarer)
    x[rng.choice(60, 4, replace=False)] = rarer
    score = slope * x + rng.normal(0, 0.05, 60)
    trials = pd.DataFrame({"trial": range(60), "state": "complete", "epochs": 3, "param.x": x, "score": score})
    found = associations(SweepTables({"search": {"x": {"int": [1, 2]}}}, trials, pd.DataFrame()))[0]
    assert (found.shown, found.shape) == (True, shape)


def test_what_had_all_its_trials_stopped_mattered() -> None:
    """Only what was good went on: among complete trials alone there is one choice, and nothing to compare."""
    n = 24
    loss = np.array(["focal", "bce"] * (n // 2))
    stopped = loss == "focal"
    trials = pd.DataFrame(
        {"trial": range(n), "state": np.where(stopped, "pruned", "complete"), "epochs": np.where(stopped, 2, 8)}
        | {"score": 0.8 + 0.001 * np.arange(n), "param.loss": loss, "param.mode": np.arange(n) // 2 % 2}
    )
    search = {"loss": {"choice": ["bce", "focal"]}, "mode": {"choice": [0, 1]}}
    tables = SweepTables({"search": search}, trials, pd.DataFrame())
    loss_test, mode_test = associations(tables)
    assert (loss_test.shown, loss_test.n, loss_test.stopped) == (True, n, n // 2)
    assert not mode_test.shown
    importance = parameter_importance(tables)
    assert (importance.n_trials, importance.n_stopped) == (n, n // 2)
    assert importance.shares["loss"] > importance.chance["loss"]
    assert importance.shares["mode"] <= importance.chance["mode"]


@pytest.mark.parametrize("mode", ["max", "min"])
def test_trials_stand_by_how_far_they_went_and_then_by_score(mode: str) -> None:
    sign = 1.0 if mode == "max" else -1.0
    rows = [
        ("pruned", 2, 0.99, None),
        ("complete", 5, 0.1, None),
        ("pruned", 4, 0.2, None),
        ("diverged", 4, np.nan, None),
        ("complete", 9, 0.3, None),
        ("pruned", 4, 0.1, None),
        ("diverged", 1, np.nan, None),
        ("failed", 3, np.nan, "out of memory"),
        ("pruned", 8, 0.9, "stopped by hand"),
        ("running", 8, 0.9, None),
        ("complete", 9, np.nan, None),
    ]
    trials = pd.DataFrame(rows, columns=["state", "epochs", "score", "error"]).assign(trial=range(len(rows)))
    trials["score"] *= sign
    judged = judged_trials(SweepTables({"objective": {"mode": mode}}, trials, pd.DataFrame()))
    assert judged["trial"].tolist() == list(range(7)), "the others have no result"
    assert judged["standing"].tolist() == [3.0, 6.0, 5.0, 1.5, 7.0, 4.0, 1.5]


@pytest.mark.parametrize("n", [0, 1, 19, 60, 205])
def test_results_are_exchanged_among_neighbours_only(n: int) -> None:
    orders = shuffles(n, 50)
    assert orders.shape == (50, n)
    assert (np.sort(orders, axis=1) == np.arange(n)).all()
    if n:
        assert np.abs(orders - np.arange(n)).max() < 2 * BLOCK


def test_what_narrows_while_scores_rise_is_no_effect() -> None:
    """An adaptive sampler settles all parameters as the scores rise; one that does nothing goes along."""
    rng = np.random.default_rng(0)
    time = np.linspace(0, 1, 60)
    x = 0.3 + (1 - time) * rng.normal(0, 0.2, 60)
    trials = pd.DataFrame({"trial": range(60), "state": "complete", "epochs": 3, "param.x": x})
    trials["score"] = time + rng.normal(0, 0.2, 60)
    found = associations(SweepTables({"search": {"x": {"uniform": [-1, 1]}}}, trials, pd.DataFrame()))[0]
    assert not found.shown


@pytest.mark.parametrize(("n", "there"), [(0, "are none"), (1, "is 1"), (5, "are 5")])
def test_too_few_results_are_not_tested_and_counted(n: int, there: str) -> None:
    trials = pd.DataFrame(
        {"trial": range(n), "state": "complete", "score": np.arange(n) / 10.0, "param.x": np.arange(n)}
    )
    found = associations(SweepTables({"search": {"x": {"uniform": [0, 9]}}}, trials, pd.DataFrame()))[0]
    assert not found.is_tested
    assert found.reason == f"it takes 6 trials with a result, there {there}"


def test_the_mark_of_chance_is_higher_beside_other_parameters() -> None:
    rng = np.random.default_rng(0)
    names = "abcdef"
    drawn = {f"param.{name}": rng.random(20) for name in names}
    trials = pd.DataFrame({"trial": range(20), "state": "complete", "score": rng.random(20)} | drawn)
    beside = SweepTables({"search": {name: {"uniform": [0, 1]} for name in names}}, trials, pd.DataFrame())
    found, alone = parameter_importance(beside), parameter_importance(_alone(beside, "a"))
    assert found.chance["a"] / found.shares["a"] > 1.1 * alone.chance["a"] / alone.shares["a"]


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
