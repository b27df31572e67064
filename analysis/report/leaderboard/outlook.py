"""What is to be expected of the private leaderboard, and what can't be told at all."""

import pandas as pd

from analysis.report.html import Plot, plot_of
from analysis.report.leaderboard.examine import Examined
from analysis.report.leaderboard.ranked_figures import outlook_figure


def outlook_plot(found: Examined) -> Plot | None:
    """Public and private scores; None where neither the private scores nor the sizes of the tests are known."""
    subject, known = found.subject, not isinstance(found.outlook, str)
    private = _by_name(subject.table[subject.columns.private]) if subject.columns.private else None
    if not known and (private is None or private.notna().sum() < 2):
        return None
    public = _by_name(subject.table[subject.columns.public]).dropna()
    lower = subject.columns.public in subject.options.lower_is_better
    names = list(public.sort_values(ascending=lower, kind="stable").index)
    figure = outlook_figure(names, public, private, None if isinstance(found.outlook, str) else found.outlook)
    return plot_of(figure, "Public scores and what the private ones are, or are expected to be")


def absent(found: Examined) -> list[tuple[str, str]]:
    """What the page would tell, and why it can't."""
    missing = {
        "Changes made alone": found.effects,
        "Which score to follow": found.ranking,
        "What to submit next": found.suggestions,
        "The interval of private scores": found.outlook,
    }
    told = [(title, why) for title, why in missing.items() if isinstance(why, str)]
    if not found.headline.contrasts:
        told.insert(0, ("Only one thing changed", "no two submissions differ in one setting only."))
    if not found.signs:
        told.append(("The sign of every setting", "too few submissions, or no setting with several values."))
    return told


def _by_name(scores: pd.Series) -> pd.Series:
    return scores.astype(float).set_axis([str(name) for name in scores.index])
