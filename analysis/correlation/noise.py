"""The noise floor: how far a score moves when nothing changed, and what correlation is left to be seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import integrate, stats

from analysis.errors import UserError

FOLDS = 5
"""What a range is taken to be over when nobody says."""
_NUMBER = r"\d*\.?\d+(?:[eE][-+]?\d+)?"
_FORMS = (
    re.compile(rf"sd\s*=?\s*(?P<sd>{_NUMBER})|(?P<sd2>{_NUMBER})\s*sd"),
    re.compile(rf"(?:range\s*=?\s*)?(?P<low>{_NUMBER})\s*(?:-|to|\.\.|:)\s*(?P<high>{_NUMBER})(?:\s*of\s*(?P<k>\d+))?"),
    re.compile(rf"(?:range\s*=?\s*)?(?P<width>{_NUMBER})(?:\s*range)?(?:\s*of\s*(?P<k>\d+))?"),
)


@dataclass(frozen=True)
class Noise:
    """How much a score varies between runs of one configuration."""

    sd: float
    source: str
    """where it is from, in words"""
    range: float | None = None
    """largest less smallest, where that is what was given"""


@dataclass(frozen=True)
class NoiseFloor:
    """The spread of a score over submissions beside its noise."""

    noise: Noise
    sd: float
    range: float
    range_of_noise: float
    """the range that as many runs of one configuration would have on average"""
    reliability: float
    """share of the variance that is more than noise, 0 to 1"""
    ceiling: float
    """the largest correlation that noise of this size lets be seen: sqrt(reliability), Spearman 1904"""
    within_noise: bool
    """whether the score varies no more over submissions than one configuration does by itself"""


def parse_noise(text: str, option: str = "--cv-noise") -> Noise:
    """Read `sd=0.004`, `range=0.0105`, `0.0105 range of 4`, `0.945-0.956`, or a number alone, which is a range.

    Raises:
        UserError: none of these, or not positive.
    """
    matches = (form.fullmatch(text.strip().lower()) for form in _FORMS)
    found: dict[str, str | None] = next((match.groupdict() for match in matches if match), {})
    sd = found.get("sd") or found.get("sd2")
    noise = Noise(float(sd), f"sd {sd}, as given") if sd else _of_range(found)
    if noise is None or not 0 < noise.sd < np.inf:
        raise UserError(
            f"{option} must be a positive sd or range, got {text!r}. "
            f"Try: {option} sd=0.004, or {option} range=0.0105 for the largest less the smallest of 5 folds"
        )
    return noise


def _of_range(found: dict[str, str | None]) -> Noise | None:
    low, high, width = (found.get(name) for name in ("low", "high", "width"))
    given = abs(float(high) - float(low)) if low and high else float(width or 0)
    k = int(found.get("k") or FOLDS)
    if k < 2 or given <= 0:
        return None
    said = f"of {k} runs" if found.get("k") else f"taken as of {FOLDS} folds"
    return Noise(given / expected_range(k), f"range {given:.4g} {said}", given)


def noise_of_groups(groups: Sequence[np.ndarray], source: str) -> Noise | None:
    """The pooled sd within groups ``(k,)`` of scores that differ by chance alone; None where it shows nothing.

    A group holds the seeds of one configuration (`source` repeats), its folds, or its last epochs. Folds differ in
    difficulty, which runs on one fold share, and epochs of a run hang together: repeats are the better measure.
    """
    several = [group for group in groups if len(group) > 1]
    if not several:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in several)
    freedom = sum(len(group) - 1 for group in several)
    return Noise(float(np.sqrt(squares / freedom)), f"{source} of {len(several)} submissions") if squares > 0 else None


def expected_range(n: int) -> float:
    """Mean range of n independent normal values of sd 1 (Tippett 1925)."""
    return float(integrate.quad(lambda t: 1 - stats.norm.cdf(t) ** n - stats.norm.sf(t) ** n, -9, 9)[0])


def noise_floor(values: np.ndarray, noise: Noise) -> NoiseFloor:
    """What noise leaves of the spread of a score over submissions ``(n,)``, n at least 2.

    The reliability is 1 - noise variance / variance, at least 0. A range given is also compared as it is: as many
    submissions range over more than a few folds by chance alone, so a range that is no wider shows nothing but noise.
    """
    sd, width = float(values.std(ddof=1)), float(np.ptp(values))
    reliability = max(0.0, 1 - (noise.sd / sd) ** 2) if sd > 0 else 0.0
    within = reliability == 0 or (noise.range is not None and width <= noise.range)
    expected = noise.sd * expected_range(len(values))
    return NoiseFloor(noise, sd, width, expected, reliability, float(np.sqrt(reliability)), within)
