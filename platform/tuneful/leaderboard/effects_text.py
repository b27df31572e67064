"""Effects of settings as lines of text: what was changed alone, what was only changed together, the noise."""

import math
from collections.abc import Iterator

from analysis.leaderboard.differences import Difference
from analysis.leaderboard.effect_words import (
    confounded_sentence,
    effect_sentence,
    noise_sentences,
    step_text,
    trend_sentence,
)
from analysis.leaderboard.effects import Effect, Effects
from tuneful.leaderboard.text import table, titled, wrapped

MOST_EFFECTS = 15
MOST_SENTENCES = 6
MOST_CONFOUNDED = 8
MOST_TRENDS = 6
LONGEST_CHANGE = 38
"""Characters; the JSON has it whole."""


def effect_lines(found: Effects, width: int) -> Iterator[str]:
    """The lines, at most `width` wide but where there are many validation scores."""
    repeats = found.submissions - found.configurations
    said = f"{found.submissions} submissions of {found.configurations} configurations ({repeats} repeats)"
    yield from wrapped(f"{said} in {len(found.settings)} settings: {', '.join(found.settings)}.", width)
    yield from _changed_alone(found, width)
    sentences = [confounded_sentence(one) for one in found.confounded]
    if sentences:
        yield from titled("Never changed alone", sentences[:MOST_CONFOUNDED], width)
    if more := len(sentences[MOST_CONFOUNDED:]):
        yield f"  and {more} more, in --json"
    if found.trends:
        sentences = [trend_sentence(found, one) for one in found.trends[:MOST_TRENDS]]
        yield from titled("Trends of numbers (positive is better; other settings are not held)", sentences, width)
    if more := len(found.trends[MOST_TRENDS:]):
        yield f"  and {more} more, in --json"
    yield from titled("Noise", noise_sentences(found), width)
    if found.left_out:
        yield from ("", *wrapped(f"No settings, as every value is another: {', '.join(found.left_out)}.", width))


def _changed_alone(found: Effects, width: int) -> Iterator[str]:
    yield ""
    if not found.effects:
        yield from wrapped("No two configurations differ in one setting only, so no effect can be told.", width)
        return
    yield "Changed alone (mean gains: positive is better)"
    header = ("change", "pairs", found.leaderboard, "+-", *found.cv, "verdict")
    yield from table(header, [_row(found, one) for one in found.effects[:MOST_EFFECTS]], LONGEST_CHANGE)
    if more := len(found.effects[MOST_EFFECTS:]):
        yield f"  and {more} more, in --json"
    told = [one for one in found.effects if _worth_a_sentence(found, one)][:MOST_SENTENCES]
    if told:
        yield from titled("In words", [effect_sentence(found, one) for one in told], width)


def _row(found: Effects, one: Effect) -> tuple[str, ...]:
    board = one.leaderboard
    margin = "" if math.isnan(board.high) else f"{board.high - board.mean:.4f}"
    flipped = ", sign flipped" if any(one.flipped(name) for name in found.cv) else ""
    cv = [_mean(one.cv[name]) for name in found.cv]
    return (step_text(one.step), str(board.pairs), _mean(board), margin, *cv, board.status + flipped)


def _mean(one: Difference) -> str:
    return f"{one.mean:+.4f}" if one.pairs else ""


def _worth_a_sentence(found: Effects, one: Effect) -> bool:
    flipped = any(one.flipped(name) for name in found.cv)
    return len(one.pairs) > 1 or flipped or one.leaderboard.status in ("shown", "mixed")
