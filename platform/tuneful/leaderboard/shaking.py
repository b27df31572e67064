"""What the outlook for private scores needs: public scores, the size of both tests, the noise of a score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from analysis.correlation.noise import parse_noise
from analysis.errors import UserError
from analysis.leaderboard.shake_up import Split, binomial_sd
from analysis.records.submissions import competitions, read_submissions
from trainers.data.catalogue import load_catalogue
from trainers.errors import DataError, SpecError
from tuneful.leaderboard.judge import sizes
from tuneful.leaderboard.ledger import only_competition, parse_scores


@dataclass(frozen=True)
class Scored:
    """Public scores of submissions, each with a name."""

    competition: str | None
    names: tuple[str, ...]
    public: tuple[float, ...]
    private: tuple[float | None, ...]
    """where it is known already: to hold the outlook against"""
    left_out: int = 0
    """submissions without a public score"""

    @property
    def known(self) -> dict[str, float]:
        """Name -> private score, of those that have one."""
        pairs = zip(self.names, self.private, strict=True)
        return {name: score for name, score in pairs if score is not None}


@dataclass(frozen=True)
class Asked:
    """The two parts of the test, and where their noise is from, in words."""

    split: Split
    noise: str
    guessed: bool = False
    """nobody said how noisy a score is"""


def on_record(results: Path, competition: str | None) -> Scored:
    """The public scores on the ledger.

    Raises:
        SpecError: nothing was submitted to it, or nothing has a public score; no name and several competitions.
    """
    name = competition or only_competition(results)
    submissions = read_submissions(results, name)
    scored = [one for one in submissions if one.public is not None]
    if not scored:
        known = ", ".join(competitions(results)) or "nothing"
        raise SpecError(f"no submission to {name!r} has a public score; on record: {known}. Try: --public 0.777")
    names = tuple(f"{one.number} {one.name}" for one in scored)
    public = tuple(one.public for one in scored if one.public is not None)
    return Scored(name, names, public, tuple(one.private for one in scored), len(submissions) - len(scored))


def typed(texts: Sequence[str], competition: str | None) -> Scored:
    """Scores as typed: `0.777`, or `NAME=0.777`.

    Raises:
        UserError: one is no number.
        SpecError: two have one name, or a competition is named as well.
    """
    if competition is not None:
        raise SpecError(f"{competition}: its scores are on record, and --public gives others. Try: one of the two")
    names, scores = [], []
    for place, text in enumerate(texts, 1):
        name, _, score = text.rpartition("=")
        found = parse_scores(score, None).public
        names.append(name.strip() or f"submission {place}")
        scores.append(math.nan if found is None else found)
    again = next((name for name in names if names.count(name) > 1), None)
    if again is not None:
        raise SpecError(f"--public {again}=...: two submissions have that name. Try: another name for one of them")
    return Scored(None, tuple(names), tuple(scores), (None,) * len(texts))


def known_rows(competition: str | None) -> dict[str, int]:
    """The windows of both parts of a test that is judged here.

    Raises:
        SpecError: it is judged elsewhere.
    """
    try:
        found = sizes(load_catalogue(competition).folder) if competition else {}
    except DataError:
        found = {}
    if not found:
        raise SpecError(
            "how large are the two parts of the test? The competition's page tells. "
            "Try: --public-rows 1500 --private-rows 2900, in recordings or windows"
        )
    return found


def as_split(rows: tuple[int, int], scored: Scored, noise: str | None, correlation: float) -> Asked:
    """The two parts of the test; without `noise`, that of a share of so many independent rows at the mean score.

    Raises:
        UserError: sizes or noise that can't be; scores that are no shares, and no noise.
    """
    public, private = rows
    if noise is not None:
        given = parse_noise(noise, "--public-noise")
        return Asked(Split(public, private, given.sd, correlation), given.source)
    level = mean(scored.public)
    if not 0 < level < 1:
        raise UserError(f"a score of {level:.4g} is no share, so its noise must be given. Try: --public-noise sd=0.004")
    sd = binomial_sd(level, public)
    return Asked(Split(public, private, sd, correlation), f"of a share of {public} independent rows", True)
