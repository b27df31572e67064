"""An analysis as tables and a figure, for notebooks: ``verdict_table(analyse_file(...))``."""

import pandas as pd
import plotly.graph_objects as go

from analysis.correlation.facts import Analysis, Slice
from analysis.correlation.words import answer, next_step
from analysis.report.escape import for_plotly
from analysis.report.style import BLUE, ORANGE, blank_figure


def verdict_table(found: Analysis) -> pd.DataFrame:
    """A row per question that was asked: scores, n, Spearman's correlation with its corrected p, regret, verdict."""
    rows = [
        {
            "validation": one.cv,
            "leaderboard": one.leaderboard,
            "submissions": one.name,
            "n": one.n,
            "spearman": one.spearman.value,
            "p": one.p_corrected,
            "regret": one.regret.value if one.regret else float("nan"),
            "verdict": one.verdict,
        }
        for one in found.headlines
    ]
    return pd.DataFrame(rows)


def estimate_table(one: Slice) -> pd.DataFrame:
    """A row per coefficient: value, 95 % interval, two-sided p of this comparison alone."""
    estimates = {"Spearman": one.spearman, "Kendall tau-b": one.kendall, "Pearson": one.pearson}
    rows = {name: {"value": e.value, "low": e.low, "high": e.high, "p": e.p} for name, e in estimates.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def said(one: Slice) -> list[str]:
    """The answer, its reasons and what to do next, as the command says them."""
    return [f"{one.verdict}: {answer(one)}", *(reason.sentence for reason in one.reasons), f"Next: {next_step(one)}"]


def pairs_figure(table: pd.DataFrame, one: Slice) -> go.Figure:
    """The submissions of a table (`read_table`) by validation score and leaderboard; the bar is the noise floor.

    The bar spans two standard deviations of noise to either side of the mean validation score: submissions within it
    can't be told apart by it.
    """
    rows = table[[one.cv, one.leaderboard]].dropna()
    figure = blank_figure(420)
    if one.noise:
        middle, reach = float(rows[one.cv].mean()), 2 * one.noise.noise.sd
        figure.add_vrect(x0=middle - reach, x1=middle + reach, fillcolor=ORANGE, opacity=0.12, line_width=0)
    figure.add_scatter(
        x=rows[one.cv].tolist(),
        y=rows[one.leaderboard].tolist(),
        mode="markers",
        marker={"color": BLUE, "size": 9},
        text=[for_plotly(name) for name in rows.index],
        hovertemplate="<b>%{text}</b><br>%{x:.4f}, %{y:.4f}<extra></extra>",
    )
    figure.update_xaxes(title_text=for_plotly(one.cv))
    figure.update_yaxes(title_text=for_plotly(one.leaderboard))
    return figure
