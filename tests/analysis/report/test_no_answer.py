"""What is said where no trial is best: why, and what to do; that it is too early only while trials are left."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.records.sweep_tables import SweepTables
from analysis.report.page import sweep_page
from analysis.report.sentences import answer, certainty


def sweep(*states: str, trials: int | None = None, errors: tuple[str, ...] = ()) -> SweepTables:
    """Trials that ended so, none of them with a score."""
    rows: list[dict[str, Any]] = [{"trial": n, "state": state, "score": np.nan} for n, state in enumerate(states)]
    for row, error in zip((row for row in rows if row["state"] == "failed"), errors, strict=False):
        row["error"] = error
    definition = {"objective": {"metric": "val/map"}, "trials": trials or len(states)}
    return SweepTables(definition, pd.DataFrame(rows), pd.DataFrame())


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (sweep("complete", "complete", "diverged"), "No answer: val/map is NaN in all 2 complete trials"),
        (sweep("complete", "running"), "No answer yet: val/map is NaN in the only complete trial"),
        (sweep("diverged", "diverged"), "No answer: all 2 trials diverged"),
        (sweep("failed"), "No answer: the only trial failed"),
        (sweep("failed", "failed", trials=20), "No answer yet: all 2 trials failed"),
        (sweep("failed", "pruned", "pruned"), "No answer: none of 3 trials is complete: 1 failed and 2 stopped early"),
        (sweep("running", "interrupted"), "No answer yet: none of 2 trials is complete"),
    ],
)
def test_why_there_is_no_answer_is_told_without_a_full_stop(tables: SweepTables, said: str) -> None:
    assert answer(tables) == said
    assert f"<h1>{said}</h1>" in sweep_page(tables)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (sweep("complete", "failed"), ["Try: another objective.metric, or other folds."]),
        (sweep("diverged", "running"), ["Try: a smaller optimizer.lr."]),
        (
            sweep(
                "failed", "failed", "failed", errors=("no disk", "no GPU (see a/1.txt)", "no GPU. (see a/2.txt)\nmore")
            ),
            ["Why 2 of 3 trials failed: no GPU."],
        ),
        (sweep("failed"), ["Why 1 of 1 trial failed: no reason was recorded."]),
        (sweep("running", "pruned"), []),
    ],
)
def test_what_to_do_about_it_follows(tables: SweepTables, said: list[str]) -> None:
    told = certainty(tables)
    assert len(told) == len(said)
    assert all(one.endswith(end) for one, end in zip(told, said, strict=True))
