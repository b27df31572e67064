"""What stopping early was worth, what a search cost, and the figures of pairs and of several objectives."""

import json
import re
from dataclasses import replace
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.effects import associations
from analysis.effort import grid_size, search_effort
from analysis.importance import Importance, parameter_importance
from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page
from analysis.report.effort_sentences import effort_sentences, stopping_sentences
from analysis.report.pair_figures import pair_figure, shown_pairs
from analysis.report.pareto_figure import objective_values, pareto_figure
from analysis.stopping import epoch_agreements, rungs, stopped_after
from tuneful.sweep.requests import BY_HAND


def curves_as_sweep(curves: dict[int, list[float]], mode: str = "max", **definition: Any) -> SweepTables:
    """Complete trials of one run each, with these scores per epoch."""
    metric = "val/macro_auc" if mode == "max" else "val/loss"
    trials = [
        {"trial": t, "state": "complete", "score": c[-1], "epochs": len(c), "seconds": 60.0} for t, c in curves.items()
    ]
    epochs = [
        {"run": f"r{t}", "trial": t, "epoch": e, metric: value}
        for t, c in curves.items()
        for e, value in enumerate(c, 1)
    ]
    objective = {"metric": metric, "mode": mode, "epoch": "last"}
    return SweepTables({"objective": objective, **definition}, pd.DataFrame(trials), pd.DataFrame(epochs))


def test_the_agreement_of_an_epoch_is_scipys_rank_correlation(sweep: SweepTables) -> None:
    found = {one.epoch: one for one in epoch_agreements(sweep)}
    search = sweep.stage_trials("search")
    complete = search.loc[search["state"] == "complete", "trial"]
    scores = (
        sweep.stage_epochs("search").pivot_table(index="trial", columns="epoch", values="val/macro_auc").loc[complete]
    )
    assert set(found) == set(range(1, 8))
    for epoch, one in found.items():
        assert one.spearman == pytest.approx(stats.spearmanr(scores[epoch], scores[8]).statistic)
        assert one.low <= one.spearman <= one.high
        assert one.n == len(complete)


@pytest.mark.parametrize(("mode", "place"), [("max", 3), ("min", 1)])
def test_the_best_in_the_end_is_found_where_it_was(mode: str, place: int) -> None:
    ends = {0: [0.5, 0.9], 1: [0.6, 0.8], 2: [0.7, 0.7], 3: [0.4, 0.6]}
    found = epoch_agreements(curves_as_sweep(ends, mode))
    assert [(one.epoch, one.best_was) for one in found] == [(1, place)]


def test_too_few_trials_or_a_single_epoch_say_nothing() -> None:
    assert epoch_agreements(curves_as_sweep({0: [0.1, 0.2], 1: [0.2, 0.3], 2: [0.3, 0.4]})) == []
    assert epoch_agreements(curves_as_sweep({n: [n / 10] for n in range(6)})) == []


def test_rungs_and_stopped_trials(sweep: SweepTables) -> None:
    assert rungs(sweep.definition, 8) == [2, 6]
    assert rungs({"scheduler": {"name": "fifo"}}, 8) == []
    search = sweep.stage_trials("search")
    assert sum(stopped_after(sweep).values()) == (search["state"] == "pruned").sum()


def test_a_trial_that_somebody_stopped_is_not_the_schedulers(sweep: SweepTables) -> None:
    trials = sweep.trials.copy()
    by_hand = trials.index[trials["state"] == "pruned"][0]
    trials.loc[by_hand, "error"] = BY_HAND
    assert sum(stopped_after(replace(sweep, trials=trials)).values()) == (trials["state"] == "pruned").sum() - 1


def test_without_a_scheduler_a_trial_stopped_by_hand_makes_no_rung() -> None:
    rng = np.random.default_rng(0)
    curves = {n: [float(x), float(x), float(x)] for n, x in enumerate(rng.random(12))}
    tables = curves_as_sweep(curves | {12: [0.1]})
    tables.trials.loc[12, ["state", "error"]] = ["pruned", BY_HAND]
    assert "could be stopped there" in " ".join(stopping_sentences(tables, epoch_agreements(tables)))


def test_a_trial_that_its_own_patience_ended_is_not_the_schedulers() -> None:
    tables = curves_as_sweep({0: [0.1, 0.2], 1: [0.2, 0.3, 0.4], 2: [0.3, 0.4, 0.5], 3: [0.4, 0.5, 0.6]})
    assert stopped_after(tables) == {}


def test_the_words_follow_the_correlation() -> None:
    asha = {"scheduler": {"name": "asha", "grace_period": 1, "reduction_factor": 3}}
    rng = np.random.default_rng(0)
    early = rng.random(20)
    for spread, word in ((0.01, "lost little"), (0.4, "may have lost"), (50.0, "close to chance")):
        ends = early + spread * rng.normal(size=20)
        tables = curves_as_sweep({n: [float(early[n]), float(ends[n])] for n in range(20)}, **asha)
        assert word in stopping_sentences(tables, epoch_agreements(tables))[0]
    tables = curves_as_sweep({n: [float(early[n]), float(early[n])] for n in range(20)})
    assert "could be stopped there" in stopping_sentences(tables, epoch_agreements(tables))[0]


CONDITIONAL = {
    "a": {"choice": [1, 2, 3]},
    "b": {"choice": ["x", "y"], "when": {"a": [1, 2]}},
    "c": [{"int": [0, 2], "when": {"b": ["x"]}}, {"uniform": [0, 1], "when": {"b": ["y"], "a": 2}}],
    "d": {"quniform": [0.0, 1.0, 0.5]},
}


def test_the_grid_keeps_conditions() -> None:
    """Counted by brute force: all combinations of all values, those that differ in active parameters only once."""
    values = {"a": [1, 2, 3], "b": ["x", "y"], "c": range(5), "d": range(3)}
    seen = set()
    for a, b, c, d in product(*values.values()):
        active_b = b if a in (1, 2) else None
        active_c = c if active_b == "x" and c < 3 else c if active_b == "y" and a == 2 else None
        if active_b == "x" and c >= 3:
            continue
        seen.add((a, active_b, active_c, d))
    assert grid_size(CONDITIONAL) == len(seen)


def test_a_grid_without_conditions_is_a_product() -> None:
    assert grid_size({"a": {"choice": [1, 2]}, "b": {"loguniform": [1, 9]}, "c": {"int": [1, 64]}}) == 2 * 5 * 5


def test_the_effort_counts_epochs_of_runs(sweep: SweepTables) -> None:
    effort = search_effort(sweep)
    assert effort is not None
    search = sweep.stage_trials("search")
    left = 8 - search.loc[search["state"] == "pruned", "epochs"]
    assert effort.epochs == len(sweep.stage_epochs("search"))
    assert effort.full == effort.epochs + left.sum(), "what diverged or failed ended by itself"
    words = " ".join(effort_sentences(effort))
    assert f"trained {effort.epochs} epochs" in words
    assert f", {1 - effort.epochs / effort.full:.0%} fewer than the {effort.full} of stopping no trial" in words
    assert effort.grid == (2 * 1 + 2 * 5) * 2 * 5
    assert effort.grid_epochs == effort.grid * 8
    assert effort_sentences(None) == []


def trained(*trials: tuple[str, int, int], reused: dict[int, str] | None = None) -> SweepTables:
    """Trials of one run each: how it ended, its epochs, and those that were planned; some taken over from sweeps."""
    rows = [
        {"trial": n, "state": state, "score": 0.5, "epochs": epochs, "planned_epochs": planned}
        for n, (state, epochs, planned) in enumerate(trials)
    ]
    epochs = [
        {"run": f"r{n}", "trial": n, "epoch": e, "seconds": 2.0, "eval_seconds": 1.0, "reused": (reused or {}).get(n)}
        for n, (_, last, _) in enumerate(trials)
        for e in range(1, last + 1)
    ]
    return SweepTables({"search": {"a": {"choice": [1, 2, 3]}}}, pd.DataFrame(rows), pd.DataFrame(epochs))


def test_trials_that_are_meant_to_be_of_unequal_length_save_nothing() -> None:
    effort = search_effort(trained(("complete", 2, 2), ("complete", 20, 20), ("complete", 5, 5)))
    assert effort is not None
    assert (effort.epochs, effort.full, effort.grid_epochs) == (27, 27, 27)
    assert "fewer" not in " ".join(effort_sentences(effort))


def test_what_a_stopped_trial_saves_is_what_was_left_of_its_own_plan() -> None:
    effort = search_effort(trained(("complete", 20, 20), ("pruned", 1, 4)))
    assert effort is not None
    assert effort.full == 24
    assert "12% fewer" in effort_sentences(effort)[0]


def test_where_training_ends_itself_stopping_saved_at_most_the_plan() -> None:
    effort = search_effort(trained(("complete", 6, 20), ("pruned", 2, 20)))
    assert effort is not None
    assert effort.full == 26
    assert "at most 69% fewer" in effort_sentences(effort)[0]


def test_what_was_taken_over_is_said_and_not_counted_as_trained() -> None:
    tables = trained(("complete", 5, 5), ("complete", 5, 5), ("pruned", 2, 5), reused={0: "loss"})
    effort = search_effort(tables)
    assert effort is not None
    assert (effort.epochs, effort.full, effort.seconds) == (7, 10, 21.0)
    assert "not counted: 1 run from the sweep loss." in " ".join(effort_sentences(effort))
    assert "21 s" in sweep_page(tables)
    everything = search_effort(trained(("complete", 5, 5), reused={0: "loss"}))
    assert "trained 0 epochs in 0 s" in effort_sentences(everything)[0]


def test_a_run_that_two_trials_share_was_trained_once() -> None:
    tables = trained(("complete", 5, 5), ("complete", 5, 5))
    shared = SweepTables(tables.definition, tables.trials, tables.epochs.assign(run="r"))
    effort = search_effort(shared)
    assert effort is not None
    assert (effort.epochs, effort.full, effort.seconds) == (5, 5, 15.0)


def test_pairs_are_those_that_matter_and_colour_is_the_score(sweep: SweepTables) -> None:
    importance = parameter_importance(sweep)
    pairs = shown_pairs(sweep, importance)
    first = list(importance.shares)[:3]
    assert [(a.path, b.path) for a, b in pairs] == [(first[0], first[1]), (first[0], first[2]), (first[1], first[2])]
    figure = pair_figure(sweep, *pairs[0])
    assert figure is not None
    coloured = next(trace for trace in figure.data if trace.marker.colorscale is not None)
    search = sweep.stage_trials("search")
    active = search[
        (search["state"] == "complete") & search[f"param.{first[0]}"].notna() & search[f"param.{first[1]}"].notna()
    ]
    assert sorted(coloured.marker.color) == pytest.approx(sorted(active["score"]))
    assert len(shown_pairs(sweep, Importance())) == 3, "the first ones where importance isn't known"


def test_the_front_is_drawn_over_a_further_objective(sweep: SweepTables, fake: ModuleType) -> None:
    objectives = [
        {"metric": "val/macro_auc", "mode": "max", "epoch": "last"},
        {"metric": "val/loss", "mode": "min", "epoch": "last"},
    ]
    both = SweepTables(fake.definition(objective=objectives), sweep.trials, sweep.epochs)
    values = objective_values(both)
    # In these tables the loss is 1.2 less the score: one trial is best in both.
    assert values["objective.1"].tolist() == pytest.approx((1.2 - values["objective.0"]).tolist())
    figure = pareto_figure(both)
    assert figure is not None
    assert len(figure.data[-1].x) == 1
    assert pareto_figure(sweep) is None
    assert "Several objectives" in sweep_page(both)


def test_the_page_holds_pairs_stopping_and_cost(page: str) -> None:
    assert len(re.findall(r'data-plot="plot-pair-\d"', page)) == 3
    assert 'data-plot="plot-stopping"' in page
    assert "Was stopping right?" in page
    assert "A full grid" in page
    assert json.loads(re.search(r'data-plot="plot-stopping">(.*?)</script>', page, re.DOTALL)[1])["data"]  # type: ignore[index]


def test_trials_of_a_population_that_took_over_are_left_out_of_effects_and_importance(sweep: SweepTables) -> None:
    search = sweep.trials.copy()
    changed = (search["stage"] == "search") & (search["trial"] % 2 == 0)
    tables = SweepTables(sweep.definition, search.assign(exploits=changed.astype(int)), sweep.epochs)
    own = sweep.stage_trials("search")
    own = own[own["trial"] % 2 == 1]
    n = int(own["state"].isin(["complete", "pruned", "diverged"]).sum())
    assert next(one for one in associations(tables) if one.parameter == "optimizer.lr").n == n
    assert parameter_importance(tables).n_trials == n
    assert "took over weights and settings of others" in sweep_page(tables)
