"""Which score to follow, in sentences: the answer, and how far it can be trusted."""

from collections.abc import Iterator

from analysis.correlation.reasons import coefficient_text
from analysis.selection.decision import LABELLED, Decision
from analysis.selection.rules import BASELINE

MOST_NAMES = 3
SAME_CHOICE = 0.8
"""Share of left-out submissions from which on the nested coefficient repeats the winner's own: in noise, 14 submissions
and 26 candidates, it is +0.41 in such draws and -0.30 in the others, 0 over all (600 draws)."""
_NAMED = {BASELINE: "the usual choice", LABELLED: "the score on the labelled target windows"}
_ANSWERS = {
    "usable": "choose by {winner}: of {tried} candidates it follows the {board} leaderboard best",
    "no evidence": "nothing shows that any of {tried} candidates follows the {board} leaderboard; the best is {winner}",
    "misleading": "{winner} goes against the {board} leaderboard",
    "not comparable": "the scores of these submissions were made in different ways; don't choose by {winner}",
}


def answer(found: Decision) -> str:
    """The verdict as a sentence."""
    chosen = found.selection
    names = {"winner": chosen.winner.name, "tried": chosen.tried, "board": found.board}
    return f"{_ANSWERS[chosen.verdict].format(**names)} ({chosen.n} submissions)."


def honesty(found: Decision) -> Iterator[str]:
    """What the choice is worth: the verdict's reasons, bootstrap, nested loss, where the usual choice stands."""
    chosen, nested = found.selection, found.selection.nested
    yield from (reason.sentence for reason in chosen.reasons)
    yield f"A bootstrap over submissions makes the same choice in {chosen.winner.bootstrap:.0%} of resamples."
    lost = nested.regret
    yield (
        f"Chosen without each submission in turn, candidates place the left-out ones at Spearman "
        f"{coefficient_text(nested.spearman)}. Following that loses {loss_text(lost.value)} (95 % interval "
        f"{loss_text(lost.low)} to {loss_text(lost.high)}), a random pick {loss_text(lost.at_random)}; "
        f"with all submissions seen the winner's pick loses {loss_text(chosen.winner.regret.value)}."
    )
    if chosen.winner.held_out >= SAME_CHOICE:
        yield (
            f"{chosen.winner.held_out:.0%} of these choices are {chosen.winner.name} again. Where the choice hardly "
            f"changes, that Spearman is little more than the winner's own "
            f"({coefficient_text(chosen.winner.spearman)}), the largest of {chosen.tried}: the corrected p is what "
            "counts."
        )
    yield from _named(found)
    if same := found.same_as.get(chosen.winner.name):
        more = f" and {len(same) - MOST_NAMES} more" if len(same) > MOST_NAMES else ""
        yield f"The same order of submissions is given by {', '.join(same[:MOST_NAMES])}{more}."


def _named(found: Decision) -> Iterator[str]:
    """Where common practice and the labelled windows stand among the others."""
    for place, one in enumerate(found.selection.ranking, 1):
        for name in {one.name, *found.same_as.get(one.name, ())} & set(_NAMED):
            yield (
                f"{name}, {_NAMED[name]}, is number {place} of {found.selection.tried}: Spearman "
                f"{coefficient_text(one.spearman)}, its pick loses {loss_text(one.regret.value)}."
            )


def loss_text(value: float) -> str:
    """A regret; rounding errors leave some a hair below 0."""
    return f"{max(value, 0.0):.3f}"
