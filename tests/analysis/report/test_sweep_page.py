"""What the page of a sweep holds, whatever the sweep looks like."""

import json
import re
from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page
from analysis.report.figures import _LINES, history_figure
from analysis.report.style import STATE_MARKERS
from analysis.report.tables import states_table
from analysis.report.words import duration

EPOCHS = 8
"""of a complete trial of the made sweep"""

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)


def _without_plotly(page: str) -> str:
    """The page without the one large script, which names URLs that it never opens."""
    return _SCRIPT.sub(lambda match: match[0] if len(match[2]) < 500_000 else "", page)


def _plots(page: str) -> list[dict[str, object]]:
    return [json.loads(body) for attributes, body in _SCRIPT.findall(page) if "application/json" in attributes]


def _text(page: str) -> str:
    """The words of the page, scripts and tags taken out."""
    return " ".join(re.sub(r"<[^>]+>", " ", _SCRIPT.sub("", page)).split())


def test_the_page_needs_nothing_else(page: str) -> None:
    rest = _without_plotly(page)
    assert "http://" not in rest
    assert "https://" not in rest
    assert not re.search(r"\b(src|href)=\"(?!data:)", rest)
    assert page.count("plotly.js v") == 1


def test_the_policy_forbids_everything_but_inline_script_and_style(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1] == "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def test_plotly_closes_no_script_element() -> None:
    from plotly.offline import get_plotlyjs

    assert "</script" not in get_plotlyjs().lower()
    assert "<!--" not in get_plotlyjs()


def test_the_headline_names_the_best_complete_trial_and_its_parameters(sweep: SweepTables, page: str) -> None:
    search = sweep.stage_trials("search")
    best = search[search["state"] == "complete"].nlargest(1, "score").iloc[0]
    headline = re.search(r"<h1>(.*?)</h1>", page)
    assert headline
    assert f"Trial {best['trial']} scored best, val/macro_auc {best['score']:.4f}" in headline[1]
    assert f"loss.name = {best['param.loss.name']}" in page


def test_figures_stand_before_the_tables_of_details(page: str) -> None:
    assert page.index('id="plot-confirm"') < page.index('id="plot-history"') < page.index("Best trials</h2>")


def test_there_is_one_figure_per_parameter_and_one_line_per_trial_with_epochs(sweep: SweepTables, page: str) -> None:
    assert len(re.findall(r'<div class="plot" id="plot-parameter-', page)) == 4
    history = _plots(page)[1]
    assert isinstance(history["data"], list)
    assert len(history["data"]) == sweep.stage_epochs("search")["trial"].nunique()


def test_the_split_gap_is_said_in_a_sentence(page: str) -> None:
    text = _text(page)
    assert "under stratified folds and" in text
    assert "under stratified_group folds" in text
    assert "from the split alone" in text


def test_finalists_that_pairs_of_runs_do_not_tell_apart_are_called_a_tie(page: str) -> None:
    assert "stratified: a tie between trials 23, 16 and 2." in _text(page)


def test_finalists_far_apart_are_no_tie(sweep: SweepTables) -> None:
    leader = sweep.stage_epochs("confirm")["candidate"].iloc[0]
    epochs = sweep.epochs.copy()
    epochs.loc[(epochs["stage"] == "confirm") & (epochs["candidate"] != leader), "val/macro_auc"] -= 0.2
    text = _text(sweep_page(replace(sweep, epochs=epochs)))
    assert "a tie between" not in text
    assert "stays ahead when run again" in text


def test_a_diverged_confirm_run_is_counted_and_not_averaged(sweep: SweepTables) -> None:
    epochs = sweep.epochs.copy()
    confirm = epochs[(epochs["stage"] == "confirm") & (epochs["split"] == "stratified")]
    last = (epochs["run"] == confirm["run"].iloc[0]) & (epochs["epoch"] == confirm["epoch"].max())
    epochs.loc[last, "val/macro_auc"] = np.nan
    text = _text(sweep_page(replace(sweep, epochs=epochs)))
    assert "3 of 4: 1 without a score" in text


def test_failed_and_diverged_trials_are_listed_with_their_reason(page: str) -> None:
    text = _text(page)
    assert "out of memory (limit 6.0 GiB) in epoch 1, batch 3" in text
    assert "the loss was no longer a finite number" in text


def test_a_stopped_trial_never_ranks_above_a_complete_one(sweep: SweepTables, fake: ModuleType) -> None:
    tables = fake.without_confirm(sweep)
    trials = tables.trials.copy()
    trials.loc[trials["state"] == "pruned", "score"] = 0.999
    best = trials[trials["state"] == "complete"].nlargest(1, "score").iloc[0]["trial"]
    assert f"<h1>Trial {best} is best" in sweep_page(replace(tables, trials=trials))


def test_the_definition_and_the_command_stand_in_the_page(page: str) -> None:
    assert "<pre>platform sweep loss.yaml</pre>" in page
    assert "choice: [bce, ce, focal, focal_bce]" in page


def test_the_same_sweep_gives_the_same_page(sweep: SweepTables, page: str) -> None:
    assert sweep_page(sweep) == page


# --- sweeps that are not finished, or went wrong ---


def test_an_unconfirmed_sweep_says_so(sweep: SweepTables, fake: ModuleType) -> None:
    text = _text(sweep_page(fake.without_confirm(sweep)))
    assert "not confirmed" in text
    assert "Finalists" not in text


def test_no_complete_trial_is_no_answer(sweep: SweepTables, fake: ModuleType) -> None:
    text = _text(sweep_page(fake.only_trials(sweep, [4, 6, 15])))
    assert "No answer yet: none of 3 trials is complete: 1 stopped early, 1 diverged and 1 failed" in text
    assert "importance needs at least 8 trials with a result, there are 2" in text


@pytest.mark.parametrize("trial", [0, 4, 6, 15], ids=["complete", "pruned", "diverged", "failed"])
def test_a_single_trial_is_a_page(sweep: SweepTables, fake: ModuleType, trial: int) -> None:
    assert "<h1>" in sweep_page(fake.only_trials(sweep, [trial]))


def test_a_sweep_without_any_trial_is_a_page(fake: ModuleType, sweep: SweepTables) -> None:
    empty = SweepTables(fake.definition(), sweep.trials.iloc[:0], sweep.epochs.iloc[:0])
    assert "none of 0 trials is complete" in _text(sweep_page(empty))


@pytest.mark.parametrize("state", ["running", "interrupted"])
def test_a_trial_without_an_end_is_drawn_and_named_as_that(sweep: SweepTables, page: str, state: str) -> None:
    trials = sweep.trials.copy()
    cut = trials.index[trials["state"] == "complete"][1]
    trials.loc[cut, "state"] = state
    tables = replace(sweep, trials=trials)
    whole, unfinished = ([trace.line for trace in history_figure(each).data] for each in (sweep, tables))
    assert sum(line.dash == "dot" for line in unfinished) == 1 + sum(line.dash == "dot" for line in whole)
    changed = sweep_page(tables)
    hovers = [text for trace in _plots(changed)[2]["data"] for text in trace.get("text", [])]  # type: ignore[attr-defined]
    assert sum(f"· {state} ·" in text for text in hovers) == 1, "and it stands among the values of a parameter"
    assert f"</svg>{state}</li>" in changed
    assert f"</svg>{state}</li>" not in page


def test_the_figures_know_every_state_of_a_trial() -> None:
    states = {"complete", "pruned", "diverged", "failed", "running", "interrupted"}
    assert set(STATE_MARKERS) == states
    assert set(_LINES) == states | {"best"}


def test_the_time_of_a_run_that_two_stages_share_is_counted_once(sweep: SweepTables) -> None:
    """As in results whose confirm stage took over the candidate's own run."""
    confirm = sweep.stage_epochs("confirm")
    first = confirm["trial"] == confirm["trial"].min()
    shared = sweep.stage_epochs("search").groupby("run")["epoch"].size().loc[lambda sizes: sizes == EPOCHS].index[0]
    epochs = sweep.epochs.copy()
    epochs.loc[confirm.index[first], "run"] = shared
    rows = states_table(replace(sweep, epochs=epochs)).rows
    assert int(rows[-1][3]) == len(sweep.epochs) - EPOCHS
    assert int(rows[-1][3]) == sum(int(row[3]) for row in rows[:-1])
    seconds = 41.0 * (len(sweep.epochs) - EPOCHS)
    assert rows[-1][4] == duration(seconds)
    assert f"<b>{duration(seconds)}</b><span>training time</span>" in sweep_page(replace(sweep, epochs=epochs))


def test_failed_trials_without_a_score_stand_on_the_floor_of_the_figures(sweep: SweepTables, page: str) -> None:
    loss_name = _plots(page)[2]
    assert isinstance(loss_name["data"], list)
    hovers = [text for trace in loss_name["data"] for text in trace.get("text", [])]
    assert sum("no score" in text for text in hovers) == 2
    assert len(hovers) == len(sweep.stage_trials("search"))


def test_mode_min_ranks_the_lowest_first(sweep: SweepTables, fake: ModuleType) -> None:
    tables = fake.without_confirm(sweep)
    objective = {"metric": "val/loss", "mode": "min", "epoch": "last"}
    trials = tables.trials.assign(score=1.2 - tables.trials["score"])
    changed = SweepTables(fake.definition(objective=objective), trials, tables.epochs)
    best = trials[trials["state"] == "complete"].nsmallest(1, "score").iloc[0]
    page = sweep_page(changed)
    assert f"Trial {best['trial']} is best: val/loss {best['score']:.4f}" in page
    assert "the lowest val/loss" in _text(page)


def test_a_constant_score_gets_no_importance(sweep: SweepTables, fake: ModuleType) -> None:
    tables = fake.without_confirm(sweep)
    trials = tables.trials.assign(score=0.5, state="complete")
    assert "Not computed: all results are equal." in _text(sweep_page(replace(tables, trials=trials)))


def test_trials_scored_under_different_protocols_are_warned_of(sweep: SweepTables) -> None:
    epochs = sweep.epochs.copy()
    epochs.loc[epochs["trial"] == 2, "protocol"] = "other"
    assert "under different protocols" in _text(sweep_page(replace(sweep, epochs=epochs)))
    assert "different protocols" not in _text(sweep_page(sweep))


def test_ranges_that_differ_by_condition_and_values_of_other_kinds_are_shown(fake: ModuleType) -> None:
    tables = fake.without_confirm(fake.realistic(seed=5))
    search = {
        "optimizer.lr": [
            {"loguniform": [1e-4, 1e-3], "when": {"targets.mode": ["soft"]}},
            {"loguniform": [3e-4, 3e-3], "when": {"targets.mode": ["hard"]}},
        ],
        "targets.mode": {"choice": ["soft", "hard"]},
        "mel.n_fft": {"choice": [512, 1024]},
        "mixing.on": {"choice": [True, False]},
        "model.drop": {"choice": [None, 0.5]},
    }
    n = len(tables.trials)
    trials = tables.trials.assign(
        **{
            "param.mel.n_fft": np.tile([512.0, 1024.0], n)[:n],
            "param.mixing.on": pd.Series(np.tile([True, False], n)[:n], dtype=object),
            "param.model.drop": np.tile([np.nan, 0.5], n)[:n],
        }
    )
    page = sweep_page(SweepTables(fake.definition(search=search), trials, tables.epochs))
    ticks = [plot["layout"]["xaxis"].get("ticktext") for plot in _plots(page)]  # type: ignore[index]
    assert ["512", "1024"] in ticks
    assert ["true", "false"] in ticks
    assert ["null", "0.5"] in ticks


# --- names are data ---

_HOSTILE = [
    '<script>alert("x")</script>',
    "</script><img src=x onerror=alert(1)>",
    "=1+1",
    "<b>bold</b> & &lt;",
    "a\u202eb",
]


def _hostile(sweep: SweepTables, name: str) -> SweepTables:
    definition = sweep.definition | {"name": name, "recipe": name}
    definition["confirm"] = definition["confirm"] | {"splits": [name], "folds": [name]}
    definition["search"] = definition["search"] | {name: {"choice": [name, "plain"]}}
    definition["search"]["loss.gamma"] = {"uniform": [0.5, 4.0], "when": {name: [name]}}
    trials = sweep.trials.assign(**{f"param.{name}": ([name, "plain"] * len(sweep.trials))[: len(sweep.trials)]})
    trials.loc[trials["state"] == "failed", "error"] = name
    trials["split"] = trials["split"].where(trials["split"].isna(), name)
    return SweepTables(definition, trials, sweep.epochs.assign(split=name, fold=name))


@pytest.fixture(scope="module")
def plain(sweep: SweepTables) -> str:
    return sweep_page(_hostile(sweep, "harmless"))


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_names_add_no_element(sweep: SweepTables, plain: str, name: str) -> None:
    hostile = sweep_page(_hostile(sweep, name))
    for tag in ("<script", "</script", "<img", "<b>"):
        assert _SCRIPT.sub(lambda m: m[0][:20], hostile).count(tag) == _SCRIPT.sub(lambda m: m[0][:20], plain).count(
            tag
        )
    assert len(_plots(hostile)) == len(_plots(plain))


def test_labels_in_the_figures_hold_no_markup_of_a_name(sweep: SweepTables) -> None:
    for plot in _plots(sweep_page(_hostile(sweep, "<b>bold</b>"))):
        assert "<b>bold" not in json.dumps(plot)
        assert "&lt;b&gt;bold" in json.dumps(plot) or "xaxis" in plot["layout"]  # type: ignore[operator]


def test_a_metric_of_a_group_can_be_the_objective(sweep: SweepTables, page: str) -> None:
    metric = "val/macro_f1@site=<b>bold</b>, 3+:worst"
    definition = sweep.definition | {"objective": {"metric": metric, "mode": "max", "epoch": "last"}}
    epochs = sweep.epochs.rename(columns={"val/macro_auc": metric}).assign(**{"val/icbhi_score": np.nan})
    grouped = sweep_page(SweepTables(definition, sweep.trials, epochs))
    assert len(_plots(grouped)) == len(_plots(page))
    assert "val/macro_f1@site=&lt;b&gt;bold&lt;/b&gt;, 3+:worst" in grouped
    assert "<b>bold" not in _without_plotly(grouped)


def test_direction_marks_are_spelled_out(sweep: SweepTables) -> None:
    hostile = sweep_page(_hostile(sweep, "a\u202eb"))
    assert "\u202e" not in _without_plotly(hostile)
    assert "a\\u202eb" in hostile


def test_the_definition_reads_back_as_it_was(sweep: SweepTables, fake: ModuleType) -> None:
    from ruamel.yaml import YAML

    from analysis.report.definition_text import definition_text

    for name in [*_HOSTILE, "Grünfink", "no", "1e-3", "a: b\n- c", "007"]:
        definition = fake.definition(name=name, recipe=np.str_("chorus"), folds=(np.int64(0), 1))
        read = YAML(typ="safe").load(definition_text(definition))
        assert read == definition | {"recipe": "chorus", "folds": [0, 1]}
