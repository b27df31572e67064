"""Finished competitions as pools of runs with their hidden scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.leaderboard.aggregates import aggregates
from analysis.leaderboard.collect import score_direction
from analysis.selection.pool import Pool
from trainers.losses.functions import activation
from tuneful.competitions.pool import pool_spec
from tuneful.competitions.run import competition_folder, read_runs


@dataclass(frozen=True)
class Played:
    """A competition whose runs are trained and judged."""

    name: str
    pool: Pool
    public: pd.Series
    private: pd.Series


def load_competition(results: Path, name: str) -> Played:
    """The runs of one competition; a run is named by its configuration."""
    folder = competition_folder(results, name)
    rows = {row["config"]: row for row in read_runs(folder)}
    scores = pd.DataFrame.from_dict({config: _scores(row) for config, row in rows.items()}, orient="index")
    files = {config: folder / "predictions" / f"{row['key']}.parquet" for config, row in rows.items()}
    activations = {config: activation(pool_spec(config, name).loss.name) for config in rows}
    hidden = pd.DataFrame.from_dict(rows, orient="index")
    return Played(name, Pool(scores, files, activations), hidden["public"], hidden["private"])


def _scores(row: dict[str, Any]) -> dict[str, float]:
    """Turned so that higher is better."""
    found = aggregates(row["epochs"], len(row["epochs"]))
    return {name: -value if score_direction(name) == "min" else value for name, value in found.items()}
