"""From a file to its analysis."""

import dataclasses
from pathlib import Path

import pandas as pd

from analysis.correlation.analyse import Options, analyse
from analysis.correlation.columns import Columns
from analysis.correlation.directions import Directions
from analysis.correlation.facts import Analysis
from analysis.correlation.pairs import average_repeats
from analysis.correlation.read_table import check_pairs, read_table


def analyse_file(
    path: Path, columns: Columns, options: Options, directions: Directions, repeats: bool = False
) -> Analysis:
    """Read a table strictly and analyse it; arguments and errors as of `read_submissions_file`."""
    table, known = read_submissions_file(path, columns, options, directions, repeats)
    return analyse(table, columns, known)


def read_submissions_file(
    path: Path, columns: Columns, options: Options, directions: Directions, repeats: bool = False
) -> tuple[pd.DataFrame, Options]:
    """Read a table strictly; what it says about directions and noise is added to the options.

    Args:
        path: the file.
        columns: which column plays which role.
        options: noise, seed. Noise that is given counts before noise that repeats show.
        directions: which way scores are better where their names don't say; taken into the options.
        repeats: rows that share an id are averaged, and show the noise.

    Raises:
        UserError: a file that says nothing clear, with name, value, line and fix.
    """
    table = read_table(path, columns, repeats)
    options = dataclasses.replace(options, lower_is_better=directions.lower_is_better(columns.scores))
    if repeats:
        table, shown = average_repeats(table, columns.scores)
        options = dataclasses.replace(options, noise={**shown, **options.noise})
    check_pairs(path, table, columns, options.thresholds.fewest_pairs)
    return table, options
