"""From the facts about one validation score to a verdict, with its reasons as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.correlation.groups import WithinBetween
from analysis.correlation.noise import NoiseFloor
from analysis.correlation.reasons import Reason, reason
from analysis.correlation.thresholds import THRESHOLDS, Thresholds

Verdict = Literal["usable", "no evidence", "misleading", "not comparable"]


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on."""

    n: int
    spearman: float
    """NaN where a side is constant"""
    p_positive: float
    """two-sided p of a relation at least as positive, corrected for everything that was tried"""
    p_negative: float
    """the same of one at least as negative"""
    protocols: int = 1
    """ways in which the validation scores are said to be made"""
    protocol_unknown: int = 0
    """scores of which nothing says how they were made"""
    noise: NoiseFloor | None = None
    within: tuple[WithinBetween, ...] = ()


def judge(evidence: Evidence, thresholds: Thresholds = THRESHOLDS) -> tuple[Verdict, list[Reason]]:
    """The verdict and what decided it, in order of weight.

    - *not comparable*: the scores were made in more than one way, or nobody said in which.
    - *misleading*: significantly negative, or positive in all and significantly negative within a column's groups.
    - *usable*: significantly positive after correction for all that was tried, not weak, above the noise, and
      significantly positive within the groups of every column asked about.
    - *no evidence*: everything else.
    """
    mixed = list(_not_alike(evidence))
    if mixed:
        return "not comparable", mixed
    missing = list(_too_little(evidence, thresholds))
    if missing:
        return "no evidence", missing
    against = list(_against(evidence, thresholds))
    if against:
        return "misleading", against
    short = list(_short_of_usable(evidence, thresholds))
    if short:
        return "no evidence", short
    return "usable", [reason("shown", rho=evidence.spearman, p=evidence.p_positive, n=evidence.n)]


def _not_alike(evidence: Evidence) -> Iterator[Reason]:
    if evidence.protocols > 1:
        yield reason("protocols", protocols=evidence.protocols)
    if evidence.protocol_unknown:
        yield reason("protocol_unknown", unknown=evidence.protocol_unknown)


def _too_little(evidence: Evidence, thresholds: Thresholds) -> Iterator[Reason]:
    if evidence.n < thresholds.fewest_pairs:
        yield reason("too_few_pairs", n=evidence.n, fewest=thresholds.fewest_pairs)
    elif np.isnan(evidence.spearman):
        yield reason("constant", n=evidence.n)


def _against(evidence: Evidence, thresholds: Thresholds) -> Iterator[Reason]:
    if evidence.p_negative <= thresholds.alpha:
        yield reason("negative", rho=evidence.spearman, p=evidence.p_negative, n=evidence.n)
    for one in evidence.within:
        p = min(1.0, 2 * one.p_less * len(evidence.within))
        if evidence.spearman > 0 and p <= thresholds.alpha:
            yield reason("reversed_within", column=one.column, rho=one.within, p=p, pooled=evidence.spearman)


def _short_of_usable(evidence: Evidence, thresholds: Thresholds) -> Iterator[Reason]:
    if not evidence.p_positive <= thresholds.alpha:
        yield reason("not_shown", rho=evidence.spearman, p=min(evidence.p_positive, evidence.p_negative), n=evidence.n)
    elif evidence.spearman < thresholds.weakest:
        yield reason("weak", rho=evidence.spearman, weakest=thresholds.weakest)
    if evidence.noise and evidence.noise.within_noise:
        yield _within_noise(evidence.noise, shown=evidence.p_positive <= thresholds.alpha)
    for one in evidence.within:
        if evidence.p_positive <= thresholds.alpha and not _shown_within(one, thresholds):
            yield _not_within(one, evidence.spearman)


def _shown_within(one: WithinBetween, thresholds: Thresholds) -> bool:
    """Whether the relation holds among submissions that share a value; a column that no two share asks nothing."""
    return not one.comparable or bool(2 * one.p_greater <= thresholds.alpha)


def _not_within(one: WithinBetween, pooled: float) -> Reason:
    numbers = {"pooled": pooled, "rho": one.within, "compared": one.compared, "groups": one.groups}
    return reason("not_within", column=one.column, p=min(1.0, 2 * min(one.p_greater, one.p_less)), **numbers)


def _within_noise(noise: NoiseFloor, shown: bool) -> Reason:
    numbers = {"range": noise.range, "sd": noise.sd, "noise_sd": noise.noise.sd, "range_of_noise": noise.range_of_noise}
    return reason("within_noise_but_shown" if shown else "within_noise", source=noise.noise.source, **numbers)
