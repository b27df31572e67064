"""Effects in sentences that can be quoted, and as JSON."""

import math
from typing import Any

from analysis.leaderboard.confounded import ANY, Confounded, Step
from analysis.leaderboard.differences import Difference
from analysis.leaderboard.effects import Effect, Effects
from analysis.leaderboard.plain_json import plain_json
from analysis.leaderboard.trends import Slope, Trend

MOST_STEPS = 3
"""Changes that a sentence on confounded settings names."""


def step_text(step: Step) -> str:
    """The change: `loss ce -> bce`."""
    return f"a change of {step.setting}" if step.before == ANY else f"{step.setting} {step.before} -> {step.after}"


def gains_text(one: Difference) -> str:
    """The gains of all pairs: `-0.012, +0.001, -0.029`; from six pairs on their mean and range."""
    known = [gain for gain in one.gains if not math.isnan(gain)]
    if len(known) > 5:
        return f"{one.mean:+.3g} on average ({min(known):+.3g} to {max(known):+.3g})"
    return ", ".join(f"{gain:+.3g}" for gain in known) or "no scores"


def effect_sentence(found: Effects, effect: Effect) -> str:
    """What a change did to the leaderboard and to validation, and whether that is more than noise."""
    board, n = effect.leaderboard, len(effect.pairs)
    said = f"{step_text(effect.step)}: {found.leaderboard} {gains_text(board)}"
    if n > 1:
        word, count = ("better", board.better) if board.mean > 0 else ("worse", board.worse)
        said += f", {word} in {count} of {n} pairs (mean {board.mean:+.2g})"
    parts = [said, _status(board, found.leaderboard in found.noise)]
    for name in found.cv:
        own = effect.cv[name]
        parts.append(f"{name} {gains_text(own)}, {_status(own, name in found.noise)}")
        if effect.flipped(name):
            parts.append(
                f"sign flipped: {name} and {found.leaderboard} go against each other in "
                f"{effect.opposite(name)} of {n} pair{'s' * (n > 1)}"
            )
    return "; ".join(parts) + "."


def confounded_sentence(one: Confounded) -> str:
    """Which settings were changed together, in how many pairs, and what else was not held."""
    pairs = f"{one.pairs} of {one.pairs} pair{'s' * (one.pairs > 1)}"
    if len(one.settings) > 1:
        said = f"{_listed(one.settings)} changed together in {pairs}"
        rest = f", and {_listed(one.not_held)} changed or {_is(one.not_held)} not stated" if one.not_held else ""
    else:
        said = f"{step_text(one.steps[0])} was never changed alone in {one.pairs} pair{'s' * (one.pairs > 1)}"
        rest = f": {_listed(one.not_held)} changed too or {_is(one.not_held)} not stated" if one.not_held else ""
    return f"{said}{rest}{_steps(one) if len(one.settings) > 1 else ''}."


def trend_sentence(found: Effects, trend: Trend) -> str:
    """What a doubling of a setting, or a standard deviation of it, went with."""
    per = "doubling" if trend.per == "doubling" else f"standard deviation ({trend.sd:.3g})"
    over = f"{trend.lowest:.3g} to {trend.highest:.3g}"
    parts = [f"{trend.setting} ({over}): {found.leaderboard} {_slope_text(trend.leaderboard)} per {per}"]
    for name, slope in trend.cv.items():
        flipped = ", the other way" if trend.flipped(name) else ""
        parts.append(f"{name} {_slope_text(slope)}{flipped}")
    together = _changed_with(found, trend.setting)
    if together:
        parts.append(f"never changed alone, so it may be {_listed(together)} instead")
    return "; ".join(parts) + "."


def _changed_with(found: Effects, setting: str) -> tuple[str, ...]:
    """The settings that changed whenever this one did; none where it was changed alone as well."""
    if any(one.step.setting == setting for one in found.effects):
        return ()
    bundles = [one.settings for one in found.confounded if setting in one.settings]
    return tuple(dict.fromkeys(name for settings in bundles for name in settings if name != setting))


def noise_sentences(found: Effects) -> list[str]:
    """How far each score moves by itself, and what follows."""
    sentences = []
    for name in (found.leaderboard, *found.cv):
        if name in found.noise:
            noise = found.noise[name]
            sentences.append(f"One configuration's {name} moves by chance with sd {noise.sd:.3g} ({noise.source}).")
        else:
            sentences.append(
                f"Nothing says how far {name} moves by chance: no configuration is repeated and no noise is given, "
                "so a single pair can't be told from chance."
            )
    return sentences


def effects_json(found: Effects) -> dict[str, Any]:
    """Everything found, with the sentences."""
    told: dict[str, Any] = {"schema": 1, **plain_json(found)}
    for one, effect in zip(told["effects"], found.effects, strict=True):
        one["flipped"] = {name: effect.flipped(name) for name in found.cv}
        one["sentence"] = effect_sentence(found, effect)
    for one, trend in zip(told["trends"], found.trends, strict=True):
        one["sentence"] = trend_sentence(found, trend)
    for one, bundle in zip(told["confounded"], found.confounded, strict=True):
        one["sentence"] = confounded_sentence(bundle)
    return told


def _status(one: Difference, noise_known: bool) -> str:
    interval = f"95 % interval {one.low:+.3g} to {one.high:+.3g}"
    if one.status == "unknown":
        return "one pair and no known noise: can't be told" if one.pairs else "not measured"
    yardstick = "noise" if noise_known else "the spread of its pairs"
    return {
        "shown": f"shown ({interval})",
        "not shown": f"not shown: within {yardstick} ({interval})",
        "mixed": "mixed: gains and losses that are each more than noise, so it depends on the other settings",
    }[one.status]


def _slope_text(one: Slope) -> str:
    status = "shown" if one.shown else "not shown"
    return f"{one.slope:+.3g}, {status} (95 % interval {one.low:+.3g} to {one.high:+.3g}, Spearman {one.spearman:+.2f})"


def _steps(one: Confounded) -> str:
    more = len(one.steps) - MOST_STEPS
    told = [step_text(step) for step in one.steps[:MOST_STEPS]] + ([f"and {more} more"] if more > 0 else [])
    return f" ({'; '.join(told)})"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
