"""Which validation score predicts the leaderboard, and how sure that is.

``analyse(table, columns, options)`` asks it of every validation score and returns an ``Analysis`` of plain data: per
slice the coefficients with p and interval, the regret of picking by the score, the relation within and between groups,
and a verdict (*usable*, *no evidence*, *misleading*, *not comparable*) with its reasons. ``read_table`` reads a file
strictly. docs/leaderboard.md says what every number means.
"""

from analysis.correlation.analyse import Options, analyse
from analysis.correlation.candidates import max_permutation
from analysis.correlation.columns import Columns
from analysis.correlation.directions import Directions
from analysis.correlation.facts import Analysis, Estimate, Slice
from analysis.correlation.file import analyse_file
from analysis.correlation.noise import Noise, parse_noise
from analysis.correlation.read_table import check_pairs, read_table
from analysis.correlation.thresholds import THRESHOLDS, Thresholds
from analysis.correlation.verdict import Evidence, judge

__all__ = [
    "THRESHOLDS",
    "Analysis",
    "Columns",
    "Directions",
    "Estimate",
    "Evidence",
    "Noise",
    "Options",
    "Slice",
    "Thresholds",
    "analyse",
    "analyse_file",
    "check_pairs",
    "judge",
    "max_permutation",
    "parse_noise",
    "read_table",
]
