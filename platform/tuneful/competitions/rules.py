"""Every rule of choosing over the competitions on file."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.selection.compare import RuleResult, compare, outcomes
from analysis.selection.rules import RULES, Rule
from tuneful.competitions.load import load_competition
from tuneful.competitions.pool import POOL
from tuneful.competitions.run import competition_folder, read_runs


def finished(results: Path, names: Sequence[str]) -> list[str]:
    """Those whose whole pool is on file."""
    return [name for name in names if len(read_runs(competition_folder(results, name))) >= len(POOL)]


def outcomes_over(results: Path, names: Sequence[str], rules: dict[str, Rule] = RULES) -> dict[str, pd.DataFrame]:
    """By finished competition what every rule did there on the private score: `analysis.selection.compare.outcomes`."""
    found = {}
    for name in names:
        played = load_competition(results, name)
        found[name] = outcomes(played.pool, played.private, rules)
    return found


def rules_over(results: Path, names: Sequence[str], rules: dict[str, Rule] = RULES) -> list[RuleResult]:
    """What every rule lost over finished competitions on their private score, the least first."""
    return compare(list(outcomes_over(results, names, rules).values()), rules)
