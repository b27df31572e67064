"""The page of a leaderboard: one HTML file that needs nothing else, the verdicts first."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from analysis.correlation.contrasts import Contrast
from analysis.correlation.facts import Slice
from analysis.correlation.reasons import coefficient_text, p_text
from analysis.correlation.words import answer, contrast_signs, next_step
from analysis.leaderboard.effects import Effects
from analysis.report.escape import for_script
from analysis.report.html import Plot, plot_of, render
from analysis.report.leaderboard import sentences, tables
from analysis.report.leaderboard.curves import noise_figure, regret_figure
from analysis.report.leaderboard.effect_figures import MOST_ROWS, contrast_figure, effects_figure, signs_figure
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.outlook import absent, outlook_plot
from analysis.report.leaderboard.ranked_figures import ranking_figure
from analysis.report.leaderboard.scatter import scatter_choices, scatter_figure
from analysis.report.words import DASH
from analysis.selection import words as selection_words
from analysis.selection.decision import Decision

MOST_VERDICTS = 12
"""Rows of the first table; the others can be opened."""
MOST_IDS = 3
"""Submissions of a set that its title names."""
MOST_PANELS = 6
"""Sets of submissions that differ in one setting only, drawn one by one."""


@dataclass(frozen=True)
class Panel:
    """A small figure with its title and what it says."""

    title: str
    plot: Plot | None
    said: str


@dataclass(frozen=True)
class Told:
    """One answer in full, in the words of the terminal."""

    title: str
    reasons: list[str]
    next: str


def leaderboard_page(found: Examined) -> str:
    """Return the page of a leaderboard as one self-contained HTML page.

    Nothing is fetched, and every name is text: in the page, in the figures, and in what a click copies.
    """
    return render("report/leaderboard/page.html.j2", **_context(found))


def _context(found: Examined) -> dict[str, Any]:
    answers = found.headlines
    return {
        "subject": found.subject,
        "answer": sentences.headline(found.headline),
        "warnings": sentences.mixed(found),
        "tiles": _tiles(found),
        "verdict_header": tables.VERDICT_HEADER,
        "verdicts": tables.verdict_rows(answers[:MOST_VERDICTS]),
        "more_verdicts": tables.verdict_rows(answers[MOST_VERDICTS:]),
        "told": [_told(one) for one in answers[:MOST_VERDICTS]],
        "counted": sentences.counted(found),
        "thresholds": found.analysis.thresholds.version,
        "scatter": plot_of(scatter_figure(found), "Validation score against leaderboard, a point per submission"),
        "choices": Markup(for_script(scatter_choices(found))),
        "regret": plot_of(regret_figure(found), "Regret when the k best by validation are submitted, against chance"),
        "menu_cv": list(dict.fromkeys(one.cv for one in answers)),
        "menu_board": list(found.subject.columns.boards.values()),
        "submission_rows": tables.submission_rows(found.subject),
        "submissions": tables.submissions_table(found.subject),
        "shaken": sentences.shaken(found.subject),
        "outlook": outlook_plot(found),
        "expected": not isinstance(found.outlook, str),
        "absent": absent(found),
        **_contrasts_context(found.headline),
        **_effects_context(found),
        **_ranking_context(found.ranking),
        **_noise_context(found),
        **_next_context(found),
    }


def _told(one: Slice) -> Told:
    title = f"{one.cv} against {one.leaderboard}: {one.verdict}, {answer(one)}"
    where = "" if one.kind == "all" else f" ({one.name})"
    return Told(title + where, [each.sentence for each in one.reasons], next_step(one))


def _tiles(found: Examined) -> list[tuple[str, str]]:
    one = found.headline
    known, regret = np.isfinite(one.spearman.value), one.regret
    span = f" [{one.spearman.low:+.2f}, {one.spearman.high:+.2f}]" if np.isfinite(one.spearman.low) else ""
    return [
        ("submissions with both scores", str(one.n)),
        (f"Spearman{span}, p {p_text(one.p_corrected)}", coefficient_text(one.spearman.value) if known else DASH),
        ("best on the leaderboard", tables.number(regret.best) if regret else DASH),
        ("picked by validation", tables.number(regret.picked) if regret else DASH),
        ("lost by that pick", f"{regret.value:.3g}" if regret else DASH),
    ]


def _contrasts_context(one: Slice) -> dict[str, Any]:
    label = "Submissions that differ in {} only: {} against {}"
    panels = [
        Panel(
            _contrast_title(contrast),
            plot_of(
                contrast_figure(contrast, one.cv, one.leaderboard),
                label.format(contrast.column, one.cv, one.leaderboard),
            ),
            contrast_signs(contrast),
        )
        for contrast in one.contrasts[:MOST_PANELS]
    ]
    table = tables.contrasts_table(one.contrasts, one.cv, one.leaderboard) if one.contrasts else None
    return {
        "contrasts": panels,
        "contrasts_all": len(one.contrasts),
        "contrasts_table": table,
        "contrasts_sentence": sentences.contrasts_sentence(one.contrasts),
    }


def _contrast_title(contrast: Contrast) -> str:
    ids = [member.id for member in contrast.members]
    return f"{contrast.column}: {', '.join(ids) if len(ids) <= MOST_IDS else f'{len(ids)} submissions'}"


def _effects_context(found: Examined) -> dict[str, Any]:
    one = found.headline
    return {
        "signs": plot_of(signs_figure(found.signs, (one.cv, one.leaderboard)), "Sign of each setting on both sides"),
        "signs_sentence": sentences.signs_sentence(found.signs) if found.signs else None,
        **_changes_context(found.effects),
    }


def _changes_context(effects: Effects | str) -> dict[str, Any]:
    if isinstance(effects, str):
        return {"effects": None, "confounded": []}
    return {
        "effects": plot_of(effects_figure(effects), "Mean gain of each change made alone"),
        "effects_hidden": max(0, len(effects.effects) - MOST_ROWS),
        "effect_sentences": sentences.effect_sentences(effects),
        "confounded": sentences.confounders(effects),
    }


def _ranking_context(ranking: Decision | str) -> dict[str, Any]:
    if isinstance(ranking, str):
        return {"ranking": None}
    chosen = ranking.selection
    return {
        "ranking": plot_of(ranking_figure(chosen.ranking), "Candidates by rank agreement with the leaderboard"),
        "ranking_table": tables.ranking_table(chosen.ranking),
        "ranking_answer": f"{chosen.verdict.capitalize()}: {selection_words.answer(ranking)}",
        "ranking_honesty": list(selection_words.honesty(ranking)),
        "ladder": sentences.ladder_sentence(ranking),
    }


def _noise_context(found: Examined) -> dict[str, Any]:
    """The first score and the leaderboard beside their noise, and what is said of each."""
    one, table = found.headline, found.subject.table
    panels = []
    for score, floor in ((one.cv, one.noise), (one.leaderboard, one.board_noise)):
        if floor is None:
            how = "--cv-noise sd=0.004, or several seeds" if score == one.cv else "--public-noise sd=0.004"
            said = f"Nothing says how far it moves by chance. Try: {how}"
            panels.append(Panel(score, None, said))
            continue
        values = table.loc[table[[one.cv, one.leaderboard]].notna().all(axis=1), score].to_numpy(dtype=float)
        label = f"{score} of the submissions beside the spread that chance alone gives"
        panels.append(Panel(score, plot_of(noise_figure(values, score, floor), label), sentences.noise_sentence(floor)))
    return {"noise": panels}


def _next_context(found: Examined) -> dict[str, Any]:
    made = found.suggestions
    if isinstance(made, str):
        return {"suggestions": None, "suggested": []}
    suggested = [(one.name, list(one.reasons)) for one in made]
    return {"suggestions": tables.suggestions_table(made), "suggested": suggested}
