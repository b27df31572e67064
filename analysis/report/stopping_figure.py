"""Rank correlation between the score after each epoch and the score at the end."""

import plotly.graph_objects as go

from analysis.records.sweep_tables import SweepTables
from analysis.report.style import BLUE, INK, STOPPED, blank_figure
from analysis.report.words import count
from analysis.stopping import EpochAgreement, rungs, stopped_after

BAND = "rgba(0, 114, 178, 0.14)"


def stopping_figure(tables: SweepTables, agreements: list[EpochAgreement]) -> go.Figure | None:
    """Return the agreement over epochs with its interval, the scheduler's rungs marked; None without any."""
    if not agreements:
        return None
    figure = blank_figure(300)
    epochs = [one.epoch for one in agreements]
    figure.add_scatter(
        x=[*epochs, *epochs[::-1]],
        y=[*(one.high for one in agreements), *(one.low for one in reversed(agreements))],
        mode="lines",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=epochs,
        y=[one.spearman for one in agreements],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 7},
        text=[_hover(one) for one in agreements],
        hovertemplate="%{text}<extra></extra>",
    )
    _mark_rungs(figure, tables, epochs[-1] + 1)
    low = min([0.0, *(one.low for one in agreements if one.low == one.low)])
    figure.update_xaxes(title_text="after epoch", dtick=max(1, -(-epochs[-1] // 10)), range=[0.5, epochs[-1] + 0.5])
    figure.update_yaxes(title_text="rank correlation with the end", range=[max(-1.05, low - 0.05), 1.05])
    return figure


def _hover(one: EpochAgreement) -> str:
    interval = f" [{one.low:+.2f}, {one.high:+.2f}]" if one.low == one.low else ""
    text = f"epoch {one.epoch}: <b>{one.spearman:+.2f}</b>{interval}, {count(one.n, 'complete trial')}"
    return f"{text}<br>the best trial in the end was number {one.best_was}"


def _mark_rungs(figure: go.Figure, tables: SweepTables, last: int) -> None:
    stopped = stopped_after(tables)
    for epoch in sorted({*rungs(tables.definition, last), *stopped}):
        if epoch < last:
            figure.add_vline(x=epoch, line={"color": STOPPED, "width": 1, "dash": "dot"})
            figure.add_annotation(
                x=epoch,
                y=1.05,
                yanchor="bottom",
                showarrow=False,
                text=f"{stopped.get(epoch, 0)} stopped",
                font={"size": 11, "color": INK},
            )
    figure.update_layout(margin={"l": 12, "r": 12, "t": 30, "b": 12})
