"""Rules of choosing as a table of the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from analysis.selection.compare import Interval, RuleResult


def rules_table(results: "Sequence[RuleResult]") -> Table:
    """One row per rule: rank agreement, regret, and regret against the baseline, each with its interval."""
    table = Table("rule", "Spearman", "regret", "of the baseline's", "better/worse", "p", box=None, pad_edge=False)
    for one in results:
        table.add_row(
            one.rule,
            _interval(one.spearman, "+.2f"),
            _interval(one.regret, ".3f"),
            _interval(one.ratio, ".2f"),
            f"{one.better}/{one.worse}",
            f"{one.p:.3f}",
        )
    return table


def _interval(found: "Interval", form: str) -> str:
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"
