"""The sweep report: one HTML file that needs nothing else, figures first."""

from dataclasses import dataclass
from typing import Any

from analysis.effects import associations
from analysis.effort import search_effort
from analysis.importance import CAVEAT, METHOD, Importance, parameter_importance
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables, training_seconds
from analysis.report import sentences
from analysis.report.definition_text import definition_text, repeat_command
from analysis.report.effort_sentences import effort_sentences, stopping_sentences
from analysis.report.figures import confirm_figure, history_figure, importance_figure, parameter_figure
from analysis.report.html import Plot, plot_of, render
from analysis.report.pair_figures import pair_figure, shown_pairs
from analysis.report.pareto_figure import pareto_figure
from analysis.report.stopping_figure import stopping_figure
from analysis.report.tables import best_trials_table, checks_table, confirm_table, failures_table, states_table
from analysis.report.trial_text import best_trial
from analysis.report.words import DASH, count, duration, number
from analysis.search_parameters import derived_parameters, search_parameters
from analysis.stopping import epoch_agreements


@dataclass(frozen=True)
class ParameterPanel:
    """The figure of one parameter with what can be said about it."""

    path: str
    plot: Plot | None
    caption: str


def sweep_page(sweep: SweepTables) -> str:
    """Return the report of one sweep as one self-contained HTML page.

    Nothing is fetched: plotly's script stands in the page once, and the content security policy forbids the rest. Every
    name and value of the sweep is text, never markup, in the page as in the figures.
    """
    return render("report/template.html.j2", **_context(sweep))


def _context(sweep: SweepTables) -> dict[str, Any]:
    importance = parameter_importance(sweep)
    return {
        "name": str(sweep.definition.get("name", "sweep")),
        "question": sentences.question(sweep),
        "answer": sentences.answer(sweep),
        "best_parameters": sentences.best_parameters(sweep),
        "certainty": sentences.certainty(sweep),
        "warnings": sentences.warnings(sweep),
        "tiles": _tiles(sweep),
        **_confirm_context(sweep),
        "unfinished": _unfinished(sweep),
        "history": plot_of(history_figure(sweep), "The objective over epochs, a line per trial"),
        "best_trials": best_trials_table(sweep),
        "pareto": _pareto(sweep),
        "panels": _panels(sweep),
        "pairs": _pairs(sweep, importance),
        "derives": bool(derived_parameters(sweep)),
        "importance": importance,
        "importance_plot": plot_of(importance_figure(importance), "Importance of each parameter"),
        "importance_method": METHOD,
        "importance_caveat": CAVEAT,
        **_stopping_context(sweep),
        "states": states_table(sweep),
        "effort": effort_sentences(search_effort(sweep)),
        "failures": failures_table(sweep),
        "checks": checks_table(sweep),
        "definition": definition_text(sweep.definition),
        "command": repeat_command(sweep),
    }


def _confirm_context(sweep: SweepTables) -> dict[str, Any]:
    return {
        "confirm_plot": plot_of(confirm_figure(sweep), "Finalists with 95 % intervals, a colour per split scheme"),
        "confirm_table": confirm_table(sweep),
        "ties": sentences.tie_sentences(sweep),
        "comparison": sentences.comparison_note(sweep.definition),
        "gap": sentences.gap_sentence(sweep),
    }


def _unfinished(sweep: SweepTables) -> str:
    """What the keys of the figures call search trials without an end, "" where there are none."""
    states = set(sweep.stage_trials("search")["state"])
    return " or ".join(state for state in ("running", "interrupted") if state in states)


def _panels(sweep: SweepTables) -> list[ParameterPanel]:
    searched = search_parameters(sweep)
    captions = [sentences.parameter_caption(*each) for each in zip(searched, associations(sweep), strict=True)]
    derived = derived_parameters(sweep)
    captions += [sentences.derived_caption(parameter) for parameter in derived]
    plots = [plot_of(parameter_figure(sweep, each), f"Score by {each.path}") for each in (*searched, *derived)]
    panels = zip((*searched, *derived), plots, captions, strict=True)
    return [ParameterPanel(parameter.path, plot, caption) for parameter, plot, caption in panels]


def _pareto(sweep: SweepTables) -> list[Plot]:
    """The first objective over each further one."""
    objectives = Objective.all_of(sweep.definition)
    plots = [
        plot_of(pareto_figure(sweep, place), f"{objectives[0].metric} over {objectives[place].metric}, with the front")
        for place in range(1, len(objectives))
    ]
    return [plot for plot in plots if plot is not None]


def _pairs(sweep: SweepTables, importance: Importance) -> list[Plot]:
    pairs = shown_pairs(sweep, importance)
    plots = [plot_of(pair_figure(sweep, *pair), f"Score over {pair[0].path} and {pair[1].path}") for pair in pairs]
    return [plot for plot in plots if plot is not None]


def _stopping_context(sweep: SweepTables) -> dict[str, Any]:
    agreements = epoch_agreements(sweep)
    return {
        "stopping_plot": plot_of(
            stopping_figure(sweep, agreements), "Rank correlation of the score after each epoch with the final score"
        ),
        "stopping": stopping_sentences(sweep, agreements),
    }


def _tiles(sweep: SweepTables) -> list[tuple[str, str]]:
    """Label and value of the numbers at the top."""
    best, trials = best_trial(sweep), sweep.stage_trials("search")
    states = trials["state"].value_counts()
    stopped, bad = int(states.get("pruned", 0)), int(states.get("diverged", 0) + states.get("failed", 0))
    return [
        ("best score of the search", number(float(best["score"])) if best is not None else DASH),
        (f"complete of {count(len(trials), 'trial')}", str(int(states.get("complete", 0)))),
        ("stopped early", str(stopped)),
        ("diverged or failed", str(bad)),
        ("training time", duration(training_seconds(sweep.own_epochs()))),
    ]
