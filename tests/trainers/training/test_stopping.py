"""Early stopping: when, and the same after a resume."""

import json
import math

import pytest

from trainers.training.stopping import EarlyStopping


def stops_at(stopping: EarlyStopping, values: list[float]) -> int | None:
    """The epoch (from 1) that stops the run."""
    return next((epoch for epoch, value in enumerate(values, 1) if stopping.update(value)), None)


@pytest.mark.parametrize(
    ("patience", "min_delta", "direction", "values", "expected"),
    [
        (3, 0.0, "max", [0.1, 0.2, 0.2, 0.1, 0.2], 5),
        (3, 0.0, "max", [0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.3, 0.2], 8),
        (1, 0.0, "max", [0.5, 0.5], 2),
        (3, 0.01, "min", [0.9, 0.895, 0.891, 0.8901], 4),  # each step is smaller than min_delta
        (3, 0.01, "min", [0.9, 0.895, 0.891, 0.8899, 0.88, 0.88, 0.88], 7),
        (2, 0.25, "max", [0.0, 0.25, 0.5, 0.5, 0.5], 5),  # a step of just min_delta is none
        (2, 0.0, "min", [3.0, 2.0, 1.0, 0.0, -1.0], None),
        (2, 0.0, "max", [math.nan, math.nan], 2),
        (2, 0.0, "min", [0.5, math.nan, 0.4, math.nan, math.nan], 5),
        (None, 0.0, "max", [0.5] * 50, None),
    ],
)
def test_a_run_stops_after_so_many_epochs_without_improvement(patience, min_delta, direction, values, expected):
    assert stops_at(EarlyStopping(patience, min_delta, direction), values) == expected


@pytest.mark.parametrize("stopped_after", range(7))
def test_a_resumed_run_stops_where_the_whole_one_does(stopped_after):
    values = [0.1, 0.3, 0.2, math.nan, 0.4, 0.3, 0.3, 0.2]
    first = EarlyStopping(3, 0.05, "max")
    for value in values[:stopped_after]:
        assert not first.update(value)
    second = EarlyStopping(3, 0.05, "max")
    second.load(json.loads(json.dumps(first.state())))
    assert second.state() == first.state()
    assert stops_at(second, values[stopped_after:]) == 8 - stopped_after
