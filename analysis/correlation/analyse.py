"""The whole analysis of a table of submissions: every validation score against every leaderboard, slice by slice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.correlation.board_error import board_versions
from analysis.correlation.candidates import max_permutation
from analysis.correlation.coefficients import COEFFICIENTS, coefficient
from analysis.correlation.columns import Columns
from analysis.correlation.contrasts import contrasts, setting_columns
from analysis.correlation.facts import Analysis, Estimate, Plan, Slice
from analysis.correlation.groups import within_between
from analysis.correlation.intervals import FEWEST, RESAMPLES, BootstrapInterval, bootstrap_intervals
from analysis.correlation.noise import Noise, NoiseFloor, noise_floor
from analysis.correlation.notes import notes
from analysis.correlation.pairs import Pairs
from analysis.correlation.parts import Part, parts_of
from analysis.correlation.permutation import UNDEFINED, PermutationP, permutation_p
from analysis.correlation.power import detectable, submissions_needed
from analysis.correlation.regret import decision_regret
from analysis.correlation.thresholds import THRESHOLDS, Thresholds
from analysis.correlation.verdict import Evidence, judge


@dataclass(frozen=True)
class Options:
    """How a table is analysed."""

    lower_is_better: frozenset[str] = frozenset()
    noise: Mapping[str, Noise] = field(default_factory=dict)
    """noise floor by column, of validation scores and leaderboards"""
    settings: tuple[str, ...] | None = None
    """columns that say how a submission was made; None: all but the roles that repeat a value"""
    seed: int = 0
    resamples: int = RESAMPLES
    thresholds: Thresholds = THRESHOLDS


def analyse(table: pd.DataFrame, columns: Columns, options: Options | None = None) -> Analysis:
    """Ask of every validation score whether it predicts each leaderboard.

    Several protocols are one part each, and all together are *not comparable*. Within each part with a single
    protocol, every group of a `by` column is a part of its own. Within a part, every validation score is judged as one
    of all that were tried there, and parts of one kind share the level among themselves (Bonferroni).

    Args:
        table: one row per submission, its id as index; scores are floats (NaN: none), everything else text.
        columns: which column plays which role.
        options: directions, noise, seed.
    """
    asked = options or Options()
    roles = [name for name in columns.all if name not in columns.by]
    settings = setting_columns(table, roles) if asked.settings is None else list(asked.settings)
    parts = list(parts_of(table, columns, asked.thresholds.fewest_pairs))
    slices = [
        one for board in columns.boards for part in parts for one in _slices(part, columns, board, settings, asked)
    ]
    scored = table[list(columns.boards.values())].notna().any(axis=1)
    validated = table[list(columns.cv)].notna().any(axis=1)
    excluded = {"no_leaderboard_score": int((~scored).sum()), "no_validation_score": int((scored & ~validated).sum())}
    return Analysis(
        slices=tuple(slices),
        rows=len(table),
        excluded=excluded,
        lower_is_better=tuple(sorted(asked.lower_is_better)),
        settings=tuple(settings),
        thresholds=asked.thresholds,
    )


def _slices(part: Part, columns: Columns, board: str, settings: list[str], options: Options) -> Iterator[Slice]:
    """A slice per validation score."""
    corrected = _corrected(part, columns, board, options)
    for cv, p in zip(columns.cv, corrected, strict=True):
        pairs = Pairs.of(part.table, cv, columns.boards[board], options.lower_is_better)
        yield _slice(_Question(part, pairs, board, p, part.tests * len(columns.cv)), columns, settings, options)


def _corrected(part: Part, columns: Columns, board: str, options: Options) -> list[PermutationP]:
    """p of every validation score as one of all that were tried on this part."""
    table = part.table.dropna(subset=[columns.boards[board]]).dropna(subset=list(columns.cv), how="all")
    if len(table) < FEWEST:
        return [UNDEFINED] * len(columns.cv)
    turned = {name: -1 if name in options.lower_is_better else 1 for name in columns.scores}
    candidates = np.column_stack([turned[name] * table[name].to_numpy(dtype=float) for name in columns.cv])
    leaderboard = turned[columns.boards[board]] * table[columns.boards[board]].to_numpy(dtype=float)
    return max_permutation(candidates, leaderboard, seed=options.seed)


@dataclass(frozen=True)
class _Question:
    part: Part
    pairs: Pairs
    board: str
    p: PermutationP
    tried: int

    @property
    def p_positive(self) -> float:
        return min(1.0, 2 * self.p.greater * self.part.tests)

    @property
    def p_negative(self) -> float:
        return min(1.0, 2 * self.p.less * self.part.tests)


def _slice(question: _Question, columns: Columns, settings: list[str], options: Options) -> Slice:
    part, pairs = question.part, question.pairs
    x, y, n = pairs.x, pairs.y, len(pairs)
    comparable = part.kind != "group" and part.protocols == 1 and part.unknown == 0
    within = tuple(
        within_between(name, list(pairs.table[name].astype(str)), x, y, options.seed)
        for name in columns.by
        if comparable
    )
    floors = [_floor(pairs, name, options) for name in (pairs.cv, pairs.board)]
    estimates = _estimates(pairs, floors[1], options)
    evidence = Evidence(
        n=n,
        spearman=estimates["spearman"].value,
        p_positive=question.p_positive,
        p_negative=question.p_negative,
        protocols=part.protocols,
        protocol_unknown=part.unknown,
        noise=floors[0],
        within=within,
    )
    verdict, decisive = judge(evidence, options.thresholds)
    found = Slice(
        kind=part.kind,
        column=part.column,
        value=part.value,
        cv=pairs.cv,
        leaderboard=pairs.board,
        board=question.board,
        n=n,
        **estimates,
        p_corrected=min(question.p_positive, question.p_negative),
        tried=question.tried,
        regret=decision_regret(x, y, pairs.board_sign, options.seed, options.resamples) if n > 1 else None,
        noise=floors[0],
        board_noise=floors[1],
        within=within,
        contrasts=tuple(contrasts(pairs, settings)) if comparable else (),
        plan=_plan(estimates["spearman"].value, n, options.thresholds),
        verdict=verdict,
        reasons=tuple(decisive),
    )
    return notes(found, y, options.thresholds)


def _estimates(pairs: Pairs, board_noise: NoiseFloor | None, options: Options) -> dict[str, Estimate]:
    x, y = pairs.x, pairs.y
    if len(y) < 2:
        nothing = Estimate(float("nan"), float("nan"), float("nan"), float("nan"), "", 0)
        return dict.fromkeys(COEFFICIENTS, nothing)
    versions = board_versions(y, board_noise.noise.sd if board_noise else 0.0, options.seed)
    intervals = bootstrap_intervals(x, versions, options.seed, options.resamples)
    return {name: _estimate(name, x, y, one, options.seed) for name, one in intervals.items()}


def _estimate(name: str, x: np.ndarray, y: np.ndarray, interval: BootstrapInterval, seed: int) -> Estimate:
    p = permutation_p(name, x, y, seed)
    value = coefficient(name, x, y)
    return Estimate(value, p.two_sided, interval.low, interval.high, p.method, interval.degenerate)


def _floor(pairs: Pairs, column: str, options: Options) -> NoiseFloor | None:
    noise = options.noise.get(column)
    values = pairs.table[column].to_numpy(dtype=float)
    return noise_floor(values, noise) if noise and len(values) > 1 else None


def _plan(rho: float, n: int, thresholds: Thresholds) -> Plan:
    ways = {"power": thresholds.power, "alpha": thresholds.alpha}
    return Plan(
        submissions_needed(rho, **ways), submissions_needed(thresholds.plausible, **ways), detectable(n, **ways)
    )
