"""Pace and time left come from epochs that were trained here, whatever was on record."""

import pytest

from tuneful.live.pace import Meter


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def train(meter, clock, trial, epochs, seconds, runs=1):
    meter.started(trial)
    for _ in range(epochs):
        clock.now += seconds * runs
        meter.epoch(trial, runs, seconds)


def test_nothing_is_said_before_the_first_epoch(clock):
    meter = Meter(clock)
    assert meter.epochs_per_minute() is None
    meter.started("a")
    assert meter.epochs_per_minute() is None
    assert meter.seconds_left([], 5, 6) is None


def test_epochs_are_counted_per_run(clock):
    meter = Meter(clock)
    train(meter, clock, "a", epochs=6, seconds=5, runs=2)
    assert meter.epochs_per_minute() == pytest.approx(12)


def test_an_epoch_read_from_the_ledger_does_not_count(clock):
    meter = Meter(clock)
    meter.started("a")
    for _ in range(4):
        clock.now += 0.01
        meter.epoch("a", 1, 10.0)
    assert meter.epochs_per_minute() is None
    clock.now += 10
    meter.epoch("a", 1, 10.0)
    assert meter.epochs_per_minute() == pytest.approx(6, rel=0.01)


def test_what_is_long_past_does_not_count(clock):
    meter = Meter(clock)
    train(meter, clock, "a", epochs=100, seconds=1)
    clock.now += 1000
    assert meter.epochs_per_minute() == 0


def test_time_left_is_right_when_trials_are_alike(clock, row_of):
    meter = Meter(clock)
    train(meter, clock, "search-0000", epochs=2, seconds=10)
    rows = [row_of(0, "complete", 0.5)]
    assert meter.seconds_left(rows, 4, 2) == pytest.approx(3 * 20)


def test_trials_that_are_stopped_early_shorten_it_and_running_ones_count_by_their_epochs(clock, row_of):
    meter = Meter(clock)
    train(meter, clock, "search-0000", epochs=2, seconds=10)
    ended = [row_of(0, "pruned", 0.5)]
    assert meter.seconds_left(ended, 11, 100) == pytest.approx(10 * 20), "two epochs each, as so far"
    under_way = [*ended, row_of(1, "running")]
    assert meter.seconds_left(under_way, 11, 100) == pytest.approx(9 * 20 + 0.5 * 10)


def test_a_failure_before_the_first_epoch_tells_nothing_of_the_usual_length(clock, row_of):
    meter = Meter(clock)
    train(meter, clock, "search-0001", epochs=2, seconds=10)
    failed = row_of(0, "failed").__class__("search-0000", "failed", 0, float("nan"), {})
    assert meter.seconds_left([failed, row_of(1, "complete", 0.5)], 3, 6) == pytest.approx(20)
