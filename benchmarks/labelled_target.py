"""What each dozen of labelled target windows buys: picking the run that does best on them, over simulated competitions.

    TUNEFUL_HOME=HOME python benchmarks/labelled_target.py --results DIR [--json FILE]

DIR and HOME are those of `benchmarks/competitions.py`; only the developing half (seeds 1 to 10) is read. A person is
taken to hear what is there: labels are the renderer's own of the windows that competitors are given without. For each
competition and number of windows, whole recordings are drawn at random and runs are ranked by macro ROC-AUC on them
(`analysis.selection.labelled_target`), against the hidden private score. Means over competitions, with the 95 %
bootstrap interval over them; beside them validation, which needs no label of the target.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from competitions import HALVES
from harness import console, write_json
from rich.table import Table

from analysis.records.predictions import read_predictions
from analysis.selection.compare import Interval, outcomes
from analysis.selection.labelled_target import label_curve, match_labels
from analysis.selection.rules import BASELINE, RULES
from analysis.selection.target_labels import read_target_labels
from trainers.data.catalogue import load_catalogue
from tuneful.competitions.load import Played, load_competition
from tuneful.competitions.rules import finished

SIZES = (12, 24, 36, 48, 60, 90, 120, 180, 270)
TARGET = "target"


def curve(played: Played, draws: int) -> pd.DataFrame:
    """(sizes, [spearman, regret]) of one competition."""
    classes = read_predictions(next(iter(played.pool.files.values())))[1]
    folder = load_catalogue(played.name).folder
    labels = read_target_labels(folder / "judge" / "target_labels.parquet", classes)
    scored = match_labels(played.pool.windows(TARGET), labels)
    found = label_curve(scored, played.private, SIZES, draws)
    return pd.DataFrame({one.windows: {"spearman": one.spearman, "regret": one.regret} for one in found}).T


def usual(played: Played) -> pd.DataFrame:
    """The same of choosing by validation."""
    return outcomes(played.pool, played.private, {BASELINE: RULES[BASELINE]})


def means(tables: Sequence[pd.DataFrame], resamples: int = 10_000) -> dict[Any, dict[str, Interval]]:
    """By row of the tables: the mean over competitions of each column, with its interval."""
    values = np.stack([table.to_numpy(float) for table in tables])  # (competitions, rows, columns)
    drawn = np.random.default_rng(0).integers(len(tables), size=(resamples, len(tables)))
    low, high = np.nanquantile(np.nanmean(values[drawn], axis=1), [0.025, 0.975], axis=0)
    middle = np.nanmean(values, axis=0)
    return {
        row: {
            column: Interval(float(middle[i, j]), float(low[i, j]), float(high[i, j]))
            for j, column in enumerate(tables[0].columns)
        }
        for i, row in enumerate(tables[0].index)
    }


def shown(found: Mapping[Any, Mapping[str, Interval]]) -> Table:
    """A row per number of windows."""
    table = Table("labelled windows", "Spearman with private", "regret")
    for row, columns in found.items():
        cells = (f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in columns.values())
        table.add_row(str(row), *cells)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--draws", type=int, default=40, help="of each number of windows (default 40)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = finished(options.results, [competition.name for competition in HALVES["develop"]])
    if not names:
        raise SystemExit(f"no finished competition in {options.results}. Try: python benchmarks/competitions.py")
    played = [load_competition(options.results, name) for name in names]
    found = means([usual(one) for one in played]) | means([curve(one, options.draws) for one in played])
    console.print(f"{len(played)} competitions, runs of each: {', '.join(str(len(one.private)) for one in played)}")
    console.print(shown(found))
    if options.json:
        told = {str(row): {column: asdict(one) for column, one in columns.items()} for row, columns in found.items()}
        write_json(options.json, {"competitions": names, "curve": told})


if __name__ == "__main__":
    main()
