"""Reasons of verdicts as data: a code, the numbers, and the sentence they make, so that every place says the same."""

import math
from dataclasses import dataclass

Number = float | int | str

SENTENCES = {
    # what decides
    "protocols": "The validation scores were made in {protocols} different ways, so they can't be set side by side.",
    "protocol_unknown": "Nothing says how {unknown} of the validation scores were made, so they can't be set beside "
    "the others.",
    "too_few_pairs": "{n} submissions have both scores; below {fewest} anything can look like a relation.",
    "constant": "One of the two scores is the same for all {n} submissions.",
    "negative": "What looks better in validation scores lower: Spearman {rho} over {n} submissions, p {p}.",
    "reversed_within": "Spearman {pooled} over all submissions is made of differences between the values of {column}; "
    "among submissions that share a value it is {rho}, p {p}.",
    "shown": "Spearman {rho} over {n} submissions, p {p} after correction for all that was tried.",
    "not_shown": "Spearman {rho} over {n} submissions is no more than chance gives: p {p}.",
    "weak": "Spearman {rho} is below {weakest}: too weak to choose by, even if sure.",
    "within_noise": "The validation scores spread over submissions (range {range}, sd {sd}) no wider than one "
    "configuration does by itself ({source}, sd {noise_sd}; as many runs of it would range over {range_of_noise}), so "
    "they cannot rank anything.",
    "within_noise_but_shown": "A relation is seen although the validation scores spread over submissions (range "
    "{range}, sd {sd}) no wider than one configuration does by itself ({source}, sd {noise_sd}). Either the relation "
    "is chance or the noise is put too high, as by folds of different difficulty.",
    "not_within": "Spearman {pooled} over all submissions is not shown among those that share a value of {column}: "
    "{rho}, p {p} ({compared} submissions can be compared); it may be a mixture of {groups} groups.",
    # what else there is to know
    "best_of": "{tried} comparisons were tried: p {p_alone} alone is {p} when the best of as many is the yardstick.",
    "regret": "Picking by it gives {picked}, the best is {best}: {lost} lost (95 % interval {low} to {high}); a random "
    "pick loses {at_random} on average.",
    "regret_not_below_random": "The pick loses no less than a random one on average ({lost} against {at_random}).",
    "ceiling": "Noise ({source}) leaves {reliability} of the variance of {score}: no correlation above {ceiling} could "
    "be seen.",
    "flipped": "{ids} differ in {column} only, and go against each other: {opposite} of {pairs} pairs.",
    "flips": "{flipped} of {contrasts} sets of submissions that differ in one setting only go against each other.",
    "within": "Among submissions that share a value of {column} it is {rho}, p {p}.",
    "ungrouped": "No two submissions share a value of {column}, so nothing can be compared within.",
    "tied": "{tied} submissions share a leaderboard score with another; ties count as ties in tau-b.",
    "rounding": "The leaderboard is rounded to {step}; the intervals hold what that hides.",
    "power": "With {power} power, {n} submissions show a relation of {detectable} or more; one of {plausible} takes "
    "{needed_plausible}, one as strong as here ({rho}) {needed}.",
}


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is, or what else bears on it."""

    code: str
    """a key of `SENTENCES`"""
    sentence: str
    numbers: dict[str, Number]


def reason(code: str, **numbers: Number) -> Reason:
    """The reason of that code with its sentence."""
    return Reason(
        code, SENTENCES[code].format(**{name: _text(name, value) for name, value in numbers.items()}), numbers
    )


def p_text(p: float) -> str:
    """A p for a sentence: two digits, three below 0.1, and never 0."""
    if not math.isfinite(p):
        return "unknown"
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def coefficient_text(value: float) -> str:
    """A coefficient for a sentence."""
    return f"{value:+.2f}" if math.isfinite(value) else "undefined"


COEFFICIENTS = {"rho", "pooled"}
SHORT = {"reliability", "ceiling", "detectable", "plausible", "weakest", "power"}


def _text(name: str, value: Number) -> str:
    if isinstance(value, str):
        return value
    if name in COEFFICIENTS:
        return coefficient_text(value)
    if name in ("p", "p_alone"):
        return p_text(value)
    if name in SHORT:
        return f"{value:.2f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
