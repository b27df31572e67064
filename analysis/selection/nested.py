"""The best of many candidates, judged honestly: corrected for the trying, nested, and bootstrapped.

Whoever looks for the score that follows the leaderboard best finds one in pure noise. Three numbers say what the find
is worth: the permutation p of the best of all (Westfall and Young 1993), what choosing in the same way loses on
submissions that had no part in the choice (Stone 1974; Varma and Simon 2006), and how often a bootstrap over
submissions (Efron 1979) makes the same choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.correlation import THRESHOLDS, judge, max_permutation
from analysis.correlation import Evidence as Facts
from analysis.correlation.candidates import FEWEST
from analysis.correlation.coefficients import coefficient
from analysis.correlation.intervals import resamples
from analysis.correlation.noise import NoiseFloor, noise_floor, noise_of_groups
from analysis.correlation.permutation import PermutationP, permutation_p
from analysis.correlation.reasons import Reason, reason
from analysis.correlation.regret import decision_regret
from analysis.correlation.verdict import Verdict
from analysis.errors import UserError
from analysis.selection.choice import choice_shares, strengths
from analysis.selection.selection_facts import Circumstances, Nested, Ranked, Selection

RESAMPLES = 1_000
"""Of the bootstrap, and of the interval of each candidate's regret."""


def select(
    table: pd.DataFrame, board: pd.Series, circumstances: Circumstances | None = None, seed: int = 0
) -> Selection:
    """The best candidate by rank agreement, and by regret where several tie.

    The nested loop leaves out one submission at a time, chooses the candidate on the others (the mean of those that
    tie), and places the submission among all by it, without its leaderboard score. The placings together are then
    judged as one score: what following them would have lost.

    Args:
        table: (submissions, candidates), higher is better, NaN where a submission has none.
        board: submission -> leaderboard score, higher is better; those without one take no part.
        circumstances: protocols and repeats.
        seed: of permutations and resamples.

    Raises:
        UserError: fewer submissions than a verdict takes, or no candidate of three of them.
    """
    asked = circumstances or Circumstances()
    board = board[board.notna()].astype(float)
    trial = _Trial(table.reindex(board.index).astype(float), board.to_numpy(), seed)
    if trial.n < THRESHOLDS.fewest_pairs or not np.isfinite(trial.strengths).any():
        raise UserError(_missing(trial.n))
    ranking = _ranking(trial)
    winner = ranking[0]
    verdict, reasons = _judged(trial, winner, asked)
    return Selection(winner, verdict, reasons, trial.n, len(ranking), _nested(trial), ranking)


@dataclass(frozen=True)
class _Trial:
    """All candidates on the submissions with a leaderboard score."""

    table: pd.DataFrame
    y: np.ndarray
    seed: int

    @property
    def n(self) -> int:
        return len(self.y)

    @cached_property
    def x(self) -> np.ndarray:
        values: np.ndarray = self.table.to_numpy(float)
        return values

    @cached_property
    def strengths(self) -> np.ndarray:
        """(K,)"""
        found: np.ndarray = strengths(np.ones((1, self.n)), self.x, self.y)[0]
        return found

    @cached_property
    def p(self) -> list[PermutationP]:
        return max_permutation(self.x, self.y, seed=self.seed)

    @cached_property
    def without_each(self) -> np.ndarray:
        """(n, K) shares of the choice made without each submission, among candidates that it has."""
        return choice_shares(1 - np.eye(self.n), self.x, self.y, np.isfinite(self.x))

    @cached_property
    def bootstrap(self) -> np.ndarray:
        """(K,) share of resamples in which each is the best."""
        drawn = np.concatenate(list(resamples(self.n, RESAMPLES, np.random.default_rng(self.seed))))
        shared: np.ndarray = choice_shares(drawn, self.x, self.y).mean(axis=0)
        return shared

    def pairs(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        kept = np.isfinite(self.x[:, column])
        return self.x[kept, column], self.y[kept]


def _missing(n: int) -> str:
    if n < THRESHOLDS.fewest_pairs:
        return (
            f"{n} submissions have a leaderboard score and runs on record, want {THRESHOLDS.fewest_pairs} or more: "
            "below that anything can look like a relation. Try: platform leaderboard add RUN --public SCORE"
        )
    return (
        f"no score differs over at least {FEWEST} of the {n} submissions, so there is nothing to choose by. "
        "Try: submit runs that differ"
    )


def _ranking(trial: _Trial) -> tuple[Ranked, ...]:
    """Candidates without a coefficient have no rank."""
    held_out = trial.without_each.mean(axis=0)
    found = [
        _ranked(trial, column, float(held_out[column]))
        for column in range(trial.x.shape[1])
        if np.isfinite(trial.strengths[column])
    ]
    return tuple(sorted(found, key=lambda one: (-round(one.strength, 9), one.regret.value)))


def _ranked(trial: _Trial, column: int, held_out: float) -> Ranked:
    own, y = trial.pairs(column)
    return Ranked(
        name=str(trial.table.columns[column]),
        n=len(own),
        spearman=coefficient("spearman", own, y),
        p_corrected=min(1.0, 2 * trial.p[column].greater),
        regret=decision_regret(own, y, seed=trial.seed, count=RESAMPLES),
        bootstrap=float(trial.bootstrap[column]),
        held_out=held_out,
    )


def _judged(trial: _Trial, winner: Ranked, asked: Circumstances) -> tuple[Verdict, tuple[Reason, ...]]:
    column = list(map(str, trial.table.columns)).index(winner.name)
    facts = Facts(
        n=winner.n,
        spearman=winner.spearman,
        p_positive=winner.p_corrected,
        p_negative=min(1.0, 2 * trial.p[column].less),
        protocols=asked.protocols,
        noise=_noise(trial.table.iloc[:, column], asked.repeats),
    )
    verdict, reasons = judge(facts)
    alone = permutation_p("spearman", *trial.pairs(column), trial.seed).two_sided
    return verdict, (*reasons, reason("best_of", tried=len(trial.p), p_alone=alone, p=winner.p_corrected))


def _noise(values: pd.Series, repeats: Sequence[Sequence[str]]) -> NoiseFloor | None:
    known = values.dropna()
    groups = [known.reindex(list(group)).dropna().to_numpy(float) for group in repeats]
    noise = noise_of_groups(groups, "repeats")
    return noise_floor(known.to_numpy(float), noise) if noise else None


def _nested(trial: _Trial) -> Nested:
    """A submission that no candidate can be chosen for has no placing, and takes no part."""
    places = trial.table.rank().sub(0.5).div(trial.table.notna().sum()).to_numpy(float)
    shares = trial.without_each
    placed = shares.sum(axis=1) > 0
    placing = np.where(shares > 0, shares * places, 0.0).sum(axis=1)[placed]
    board = trial.y[placed]
    names = [str(name) for name in trial.table.index[placed]]
    return Nested(
        spearman=coefficient("spearman", placing, board),
        regret=decision_regret(placing, board, seed=trial.seed, count=RESAMPLES),
        placings=dict(zip(names, map(float, placing), strict=True)),
    )
