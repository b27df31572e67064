"""Scores can be set side by side where clips and labels are the same, whatever the windows they are scored in."""

import itertools
from typing import Any

import pandas as pd
import pytest

from analysis.comparability import CLIPS, WINDOWS, obstacle
from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page

LH = {"segments.duration_s": 4.0, "segments.eval_windows": "head"}
X = {"segments.duration_s": 6.0, "segments.eval_windows": "all"}


def sweep(*trials: tuple[dict[str, Any], str], metric: str = "val/map_at_3", states: str = "complete") -> SweepTables:
    """Trials with their settings, and the protocol that each was scored under."""
    rows = [
        {"trial": n, "state": states, "score": 0.5 + n / 100, **{f"param.{path}": value for path, value in own.items()}}
        for n, (own, _) in enumerate(trials)
    ]
    epochs = [
        {"run": f"r{n}", "trial": n, "epoch": 1, "protocol": protocol, metric: 0.5 + n / 100}
        for n, (_, protocol) in enumerate(trials)
    ]
    definition = {"name": "views", "objective": {"metric": metric, "mode": "max"}}
    return SweepTables(definition, pd.DataFrame(rows), pd.DataFrame(epochs))


@pytest.mark.parametrize("metric", ["val/map_at_3", "val/macro_f1@rare", "val/macro_auc@site:worst", "seconds"])
def test_windows_that_were_searched_are_a_part_of_what_is_compared(metric: str) -> None:
    views = sweep((LH, "a"), (X, "b"), (LH, "a"), (X, "b"), metric=metric)
    assert obstacle(views) is None
    assert "not comparable" not in sweep_page(views)


@pytest.mark.parametrize("metric", ["val/loss", "rerender/macro_auc", "train/loss"])
def test_what_is_a_mean_over_windows_can_not_be_compared_between_windows(metric: str) -> None:
    views = sweep((LH, "a"), (X, "b"), metric=metric)
    assert obstacle(views) == WINDOWS
    assert f"{metric} is a mean over windows" in sweep_page(views)
    assert obstacle(sweep((LH, "a"), (LH, "a"), metric=metric)) is None


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"segments.train_crop": "head"},
        {**LH, "data.exclude_classes": '["a"]'},
        {"data.split.scheme": "stratified_group"},
    ],
)
def test_other_clips_or_labels_are_another_yardstick(other: dict[str, Any]) -> None:
    for one, two in itertools.permutations([({}, "a"), (other, "b")]):
        assert obstacle(sweep(one, two)) == CLIPS


def test_the_same_windows_with_another_protocol_are_other_clips() -> None:
    assert obstacle(sweep((LH, "a"), (X, "b"), (X, "c"))) == CLIPS


def test_one_protocol_is_comparable_whatever_was_searched() -> None:
    assert obstacle(sweep((LH, "a"), (X, "a"), ({"data.drop_empty": True}, "a"))) is None


def test_trials_without_a_score_to_rank_by_are_not_asked() -> None:
    assert obstacle(sweep(({}, "a"), ({}, "b"), states="pruned")) is None
