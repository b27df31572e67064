"""A comparison as a table and a few sentences."""

import math
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuneful.simulator.comparison import Searches, Setting, epochs_ratio, gain, true_score
from tuneful.simulator.verdict import verdict
from tuneful.simulator.world import Reality

COLUMNS = (
    "algorithm",
    "reached",
    "epochs",
    "hours",
    "true score at the end",
    "better than the first",
    "epochs / first",
)


def draw(searches: list[Searches], reality: Reality, setting: Setting) -> RenderableType:
    """The comparison for people: what it rests on, the table, who wins."""
    lines = [*basis(reality, setting), ""]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for one in searches:
        table.add_row(*row(one, searches[0]))
    notes = (
        "epochs, hours: median over the seeds until the best trial so far truly reaches the target. true score: mean "
        "and 95 % interval over seeds. epochs / first: expected epochs to the target, starting anew where a search "
        "ends without it, with a bootstrap interval over seeds."
    )
    return Group(*map(Text, lines), table, Text(), Text(notes, style="dim"), Text(), Text(verdict(searches), "bold"))


def basis(reality: Reality, setting: Setting) -> list[str]:
    """What is replayed, how unrecorded configurations are filled in, and what counts as reached."""
    curves = reality.curves
    configurations, trainings = len(curves.whole), sum(len(found) for found in curves.whole.values())
    stopped = sum(not curve.whole for curve in curves.curves)
    return [
        f"{curves.source}: {configurations} configurations, {trainings} trainings of {curves.epochs} epochs"
        + (f", {stopped} stopped early" if stopped else "")
        + (f"; {curves.outside} lie outside the space" if curves.outside else ""),
        _filled(reality),
        f"{setting.seeds} searches each on {setting.slots} slots, {setting.budget} epochs at most; target: a true "
        f"score of {setting.target:.4f} (best {reality.best:.4f}, standard error {reality.standard_error:.4f})",
    ]


def _filled(reality: Reality) -> str:
    curves = reality.curves
    if curves.exact:
        return "Every configuration of the space is recorded: nothing is estimated."
    noise = "with the noise of recorded repeats" if reality.repeated else "without noise, since nothing was repeated"
    return (
        f"Other configurations get the mean curve of their nearest neighbours, {noise} "
        f"(rank correlation with recorded ones left out: {reality.surrogate.rank_correlation:.2f})."
    )


def row(one: Searches, first: Searches) -> list[str]:
    """One algorithm's line."""
    score = true_score(one)
    cells = [one.name, f"{one.reached:.0%}", _number(one.epochs_to_target, ".0f"), _number(one.hours_to_target, ".3g")]
    cells.append(f"{score.mean:.4f} ± {score.half_width:.4f}")
    if one is first:
        return [*cells, "", ""]
    better, ratio = gain(one, first), epochs_ratio(one, first)
    cells.append(f"{better.mean:+.4f} ({better.low:+.4f} to {better.high:+.4f})")
    return [*cells, f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"]


def as_json(searches: list[Searches], reality: Reality, setting: Setting) -> dict[str, Any]:
    """The comparison for programs; what was never reached is null."""
    curves = reality.curves
    return {
        "source": curves.source,
        "configurations": len(curves.whole),
        "exact": curves.exact,
        "surrogate_rank_correlation": None if curves.exact else _finite(reality.surrogate.rank_correlation),
        "best": reality.best,
        "standard_error": reality.standard_error,
        **vars(setting),
        "algorithms": [_entry(one, searches[0]) for one in searches],
        "verdict": verdict(searches),
    }


def _entry(one: Searches, first: Searches) -> dict[str, Any]:
    score, better, ratio = true_score(one), gain(one, first), epochs_ratio(one, first)
    return {
        "name": one.name,
        "reached": one.reached,
        "epochs_to_target": [_finite(value) for value in one.epochs_to_target],
        "hours_to_target": [_finite(value) for value in one.hours_to_target],
        "expected_epochs": _finite(one.expected_epochs),
        "true_scores": [_finite(value) for value in one.true_scores],
        "true_score": [_finite(value) for value in (score.mean, score.low, score.high)],
        "gain_over_first": [_finite(value) for value in (better.mean, better.low, better.high)],
        "epochs_over_first": [_finite(value) for value in (ratio.value, ratio.low, ratio.high)],
    }


def _number(values: Any, style: str) -> str:
    """The median; a dash where half of the searches or more never got there."""
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return format(middle, style) if math.isfinite(middle) else "–"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
