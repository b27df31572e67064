"""What each stage asks to be run, however often it was interrupted; Ray itself is not started."""

import os
import threading

import pytest
from rich.console import Console

from analysis.records.sweep import CONFIRM, SEARCH, TrialEnd
from tuneful.errors import ResourceError, SweepInUseError
from tuneful.sweep.clusters.cluster import Cluster
from tuneful.sweep.clusters.room import Node, check_fit, slots
from tuneful.sweep.lock import locked, owner
from tuneful.sweep.plans import Planner, confirm_left
from tuneful.sweep.stages import Stages
from tuneful.sweep.tuning import Tuning

PARAMS = {"loss.name": "bce", "targets.mode": "soft", "optimizer.lr": 0.002}
CONFIRMED = "{top: 1, folds: [0, 1], repeats: 3}"


@pytest.fixture
def confirm(tiny, folder, monkeypatch, tmp_path):
    """Runs the confirm stage until `ended` trials ended while `interrupted` more are under way; returns all of them."""
    sweep = tiny(confirm=CONFIRMED)
    planner = Planner(sweep, "digest", "fp32")
    cluster = Cluster((Node(2, 0),), None, tmp_path, tmp_path / "token")

    def run(candidates, ended, interrupted=0):
        asked = []

        def tune(self, stage, searcher, scheduler, trials):
            asked.extend(searcher.suggest(str(n))["trial"] for n in range(min(trials, ended + interrupted)))
            for number in range(min(trials, ended)):
                result = {"epoch": 3, "score": 0.8, "state": "finished", "metrics": {}, "error": None}
                searcher.on_trial_complete(str(number), result)

        monkeypatch.setattr(Tuning, "run", tune)
        plans = [
            planner.search_trial(number, {**PARAMS, "optimizer.lr": 0.001 * (number + 1)}) for number in candidates
        ]
        Stages(sweep, folder, planner, cluster, Console(quiet=True)).confirm(plans)
        return asked

    return run


def test_a_confirmation_interrupted_twice_runs_each_run_once_and_overwrites_none(confirm, folder):
    assert confirm([0], ended=1, interrupted=2) == ["confirm-0000", "confirm-0001", "confirm-0002"]
    first = confirm([0], ended=1, interrupted=2)
    assert first[:2] == ["confirm-0001", "confirm-0002"], "interrupted ones come first"
    ended = {plan.name: plan for plan, end in folder.trials(CONFIRM) if end is not None}
    confirm([0], ended=9)
    trials = folder.trials(CONFIRM)
    assert all(end is not None for _, end in trials)
    assert len(trials) == len({plan.runs[0].key for plan, _ in trials}) == 2 * 3
    assert {plan.name: plan for plan, _ in trials if plan.name in ended} == ended
    assert confirm([0], ended=9) == []


def test_another_candidate_is_confirmed_beside_what_is_on_record(confirm, folder):
    confirm([0], ended=9)
    assert len(confirm([1], ended=9)) == 6
    trials = folder.trials(CONFIRM)
    assert [plan.number for plan, _ in trials] == list(range(12))
    assert [plan.candidate for plan, _ in trials] == [0] * 6 + [1] * 6


def test_candidates_that_differ_in_the_split_alone_are_both_confirmed(tiny, folder, monkeypatch, tmp_path):
    """The confirm stage replaces what they differ in, so that the runs of both are the same ones."""
    schemes = ("stratified", "stratified_group")
    sweep = tiny(
        search=f"{{data.split.scheme: {{choice: [{', '.join(schemes)}]}}}}",
        confirm="{top: 2, folds: [0], repeats: 2, splits: [stratified]}",
    )
    planner = Planner(sweep, "digest", "fp32")
    candidates = [planner.search_trial(number, {"data.split.scheme": scheme}) for number, scheme in enumerate(schemes)]
    for plan in candidates:
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((3, 0.5),)))
    cluster, left = Cluster((Node(2, 0),), None, tmp_path, tmp_path / "token"), []
    for ended in (3, 1):  # the first time it is cut off

        def tune(_self, _stage, searcher, _scheduler, trials, ended=ended):
            for number in range(trials):
                assert searcher.suggest(str(number))["trial"]
                if number < ended:
                    searcher.on_trial_complete(str(number), {"epoch": 3, "score": 0.8, "state": "finished"})

        monkeypatch.setattr(Tuning, "run", tune)
        Stages(sweep, folder, planner, cluster, Console(quiet=True)).confirm(candidates)
        left.append(confirm_left(folder, sweep.resolved()))
    assert left == [1, 0]
    assert [plan.candidate for plan, _ in folder.trials(CONFIRM)] == [0, 0, 1, 1]


def test_a_removed_record_is_run_again_under_a_number_of_its_own(confirm, folder):
    confirm([0], ended=9)
    (folder.path / "trials" / "confirm-0002.json").unlink()
    assert confirm([0], ended=9) == ["confirm-0006"]


def test_the_search_asks_for_what_is_missing_and_remembers_the_rest(tiny, folder, monkeypatch, tmp_path):
    sweep = tiny()
    planner = Planner(sweep, "digest", "fp32")
    for number in range(2):
        plan = planner.search_trial(number, PARAMS)
        folder.ask(plan)
        folder.end(plan, TrialEnd("complete", ((1, 0.5), (2, 0.6), (3, 0.7 + number / 10))))
    seen = {}
    monkeypatch.setattr(Tuning, "run", lambda _self, *given: seen.update(zip("abcd", given, strict=True)))
    stages = Stages(sweep, folder, planner, Cluster((Node(2, 0),), None, tmp_path, tmp_path / "t"), Console(quiet=True))
    stages.search(4)
    assert (seen["a"], seen["d"]) == (SEARCH, 4)
    assert [trial.value for trial in seen["b"].study.trials] == [0.7, pytest.approx(0.8)]
    first_rung = seen["c"].inner._brackets[0]._rungs[-1]
    assert set(first_rung[1]) == {"search-0000", "search-0001"}


# ---- what fits

APART = [(8, 0), (1, 2)]
ONE = {"workers": 1, "cpus_per_worker": 1, "gpus_per_worker": 0}


@pytest.mark.parametrize(
    ("asked", "have", "fix"),
    [
        ({"workers": 3}, [(2, 0)], "workers: 2"),
        ({"workers": 3, "cpus_per_worker": 2}, [(4, 0)], "workers: 2"),
        ({"cpus_per_worker": 8}, [(2, 0)], "workers: 1, cpus_per_worker: 2"),
        ({"gpus_per_worker": 1}, [(2, 0)], "gpus_per_worker: 0"),
        ({"workers": 2, "gpus_per_worker": 1}, [(2, 1)], "workers: 1"),
        ({"workers": 2, "gpus_per_worker": 2}, [(2, 1)], "workers: 1, gpus_per_worker: 1"),
        ({"workers": 3, "gpus_per_worker": 0.6}, [(16, 2)], "workers: 2"),
        ({"cpus_per_worker": 6}, [(4, 0), (4, 0)], "workers: 1, cpus_per_worker: 4"),
        ({"workers": 3, "cpus_per_worker": 3}, [(4, 0), (5, 0)], "workers: 2"),
        (
            {"workers": 2, "cpus_per_worker": 4, "gpus_per_worker": 1},
            [(8, 0), (1, 2)],
            "workers: 1, cpus_per_worker: 1",
        ),
    ],
)
def test_a_trial_that_fits_nowhere_is_refused_with_one_that_would(asked, have, fix):
    nodes = [Node(*node) for node in have]
    with pytest.raises(ResourceError) as refused:
        check_fit({**ONE, **asked}, nodes)
    smaller = dict(part.split(": ") for part in fix.split(", "))
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in smaller.items())
    assert str(refused.value).endswith(f"Try: resources: {{{fix}}}, or {options}")
    check_fit({**ONE, **asked, **{name: float(value) for name, value in smaller.items()}}, nodes)


@pytest.mark.parametrize(
    ("asked", "have", "number"),
    [
        ({}, [(8, 2)], 8),
        ({"workers": 2, "cpus_per_worker": 2}, [(8, 2)], 2),
        ({"gpus_per_worker": 0.5}, [(8, 2)], 4),
        ({"gpus_per_worker": 0.1}, [(32, 1)], 10),
        ({"gpus_per_worker": 0.6}, [(16, 4)], 4),  # a fraction lies on one GPU
        ({"gpus_per_worker": 0.4}, [(16, 2)], 4),
        ({"gpus_per_worker": 1 / 3}, [(16, 2), (2, 1)], 8),
        ({"max_concurrent_trials": 3}, [(8, 0)], 3),
        ({"max_concurrent_trials": 9}, [(8, 0)], 8),
        ({"cpus_per_worker": 3}, [(8, 0), (8, 0)], 4),
        ({"workers": 3, "cpus_per_worker": 3}, [(8, 0), (8, 0)], 1),
        ({"gpus_per_worker": 1}, [(64, 0), (8, 2)], 2),
    ],
)
def test_what_fits_is_not_refused_and_slots_follow(asked, have, number):
    nodes = [Node(*node) for node in have]
    check_fit({**ONE, **asked}, nodes)
    assert slots(nodes, {**ONE, **asked}) == number


# ---- what is given up


@pytest.mark.parametrize("hangs", [False, True])
def test_whoever_starts_next_finds_nobody_training_and_a_ray_that_hangs_keeps_nobody_out(
    tiny, folder, monkeypatch, tmp_path, hangs
):
    monkeypatch.setattr("tuneful.sweep.stages.SHUTDOWN_S", 0.1 if hangs else 10.0)
    over, locks = threading.Event(), []

    def shutdown():
        locks.append(owner(folder.path))
        if hangs:
            over.wait(10)

    monkeypatch.setattr("ray.shutdown", shutdown)
    cluster = Cluster((Node(2, 0),), None, tmp_path, tmp_path / "token")
    stages = Stages(tiny(), folder, Planner(tiny(), "digest", "fp32"), cluster, Console(quiet=True))
    with pytest.raises(SweepInUseError), locked(folder.path):  # in a sweep the process ends here
        stages._give_up()
        assert locks == [os.getpid()]
        assert owner(folder.path) is None
    over.set()
