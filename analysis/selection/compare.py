"""Rules compared over many competitions: how each ranks the runs, and what its pick loses on the hidden score."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.correlation.coefficients import coefficient
from analysis.selection.pool import Pool
from analysis.selection.rules import BASELINE, RULES, Rule

RESAMPLES = 10_000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over competitions with its percentile bootstrap interval over them."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RuleResult:
    """What a rule did over all competitions, against the baseline on the same ones."""

    rule: str
    definition: str
    source: str
    competitions: int
    spearman: Interval
    """rank agreement with the hidden score"""
    regret: Interval
    """best hidden score of the pool less that of the pick"""
    ratio: Interval
    """its mean regret over the baseline's, on the same resamples"""
    better: int
    """competitions in which it lost less than the baseline"""
    worse: int
    p: float
    """two-sided, of the paired difference in regret, by flipping signs of competitions"""


def outcomes(pool: Pool, hidden: pd.Series, rules: Mapping[str, Rule] = RULES) -> pd.DataFrame:
    """Per rule `spearman` and `regret` in one competition; NaN where the rule gives no run a number.

    Args:
        pool: the runs.
        hidden: run -> score that the rule doesn't see, higher is better.
        rules: those to be compared.
    """
    rows = {name: _outcome(rule.score(pool), hidden.reindex(pool.runs)) for name, rule in rules.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def compare(
    found: Sequence[pd.DataFrame], rules: Mapping[str, Rule] = RULES, baseline: str = BASELINE, seed: int = 0
) -> list[RuleResult]:
    """Every rule over all competitions, the one with the least mean regret first.

    Args:
        found: the `outcomes` of each competition.
        rules: as given to `outcomes`.
        baseline: the rule that others are held against.
        seed: of the bootstrap.
    """
    spearman, regret = (pd.DataFrame([one[column] for one in found]).reset_index(drop=True) for column in _COLUMNS)
    known = [name for name in rules if regret[name].notna().all()]
    draws = np.random.default_rng(seed).integers(len(found), size=(RESAMPLES, len(found)))
    results = [
        _result(rules[name], spearman[name].to_numpy(), regret[[name, baseline]].to_numpy(), draws) for name in known
    ]
    return sorted(results, key=lambda result: result.regret.value)


def as_json(results: Sequence[RuleResult]) -> list[dict[str, Any]]:
    """Plain data for files."""
    return [asdict(result) for result in results]


_COLUMNS = ("spearman", "regret")


def _outcome(scores: pd.Series, hidden: pd.Series) -> dict[str, float]:
    """A run without a number can't be picked; of tied picks the mean counts."""
    known = (scores.notna() & hidden.notna()).to_numpy()
    if not known.any():
        return dict.fromkeys(_COLUMNS, float("nan"))
    x, y = scores.to_numpy(float)[known], hidden.to_numpy(float)[known]
    return {"spearman": coefficient("spearman", x, y), "regret": float(hidden.max() - y[x == x.max()].mean())}


def _result(rule: Rule, spearman: np.ndarray, regrets: np.ndarray, draws: np.ndarray) -> RuleResult:
    own, base = regrets.T
    means = own[draws].mean(1), base[draws].mean(1)
    ratios = np.divide(*means, out=np.full(len(draws), np.nan), where=means[1] > 0)
    ratio = own.mean() / base.mean() if base.mean() > 0 else float("nan")
    return RuleResult(
        rule=rule.name,
        definition=rule.definition,
        source=rule.source,
        competitions=len(own),
        spearman=_interval(float(np.nanmean(spearman)), np.nanmean(spearman[draws], axis=1)),
        regret=_interval(float(own.mean()), means[0]),
        ratio=_interval(float(ratio), ratios),
        better=int((own < base).sum()),
        worse=int((own > base).sum()),
        p=_sign_flip_p(own - base),
    )


def _interval(value: float, resampled: np.ndarray) -> Interval:
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def _sign_flip_p(differences: np.ndarray, draws: int = 20_000) -> float:
    """Of the mean paired difference: all sign patterns up to 14 competitions, else random ones (Fisher 1935)."""
    n = len(differences)
    if n <= 14:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        extra = 0
    else:
        signs, extra = np.random.default_rng(0).choice([-1, 1], (draws, n)), 1
    flipped = np.abs(signs @ differences)
    as_far = (flipped >= abs(differences.sum()) - 1e-12).sum()
    return float((as_far + extra) / (len(signs) + extra))
