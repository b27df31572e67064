"""A sweep that waits says for what, and who has it."""

from types import SimpleNamespace

import pytest

from tuneful.sweep.clusters.watchdog import AGAIN_S, FIRST_S, Watchdog


@pytest.fixture
def heard():
    """(step(seconds, *states), what was said)."""
    said: list[str] = []
    now = [0.0]
    need = {"CPU": 1.0, "GPU": 0.5}
    dog = Watchdog(need, said.append, lambda: "Free: 0 of 2 CPU. Held by: Trainer: 2 CPU", lambda: now[0])

    def step(seconds: float, *states: str) -> None:
        now[0] += seconds
        dog.on_step_begin(0, [SimpleNamespace(status=state) for state in states])

    return step, said


def test_a_sweep_that_waits_says_for_what_and_who_holds_it(heard):
    step, said = heard
    step(1, "PENDING")
    step(FIRST_S - 1, "PENDING", "TERMINATED")
    assert said == []
    step(1, "PENDING")
    assert said == [
        "Nothing has run for 90 s: a trial needs 1 CPU and 0.5 GPU. Free: 0 of 2 CPU. Held by: Trainer: 2 CPU"
    ]
    step(1, "PENDING")
    assert len(said) == 1
    step(AGAIN_S, "PENDING")
    assert len(said) == 2
    assert "391 s" in said[1]


def test_a_sweep_that_runs_is_silent(heard):
    step, said = heard
    for _ in range(20):
        step(60, "RUNNING", "PENDING")
        step(60, "TERMINATED")
    assert said == []


def test_what_ran_in_between_begins_the_wait_anew(heard):
    step, said = heard
    step(1, "PENDING")
    step(FIRST_S - 1, "RUNNING")
    step(1, "PENDING")
    step(FIRST_S - 1, "PENDING")
    assert said == []
