"""How far the verdicts on validation scores can be trusted: coverage, false positives, power.

    OMP_NUM_THREADS=1 python benchmarks/verdicts.py [--json docs/verdicts.json] [--draws 2000] [--only coverage]

Every draw is a table of submissions whose truth is known, judged by the very functions that the command calls.

- coverage: how often the 95 % interval of each coefficient holds the true one (1,000 resamples instead of 10,000).
- false positives: how often *usable* and *misleading* are said where there is no relation, with the exact upper 95 %
  bound (Clopper and Pearson 1934); for 26 candidates, how often of any of them.
- awkward: the same where a test is easily fooled: 26 candidates that hang together, a leaderboard of ties, groups that
  lie apart in both scores and have nothing within.
- power: how often *usable* is said of a relation that is there.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from harness import Goal, Verdict, console, parser, print_verdicts, write_json
from scipy import stats

from analysis.correlation import Evidence, judge, max_permutation
from analysis.correlation.coefficients import coefficient
from analysis.correlation.groups import within_between
from analysis.correlation.intervals import bootstrap_intervals

SIZES = (5, 8, 13, 30, 100)
CANDIDATES = 26
BOUND = Goal.at_most(0.06)
TABLES = 200
"""draws of a cell of coverage and of power"""
TAILS = 3.0
"""degrees of freedom of the heavy-tailed pairs, which leave them without a fourth moment"""


@dataclass(frozen=True)
class Rate:
    """How often something was said."""

    what: str
    n: int
    candidates: int
    hits: int
    draws: int

    @property
    def share(self) -> float:
        """The rate."""
        return self.hits / self.draws

    @property
    def upper(self) -> float:
        """The exact one-sided upper 95 % bound."""
        return float(stats.beta.ppf(0.95, self.hits + 1, self.draws - self.hits)) if self.hits < self.draws else 1.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**dataclasses.asdict(self), "share": self.share, "upper_95": self.upper}


def normal_pairs(rng: np.random.Generator, n: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a bivariate normal: (n,) each."""
    x, e = rng.standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * e


def heavy_pairs(rng: np.random.Generator, n: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a bivariate t."""
    scale = np.sqrt(rng.chisquare(TAILS, n) / TAILS)
    x, y = normal_pairs(rng, n, rho)
    return x / scale, y / scale


PAIRS: dict[str, Callable[[np.random.Generator, int, float], tuple[np.ndarray, np.ndarray]]] = {
    "normal": normal_pairs,
    "heavy-tailed": heavy_pairs,
}


def truths(shape: str, rho: float) -> dict[str, float]:
    """The coefficients of the population; Spearman's of the t by simulation."""
    known = {"pearson": rho, "kendall": 2 / np.pi * np.arcsin(rho), "spearman": 6 / np.pi * np.arcsin(rho / 2)}
    if shape != "normal" and rho:
        x, y = PAIRS[shape](np.random.default_rng(0), 1_000_000, rho)
        known["spearman"] = float(stats.spearmanr(x, y).statistic)
    return known


def coverage() -> Iterator[dict[str, Any]]:
    """A row per shape, relation, size and coefficient."""
    for shape in PAIRS:
        for rho in (0.0, 0.5, 0.8):
            true = truths(shape, rho)
            for n in (8, 13, 30, 100):
                yield from _covered(shape, rho, n, true)


def _covered(shape: str, rho: float, n: int, true: dict[str, float]) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng([n, int(rho * 10), len(shape)])
    tables = [PAIRS[shape](rng, n, rho) for _ in range(TABLES)]
    found = [bootstrap_intervals(x, y[None], seed=k, count=1000) for k, (x, y) in enumerate(tables)]
    for name, value in true.items():
        held = [one[name].low <= value <= one[name].high for one in found]
        width = np.nanmean([one[name].high - one[name].low for one in found])
        row = {"pairs": shape, "rho": rho, "n": n, "coefficient": name, "covered": float(np.mean(held))}
        yield said_row({**row, "width": float(width), "draws": TABLES})


def said(candidates: np.ndarray, leaderboard: np.ndarray, groups: list[str] | None = None) -> set[str]:
    """The verdicts of the candidates ``(n, K)`` as the command says them."""
    within = [] if groups is None else [within_between("group", groups, candidates[:, 0], leaderboard)]
    found = set()
    for k, p in enumerate(max_permutation(candidates, leaderboard)):
        rho = coefficient("spearman", candidates[:, k], leaderboard)
        positive, negative = min(1.0, 2 * p.greater), min(1.0, 2 * p.less)
        found.add(judge(Evidence(len(leaderboard), rho, positive, negative, within=tuple(within)))[0])
    return found


Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, list[str] | None]]


def unrelated(n: int, k: int) -> Draw:
    """Candidates that know nothing."""
    return lambda rng: (rng.standard_normal((n, k)), rng.standard_normal(n), None)


def alike(n: int, k: int) -> Draw:
    """Candidates that know nothing and hang together at 0.8, as metrics of the same runs do."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, None]:
        shared = np.sqrt(0.8) * rng.standard_normal((n, 1))
        return shared + np.sqrt(0.2) * rng.standard_normal((n, k)), rng.standard_normal(n), None

    return draw


def tied(n: int, k: int) -> Draw:
    """A leaderboard rounded to whole standard deviations: most scores are tied."""
    return lambda rng: (rng.standard_normal((n, k)), np.round(rng.standard_normal(n)), None)


def grouped(n: int, k: int) -> Draw:
    """Three groups that lie two standard deviations apart in both scores, and nothing within."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[str]]:
        level = np.arange(n) % 3
        both = 2 * level + rng.standard_normal((k + 1, n))
        return both[1:].T, both[0], [str(one) for one in level]

    return draw


def related(n: int, k: int, rho: float) -> Draw:
    """The first of the candidates is related, the others know nothing."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, None]:
        x, y = normal_pairs(rng, n, rho)
        return np.column_stack([x, *rng.standard_normal((k - 1, n))]), y, None

    return draw


def rates(name: str, n: int, k: int, draw: Draw, draws: int) -> dict[str, Rate]:
    """How often each verdict is said of any candidate."""
    rng = np.random.default_rng([n, k, len(name)])
    counts = dict.fromkeys(("usable", "misleading"), 0)
    for _ in range(draws):
        found = said(*draw(rng))
        counts = {verdict: count + (verdict in found) for verdict, count in counts.items()}
    return {verdict: Rate(f"{verdict}, {name}", n, k, count, draws) for verdict, count in counts.items()}


def false_positives(draws: int) -> Iterator[Rate]:
    """No relation, in several ways."""
    for n in SIZES:
        for k in (1, CANDIDATES):
            yield from rates("no relation", n, k, unrelated(n, k), draws).values()


def awkward(draws: int) -> Iterator[Rate]:
    """No relation, where a test is easily fooled."""
    for n in (8, 13, 30):
        yield from rates("candidates alike", n, CANDIDATES, alike(n, CANDIDATES), draws).values()
        for k in (1, CANDIDATES):
            yield from rates("tied leaderboard", n, k, tied(n, k), draws).values()
    for n in (8, 13, 30, 100):
        yield from rates("groups apart, nothing within", n, 1, grouped(n, 1), draws).values()


def power() -> Iterator[Rate]:
    """A relation, found or not."""
    for k in (1, CANDIDATES):
        for rho in (0.3, 0.5, 0.7, 0.9):
            for n in (8, 13, 20, 30, 50, 100):
                yield rates(f"relation {rho}", n, k, related(n, k, rho), TABLES)["usable"]


def said_row(row: dict[str, Any]) -> dict[str, Any]:
    """Print a row as soon as it is known: the whole takes minutes."""
    console.print(
        ", ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())
    )
    return row


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("--draws", type=int, default=2000, help="tables of a cell of false positives")
    options.add_argument("--only", choices=["coverage", "false_positives", "awkward", "power"])
    asked = options.parse_args()
    parts = {
        "coverage": lambda: list(coverage()),
        "false_positives": lambda: [said_row(one.as_dict()) for one in false_positives(asked.draws)],
        "awkward": lambda: [said_row(one.as_dict()) for one in awkward(asked.draws)],
        "power": lambda: [said_row(one.as_dict()) for one in power()],
    }
    figures = {name: make() for name, make in parts.items() if asked.only in (None, name)}
    wrong = [*figures.get("false_positives", []), *figures.get("awkward", [])]
    if wrong:
        worst = max(wrong, key=lambda row: row["upper_95"])
        print_verdicts([Verdict(f"highest upper bound: {worst['what']}, n {worst['n']}", worst["upper_95"], BOUND)])
    if asked.json:
        write_json(asked.json, figures)


if __name__ == "__main__":
    main()
