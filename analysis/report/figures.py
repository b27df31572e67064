"""The figures of a sweep, for the page and for notebooks: ``history_figure(tables).show()``."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.confirmation import Finalist, confirm_runs, finalists
from analysis.importance import Importance
from analysis.objective import Objective
from analysis.records.sweep_tables import SweepTables
from analysis.report.escape import for_plotly
from analysis.report.parameter_figure import parameter_figure
from analysis.report.style import BLUE, INK, ORANGE, SERIES, SERIES_SYMBOLS, STOPPED, blank_figure
from analysis.report.trial_text import best_trial, hover_texts

__all__ = ["confirm_figure", "history_figure", "importance_figure", "parameter_figure"]

_LINES = {
    "pruned": {"color": STOPPED, "width": 1.2},
    "running": {"color": STOPPED, "width": 1.2, "dash": "dot"},
    "interrupted": {"color": STOPPED, "width": 1.2, "dash": "dot"},
    "complete": {"color": BLUE, "width": 1.5},
    "best": {"color": INK, "width": 3},
    "failed": {"color": ORANGE, "width": 2, "dash": "dash"},
    "diverged": {"color": ORANGE, "width": 2, "dash": "dash"},
}
_OPACITY = {"pruned": 0.55, "running": 0.55, "interrupted": 0.55, "complete": 0.6}


def history_figure(tables: SweepTables) -> go.Figure | None:
    """Return the objective over epochs, a line per search trial (the mean of its runs); None without such numbers."""
    objective, epochs = Objective.of(tables.definition), tables.stage_epochs("search")
    if objective.metric not in epochs or not np.isfinite(epochs[objective.metric].to_numpy(dtype=float)).any():
        return None
    curves = epochs.groupby(["trial", "epoch"])[objective.metric].mean().rename("value").reset_index()
    curves = curves[np.isfinite(curves["value"])]
    trials = tables.stage_trials("search")
    hover = dict(zip(trials["trial"], hover_texts(tables, trials), strict=True))
    figure = blank_figure(420)
    for kind, trial in _drawn_order(tables):
        curve = curves[curves["trial"] == trial["trial"]]
        if len(curve):
            figure.add_trace(_curve(kind, hover[trial["trial"]], curve))
    figure.update_xaxes(title_text="epoch", tick0=1, **_whole_steps(int(curves["epoch"].max())))
    figure.update_yaxes(title_text=for_plotly(objective.metric), tickformat=".4~g")
    return figure


def confirm_figure(tables: SweepTables) -> go.Figure | None:
    """Return the finalists' means with 95 % intervals and all runs, a colour per split scheme; None without any."""
    by_split, runs = finalists(tables), confirm_runs(tables)
    if not np.isfinite(runs["score"].to_numpy(dtype=float)).any():
        return None
    order = [finalist.candidate for finalist in next(iter(by_split.values()))]
    place = {candidate: float(len(order) - 1 - index) for index, candidate in enumerate(order)}
    figure = blank_figure(130 + 76 * len(order))
    _add_gap_lines(figure, by_split, place)
    for index, (split, ranked) in enumerate(by_split.items()):
        _add_runs(figure, runs[runs["split"] == split], place, index)
        _add_means(figure, ranked, place, index)
    figure.update_xaxes(title_text=for_plotly(Objective.of(tables.definition).metric), showgrid=True)
    figure.update_yaxes(tickvals=list(place.values()), ticktext=[f"trial {c}" for c in place], showgrid=False)
    figure.update_yaxes(range=[-0.6, len(order) - 0.4], tickfont={"size": 13, "color": INK})
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return figure


def importance_figure(importance: Importance) -> go.Figure | None:
    """Return a bar per parameter with the mark that chance passes; None where there is no answer."""
    if not importance.shares:
        return None
    paths = list(importance.shares)[::-1]
    shares = [importance.shares[path] for path in paths]
    above = [importance.shares[path] > importance.chance[path] for path in paths]
    places = list(range(len(paths)))
    figure = blank_figure(90 + 34 * len(paths))
    figure.add_bar(
        y=places,
        x=shares,
        orientation="h",
        width=0.6,
        marker={"color": [BLUE if it else "#b8c4ce" for it in above]},
        hovertemplate="%{x:.1%}<extra></extra>",
    )
    figure.add_scatter(
        y=places,
        x=[importance.chance[path] for path in paths],
        mode="markers",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 2, "color": ORANGE}},
        hovertemplate="chance takes any bar past its mark 1 time in 20; this mark: %{x:.1%}<extra></extra>",
    )
    labels = [f"{for_plotly(path)}  {share:.0%}" for path, share in zip(paths, shares, strict=True)]
    figure.update_xaxes(tickformat=".0%", rangemode="tozero", showgrid=True)
    figure.update_yaxes(tickvals=places, ticktext=labels, showgrid=False)
    return figure


def _drawn_order(tables: SweepTables) -> list[tuple[str, pd.Series]]:
    """Kind of line and trial, the quiet ones first, so that what matters lies on top."""
    best = best_trial(tables)
    rows = [row for _, row in tables.stage_trials("search").iterrows()]
    kinds = ["best" if best is not None and row["trial"] == best["trial"] else str(row["state"]) for row in rows]
    rank = {kind: index for index, kind in enumerate(_LINES)}
    return sorted(zip(kinds, rows, strict=True), key=lambda pair: rank[pair[0]])


def _curve(kind: str, hover: str, curve: pd.DataFrame) -> go.Scatter:
    """Return one line; a trial that did not reach its end carries a mark where it stopped."""
    unfinished = kind not in ("best", "complete")
    return go.Scatter(
        x=curve["epoch"].tolist(),
        y=curve["value"].astype(float).tolist(),
        mode="lines+markers" if unfinished or len(curve) == 1 else "lines",
        marker={
            "size": [0.0] * (len(curve) - 1) + [8.0],
            "symbol": "x" if kind in ("diverged", "failed") else "circle-open",
            "line": {"width": 0 if kind in ("diverged", "failed") else 1.5},
        },
        line=_LINES[kind],
        opacity=_OPACITY.get(kind, 1.0),
        meta=[hover],
        hovertemplate="epoch %{x}: <b>%{y:.4f}</b><br>%{meta[0]}<extra></extra>",
    )


def _whole_steps(last: int) -> dict[str, int]:
    return {"dtick": max(1, -(-last // 10))}


def _add_gap_lines(figure: go.Figure, by_split: dict[str, list[Finalist]], place: dict[int, float]) -> None:
    """Join a finalist's means under the split schemes: the length of the line is what the split alone changes."""
    for candidate, y in place.items():
        scored = [f for ranked in by_split.values() for f in ranked if f.candidate == candidate and f.score.n]
        means = [finalist.score.mean for finalist in scored]
        if len(means) > 1:
            line = {"color": "#cbd2d9", "width": 5}
            figure.add_scatter(x=means, y=[y] * len(means), mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _add_runs(figure: go.Figure, runs: pd.DataFrame, place: dict[int, float], index: int) -> None:
    runs = runs.dropna(subset="score")
    figure.add_scatter(
        x=runs["score"].astype(float).tolist(),
        y=[place[candidate] - 0.26 for candidate in runs["candidate"]],
        mode="markers",
        marker={"color": SERIES[index % len(SERIES)], "size": 7, "opacity": 0.45},
        text=[f"fold {for_plotly(r.fold)}, repeat {for_plotly(r.repeat)}" for r in runs.itertuples()],
        hovertemplate="%{text}: %{x:.4f}<extra></extra>",
        showlegend=False,
    )


def _add_means(figure: go.Figure, ranked: list[Finalist], place: dict[int, float], index: int) -> None:
    known = [f for f in ranked if f.score.n]
    half_widths = [0.0 if np.isnan(f.score.half_width) else f.score.half_width for f in known]
    figure.add_scatter(
        x=[f.score.mean for f in known],
        y=[place[f.candidate] for f in known],
        name=for_plotly(known[0].split) if known else "",
        mode="markers",
        marker={"color": SERIES[index % len(SERIES)], "symbol": SERIES_SYMBOLS[index % len(SERIES)], "size": 12},
        error_x={"type": "data", "array": half_widths, "thickness": 2.5, "width": 7},
        text=[f"complete runs: {f.score.n}" for f in known],
        hovertemplate="mean <b>%{x:.4f}</b><br>%{text}<extra></extra>",
    )
