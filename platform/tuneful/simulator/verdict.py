"""Who wins, in a sentence."""

import math
from collections.abc import Sequence

from tuneful.simulator.comparison import LEVEL, Searches, epochs_ratio, gain, true_score


def verdict(searches: Sequence[Searches]) -> str:
    """The winner by the true score at the end; where that is a tie, by the epochs to the target.

    The best is held against every other with intervals for so many comparisons (Bonferroni).
    """
    if len(searches) < 2:
        return "One algorithm alone wins nothing. Try: another --sampler or --scheduler beside it"
    best = max(searches, key=_merit)
    level = 1 - (1 - LEVEL) / (len(searches) - 1)
    others = [one for one in searches if one is not best]
    level_with = [one for one in others if not gain(best, one, level).low > 0]
    if not level_with:
        second = max(others, key=_merit)
        better = gain(best, second, level)
        return (
            f"{best.name} wins: its configuration is truly better than those of all others, by {better.mean:.4f} "
            f"({better.low:.4f} to {better.high:.4f}) than that of {second.name}, the next."
        )
    return _by_epochs([best, *level_with], len(level_with) == len(others))


def _merit(searches: Searches) -> float:
    """The mean true score, higher is better; one that never ended a trial comes last."""
    mean = true_score(searches).mean
    return -math.inf if math.isnan(mean) else searches.sign * mean


def _by_epochs(alike: Sequence[Searches], everybody: bool) -> str:
    """The winner of those that end alike."""
    first = min(alike, key=lambda one: one.expected_epochs)
    names = "all" if everybody else _names([one.name for one in alike])
    tie = f"{names} end with configurations that are equally good as far as these seeds tell"
    level = 1 - (1 - LEVEL) / (len(alike) - 1)
    ratios = {one.name: epochs_ratio(first, one, level) for one in alike if one is not first}
    unclear = [name for name, ratio in ratios.items() if not ratio.high < 1]
    if unclear:
        return f"It is a tie: {tie}, nor do the epochs to the target tell {_names([first.name, *unclear])} apart."
    name, ratio = max(ratios.items(), key=lambda item: item[1].value)
    return (
        f"{first.name} wins: {tie}, and it gets there with {ratio.value:.2f}x ({ratio.low:.2f} to {ratio.high:.2f}) "
        f"the epochs of {name}, the next."
    )


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
