"""From a file to the effects of its settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.correlation.analyse import Options
from analysis.correlation.columns import Columns
from analysis.correlation.directions import Directions
from analysis.correlation.noise import Noise
from analysis.correlation.read_table import read_table
from analysis.leaderboard.effects import Effects, effects


def effects_of_file(
    path: Path,
    columns: Columns,
    settings: Sequence[str],
    noise: Mapping[str, Noise],
    directions: Directions,
    follow: Sequence[str] = (),
) -> Effects:
    """Read a table strictly and compare its configurations.

    Args:
        path: the file.
        columns: which column plays which role.
        settings: columns that say how a submission was made; all others that repeat a value if none are named.
        noise: by score.
        directions: which way scores are better where their names don't say.
        follow: more columns whose trends are wanted.

    Raises:
        UserError: a file that says nothing clear, with name, value, line and fix.
    """
    table = read_table(path, columns)
    options = Options(lower_is_better=directions.lower_is_better(columns.scores), noise=noise)
    return effects(table, columns, settings, options, follow)
