"""Validation against leaderboard: a point per submission; the page's menus change what its axes are."""

import json
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.correlation.facts import Slice
from analysis.correlation.pairs import Pairs
from analysis.correlation.reasons import coefficient_text, p_text
from analysis.correlation.words import answer
from analysis.report.escape import for_plotly, visible
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.subject import Subject
from analysis.report.style import BLUE, ORANGE, blank_figure

MOST_SETTINGS = 14
"""Settings that a hover names."""
MOST_FLIPS = 6
"""Sets of submissions that differ in one setting and go against each other, drawn as lines."""
HEIGHT = 460


def scatter_figure(found: Examined) -> go.Figure:
    """The submissions by the scores of the first answer; what is drawn around them is in `scatter_choices`."""
    table, one = found.subject.table, found.headline
    figure = blank_figure(HEIGHT)
    figure.add_scatter(
        x=_values(table[one.cv]),
        y=_values(table[one.leaderboard]),
        mode="markers",
        marker={"color": BLUE, "size": 11, "opacity": 0.8, "line": {"color": "white", "width": 1}},
        text=[_hover(found.subject, str(name)) for name in table.index],
        hovertemplate="%{text}<br>%{x:.5~g}, <b>%{y:.5~g}</b><extra></extra>",
    )
    line = {"color": ORANGE, "width": 1.5, "dash": "dot"}
    figure.add_scatter(x=[], y=[], mode="lines", line=line, hoverinfo="skip")
    figure.update_xaxes(title_text=for_plotly(one.cv), tickformat=".5~g", showgrid=True)
    figure.update_yaxes(title_text=for_plotly(one.leaderboard), tickformat=".5~g")
    figure.update_layout(margin_t=26)
    return figure


def scatter_choices(found: Examined) -> str:
    """What the menus choose from, as JSON: scores of every submission, and what is said of each pair of scores.

    Names, commands and sentences are plain text, for `textContent`; labels of axes are escaped for plotly.
    """
    subject, table = found.subject, found.subject.table
    cvs = list(dict.fromkeys(one.cv for one in found.headlines))
    boards = list(subject.columns.boards.values())
    shown = {
        "names": [visible(name) for name in table.index],
        "copies": [visible(subject.copy(str(name))) for name in table.index],
        "copied": subject.copied,
        "cv": [_axis(name, table[name]) for name in cvs],
        "board": [_axis(name, table[name]) for name in boards],
        "pairs": [[_pair(found, cv, board) for board in boards] for cv in cvs],
    }
    return json.dumps(shown, allow_nan=False)


def _pair(found: Examined, cv: str, board: str) -> dict[str, Any]:
    """What is said of one validation score against one leaderboard, and what is drawn around the points."""
    asked = [one for one in found.headlines if (one.cv, one.leaderboard) == (cv, board)]
    first, floor = asked[0], asked[0].noise
    return {
        "said": " ".join(_said(one) for one in asked),
        "lines": _lines(found.subject.table, first),
        "marks": _marks(found.subject, cv, board),
        "noise": floor.noise.sd if floor else None,
    }


def _marks(subject: Subject, cv: str, board: str) -> list[dict[str, Any]]:
    """The rows of the pick and of the best, with what they are."""
    pairs = Pairs.of(subject.table, cv, board, subject.options.lower_is_better)
    if not len(pairs):
        return []
    rows = np.flatnonzero(subject.table[[cv, board]].notna().all(axis=1))
    picked, best = int(rows[pairs.x.argmax()]), int(rows[pairs.y.argmax()])
    if picked == best:
        return [{"row": best, "text": "picked by validation, and the best"}]
    return [{"row": picked, "text": "picked by validation"}, {"row": best, "text": "the best"}]


def _said(one: Slice) -> str:
    where = "" if one.kind == "all" else f" ({visible(one.name)})"
    numbers = f"Spearman {coefficient_text(one.spearman.value)}, p {p_text(one.p_corrected)}, n = {one.n}"
    return f"{one.verdict.capitalize()}{where}: {visible(answer(one))}. {numbers}."


def _lines(table: pd.DataFrame, one: Slice) -> list[int | None]:
    """Rows of submissions to be joined, None between two lines."""
    rows = {str(name): place for place, name in enumerate(table.index)}
    flipped = [contrast for contrast in one.contrasts if contrast.flipped][:MOST_FLIPS]
    return [row for contrast in flipped for row in (*(rows[member.id] for member in contrast.members), None)]


def _axis(name: str, values: pd.Series) -> dict[str, Any]:
    return {"name": visible(name), "label": for_plotly(name), "values": _values(values)}


def _values(column: pd.Series) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in column.astype(float)]


def _hover(subject: Subject, name: str) -> str:
    """Name and settings; what was not stated is left out."""
    row = subject.table.loc[name]
    stated = [(path, str(row[path]).strip()) for path in subject.settings]
    lines = [f"{for_plotly(path)} = {for_plotly(text)}" for path, text in stated if text not in ("", "unstated")]
    more = [f"and {len(lines) - MOST_SETTINGS} more settings"] if len(lines) > MOST_SETTINGS else []
    return "<br>".join([f"<b>{for_plotly(name)}</b>", *lines[:MOST_SETTINGS], *more])
