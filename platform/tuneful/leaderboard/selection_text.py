"""Which score to follow, as text of at most 80 columns: the answer, how far to trust it, candidates, ladder, labels."""

import math
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from analysis.correlation.reasons import coefficient_text, p_text
from analysis.selection.decision import Decision
from analysis.selection.labelled_target import LabelsWorth
from analysis.selection.selection_facts import Ranked
from analysis.selection.words import answer, honesty, loss_text
from tuneful.leaderboard.text import plain, table, titled, wrapped

MOST_CANDIDATES = 10
MOST_RUNGS = 12
LONGEST_SUBMISSION = 48
EVERY = 60
"""Above this many labelled windows only its multiples are shown."""


def selection_text(found: Decision, width: int) -> Iterator[str | Table]:
    """Lines and tables in the order in which they are read."""
    chosen = found.selection
    yield from wrapped(f"{chosen.verdict.upper()}: {answer(found)}", width)
    yield from titled("How far to trust it", list(honesty(found)), width)
    yield ""
    yield _candidates(chosen.ranking[:MOST_CANDIDATES])
    if hidden := chosen.tried - MOST_CANDIDATES:
        yield from [f"and {hidden} more (--json has all)"] if hidden > 0 else []
    yield from _ladder(found, width)
    yield from _labels(found, width)
    yield from titled("Left out", found.left_out, width) if found.left_out else ()


def _candidates(ranking: tuple[Ranked, ...]) -> Table:
    """Names as long as composites have are folded, not cut."""
    listed = Table("candidate", box=None, pad_edge=False)
    for header in ("n", "Spearman", "p", "regret", "chosen"):
        listed.add_column(header, justify="right", no_wrap=True)
    for one in ranking:
        numbers = (coefficient_text(one.spearman), p_text(one.p_corrected), loss_text(one.regret.value))
        listed.add_row(Text(plain(one.name)), str(one.n), *numbers, f"{one.bootstrap:.0%}")
    return listed


def _ladder(found: Decision, width: int) -> Iterator[str]:
    if found.ladder is None:
        text = f"Nothing says how noisy a {found.board} score is. Try: --public-noise sd=0.002, or submit a repeat."
        yield from titled("New bests", [text], width)
        return
    ladder = found.ladder
    text = (
        f"A new best counts when it is above the last by more than {ladder.step:.2g} ({ladder.noise.source}): "
        f"{len(ladder.accepted)} of {len(ladder.rungs)} submissions; {len(ladder.within_noise)} were higher by less."
    )
    yield from titled("New bests", [text], width)
    rungs = ladder.accepted[-MOST_RUNGS:]
    gains = [f"{rung.gain:+.4g}" if rung.gain < math.inf else "" for rung in rungs]
    rows = [(rung.name, f"{rung.score:g}", gain) for rung, gain in zip(rungs, gains, strict=True)]
    yield from table(("submission", "score", "gain"), rows, LONGEST_SUBMISSION)


def _labels(found: Decision, width: int) -> Iterator[str]:
    if not found.labels:
        return
    text = "Labelled windows, drawn as whole recordings, against the score by all of them (an upper bound)."
    yield from titled("What labels buy", [text], width)
    last = found.labels[-1]
    shown = [one for one in found.labels if one.windows <= EVERY or one.windows % EVERY == 0 or one == last]
    rows = [(str(one.windows), coefficient_text(one.spearman), _interval(one), loss_text(one.regret)) for one in shown]
    yield from table(("windows", "Spearman", "95 % of draws", "regret"), rows)


def _interval(one: LabelsWorth) -> str:
    return f"{coefficient_text(one.low)} to {coefficient_text(one.high)}"
