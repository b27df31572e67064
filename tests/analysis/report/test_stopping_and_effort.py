"""What stopping early was worth, what a search cost, and the figures of pairs and of several objectives."""

import json
import re
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.effects import association
from analysis.effort import grid_size, search_effort
from analysis.importance import Importance, parameter_importance
from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page
from analysis.report.effort_sentences import effort_sentences, stopping_sentences
from analysis.report.pair_figures import pair_figure, shown_pairs
from analysis.report.pareto_figure import objective_values, pareto_figure
from analysis.search_parameters import search_parameters
from analysis.stopping import epoch_agreements, rungs, stopped_after


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
    assert effort.full == 24 * 8
    assert effort.epochs == len(sweep.stage_epochs("search"))
    words = " ".join(effort_sentences(effort))
    assert f"trained {effort.epochs} epochs" in words
    assert f"{1 - effort.epochs / 192:.0%} fewer than the 192" in words
    assert effort.grid == (2 * 1 + 2 * 5) * 2 * 5
    assert effort_sentences(None) == []


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
    n = int((own["state"] == "complete").sum())
    lr = next(one for one in search_parameters(tables) if one.path == "optimizer.lr")
    assert association(tables.stage_trials("search"), lr).n == n
    assert parameter_importance(tables).n_trials == n
    assert "took over weights and settings of others" in sweep_page(tables)
