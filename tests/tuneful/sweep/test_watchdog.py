"""A sweep that waits says for what, and who has it."""

from types import SimpleNamespace

import pytest

from trainers.errors import DataError
from tuneful.sweep.clusters import patience, watchdog
from tuneful.sweep.clusters.watchdog import AGAIN_S, FIRST_S, LOOK_S, Watchdog, groups_waiting

NEED = {"CPU": 1.0, "GPU": 0.5}
HELD = "Free: 0 of 2 CPU. Held by: Trainer: 2 CPU"


@pytest.fixture(autouse=True)
def full(monkeypatch):
    """A cluster that somebody else has filled."""
    for module in (watchdog, patience):
        monkeypatch.setattr(module, "who_holds_what", lambda: HELD)


@pytest.fixture
def dog_of():
    """`dog_of(workers)`: (step(seconds, *states), what was said)."""

    def make(workers: int):
        said: list[str] = []
        now = [0.0]
        dog = Watchdog(NEED, workers, said.append, lambda: now[0])

        def step(seconds: float, *states: str) -> None:
            now[0] += seconds
            dog.on_step_begin(0, [SimpleNamespace(status=state) for state in states])

        return step, said

    return make


@pytest.fixture
def heard(dog_of):
    return dog_of(1)


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


# ---- several workers, for which Train asks while Tune has the trial running


@pytest.fixture
def groups(monkeypatch):
    """The placement groups of the cluster, as (state, bundles); how often they were asked for is their `asked`."""
    table = {}

    def look():
        table["asked"] = table.get("asked", 0) + 1
        found = table.get("groups", [])
        return {str(n): {"state": state, "bundles": dict(enumerate(each))} for n, (state, each) in enumerate(found)}

    monkeypatch.setattr("ray.util.placement_group_table", look)
    return table


def test_trials_whose_workers_have_no_room_are_waiting_though_tune_runs_them(dog_of, groups):
    step, said = dog_of(2)
    groups["groups"] = [("PENDING", [NEED] * 2), ("PENDING", [NEED] * 2), ("CREATED", [{"GPU": 8.0}])]
    step(1, "RUNNING", "RUNNING", "PENDING")
    step(FIRST_S, "RUNNING", "RUNNING", "PENDING")
    assert said == [f"Nothing has run for 90 s: a trial needs 2 times 1 CPU and 0.5 GPU. {HELD}"]
    groups["groups"][0] = ("CREATED", [NEED] * 2)
    step(AGAIN_S, "RUNNING", "RUNNING", "PENDING")
    assert len(said) == 1


def test_ray_is_asked_for_groups_every_few_seconds_and_never_for_trials_of_one_worker(dog_of, groups):
    for workers, asked in ((1, 0), (2, 3)):
        step, _ = dog_of(workers)
        for _ in range(100):
            step(LOOK_S / 40, "RUNNING")
        assert groups.pop("asked", 0) == asked


def test_groups_of_other_shapes_are_somebody_elses(groups):
    groups["groups"] = [
        ("PENDING", [NEED] * 2),
        ("RESCHEDULING", [NEED] * 2),
        ("PENDING", [NEED] * 3),
        ("PENDING", [{"CPU": 1.0}] * 2),
        ("REMOVED", [NEED] * 2),
    ]
    assert groups_waiting(NEED, 2) == 2


def test_what_the_driver_waits_for_before_the_first_trial_is_said_too(monkeypatch):
    said, waited = [], []

    def wait(tasks, timeout):
        waited.append(timeout)
        return (tasks, []) if len(waited) == 4 else ([], tasks)

    monkeypatch.setattr("ray.wait", wait)
    monkeypatch.setattr(patience, "got", lambda task: f"the result of {task}")
    assert patience.awaited("task", {"GPU": 0.5}, said.append) == "the result of task"
    assert waited == [FIRST_S, AGAIN_S, AGAIN_S, AGAIN_S]
    assert said == [f"Still waiting for 0.5 GPU. {HELD}"] * 3


def test_a_mistake_found_on_a_worker_is_told_as_one_found_here(monkeypatch):
    def get(task):
        raise DataError("the catalogue isn't prepared")

    monkeypatch.setattr("ray.wait", lambda tasks, **_: (tasks, []))
    monkeypatch.setattr("ray.get", get)
    with pytest.raises(DataError, match="isn't prepared"):
        patience.awaited("task", {"GPU": 1}, print)
