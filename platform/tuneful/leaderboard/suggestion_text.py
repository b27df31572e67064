"""Suggestions as lines of text."""

from collections.abc import Iterator, Sequence

from analysis.leaderboard.suggest import Suggestion
from tuneful.leaderboard.text import plain, table, titled

_HEADER = ("submit", "expected", "95 % interval", "gain", "teaches", "chosen for")


def suggestion_lines(found: Sequence[Suggestion], board: str, width: int) -> Iterator[str]:
    """A table of the suggestions in order, then the reasons of each."""
    yield f"To submit next, by what is known of {plain(board)}"
    yield from table(_HEADER, [_row(one) for one in found])
    for one in found:
        yield from titled(one.name, one.reasons, width)
    yield from titled(
        "How to read it",
        [
            "gain: expected improvement over the best so far and those above. teaches: the share of the uncertainty "
            "about all candidates that this score would take away, once those above are known.",
        ],
        width,
    )


def _row(one: Suggestion) -> tuple[str, ...]:
    interval = f"{one.low:.4f} to {one.high:.4f}"
    return (one.name, f"{one.expected:.4f}", interval, f"{one.gain:.4f}", f"{100 * one.teaches:.0f} %", one.chosen_for)
