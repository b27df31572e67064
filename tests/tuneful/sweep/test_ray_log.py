"""Ray's chatter goes to the sweep's `ray.log`, not to the terminal, and Ray's metrics can't harm a sweep."""

import logging
import math
import time

import pytest

from analysis.objective import Objective
from analysis.records.sweep import TrialEnd
from tuneful.sweep.clusters.ray_log import LONGEST_BYTES, TAIL_BYTES, kept_ray_log
from tuneful.sweep.clusters.ray_metrics import RayMetrics


def test_what_rays_loggers_and_processes_say_is_kept_and_nothing_is_printed(tmp_path, capfd):
    session = tmp_path / "logs"
    session.mkdir()
    (session / "raylet.out").write_text("x" * 2 * TAIL_BYTES + "the end\n")
    (session / "raylet.err").touch()
    (session / "events.log").write_text("of no interest")
    logger = logging.getLogger("ray.tune.execution")
    with kept_ray_log(tmp_path, session):
        logger.warning("a trial is slow")
    log = (tmp_path / "ray.log").read_text()
    assert "WARNING ray.tune.execution: a trial is slow" in log
    assert log.endswith("the end\n\n")
    assert len(log) < TAIL_BYTES + 500
    assert "of no interest" not in log
    assert "raylet.err" not in log
    assert capfd.readouterr() == ("", "")


def test_loggers_are_as_before_after_it(tmp_path):
    logger = logging.getLogger("ray")
    before = (list(logger.handlers), logger.propagate, logger.level)
    with pytest.raises(KeyboardInterrupt), kept_ray_log(tmp_path, tmp_path / "none"):
        raise KeyboardInterrupt
    assert (logger.handlers, logger.propagate, logger.level) == before


def test_a_log_that_has_grown_too_long_is_begun_anew(tmp_path):
    (tmp_path / "ray.log").write_bytes(b"x" * (LONGEST_BYTES + 1))
    with kept_ray_log(tmp_path, tmp_path / "none"):
        pass
    assert (tmp_path / "ray.log").stat().st_size < 1000


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path, capfd):
    (tmp_path / "ray.log").mkdir()
    with kept_ray_log(tmp_path, tmp_path):
        logging.getLogger("ray").error("who hears this?")
    assert capfd.readouterr() == ("", "")


class FakeGauge:
    def __init__(self, name, description, tag_keys):
        self.name, self.tag_keys = name, tag_keys
        GAUGES[name] = self
        self.values = {}

    def set(self, value, tags):
        assert set(tags) == set(self.tag_keys)
        assert math.isfinite(value)
        self.values[tuple(tags.values())] = value


GAUGES = {}


def test_trials_are_told_as_metrics(plan_of):
    metrics = RayMetrics("loss", Objective("val/loss", "min"), FakeGauge)
    for number, score in enumerate((0.5, 0.4, math.nan)):
        metrics.started(plan_of(number))
        metrics.epoch(plan_of(number), {"epoch": 2, "score": score})
    for number, (state, score) in enumerate((("complete", 0.5), ("complete", 0.4), ("diverged", math.nan))):
        metrics.ended(plan_of(number), TrialEnd(state, ((2, score),)))
    assert GAUGES["tuneful_score"].values == {("loss", "search-0000"): 0.5, ("loss", "search-0001"): 0.4}
    assert GAUGES["tuneful_epoch"].values[("loss", "search-0002")] == 2
    assert GAUGES["tuneful_best_score"].values == {("loss",): 0.4}
    told = {state: number for (_, state), number in GAUGES["tuneful_trials"].values.items() if number}
    assert told == {"complete": 2, "diverged": 1}


def test_what_was_told_once_is_told_again_until_the_end(plan_of, monkeypatch):
    """An epoch can take an hour; Ray forgets a gauge that isn't set again."""
    monkeypatch.setattr("tuneful.sweep.clusters.ray_metrics.AGAIN_S", 0.01)
    metrics = RayMetrics("loss", Objective("val/loss", "min"), FakeGauge)
    metrics.started(plan_of(0))
    metrics.epoch(plan_of(0), {"epoch": 1, "score": 0.5})
    names = ("tuneful_score", "tuneful_epoch", "tuneful_trials")
    before = {name: dict(GAUGES[name].values) for name in names}
    with metrics.repeating():
        for name in names:
            GAUGES[name].values.clear()
        patience = time.monotonic() + 10
        while {name: GAUGES[name].values for name in names} != before:
            assert time.monotonic() < patience
            time.sleep(0.01)
    for name in names:
        GAUGES[name].values.clear()
    time.sleep(0.05)
    assert not any(GAUGES[name].values for name in names), "Ray is gone by then"


def test_a_metric_that_fails_is_noted_and_stops_nothing(plan_of, caplog):
    class Broken(FakeGauge):
        def set(self, value, tags):
            raise RuntimeError("no agent")

    metrics = RayMetrics("loss", Objective(), Broken)
    with caplog.at_level(logging.ERROR, "ray.tuneful"):
        metrics.started(plan_of(0))
        metrics.epoch(plan_of(0), {"epoch": 1, "score": 0.5})
        metrics.ended(plan_of(0), TrialEnd("complete", ((1, 0.5),)))
    assert "no agent" in caplog.text
