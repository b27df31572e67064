"""Pruning gives disk back and takes nothing that is still asked for: the best, the confirmed, the submitted."""

import pytest

from analysis.records.submissions import Member, Submission, add_submission
from analysis.records.sweep import CONFIRM, SEARCH, RunPlan, SweepFolder, TrialEnd, TrialPlan
from trainers.errors import SpecError
from trainers.training.checkpoint_files import OPTIMIZER, PREDICTIONS, WEIGHTS
from tuneful.pruning import spare

SIZES = {WEIGHTS: 100, OPTIMIZER: 200, PREDICTIONS: 10}


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def folder(results):
    folder = SweepFolder(results / "sweeps" / "loss")
    objective = {"metric": "val/macro_auc", "mode": "max", "epoch": "last"}
    folder.write_definition({"objective": objective, "scheduler": {"name": "asha"}})
    return folder


def save(path):
    for name, size in SIZES.items():
        (path / name).write_bytes(bytes(size))


def trial(folder, number, score, state="complete", stage=SEARCH, candidate=None):
    """A trial of one run as a sweep leaves it."""
    key = f"{stage}{number}"
    plan = TrialPlan(stage, number, {}, {}, (RunPlan(key, {}, 0, 0, 0, "stratified"),), candidate)
    ledger = folder.ledger(key)
    ledger.begin({"key": key, "spec": {}}, 0)
    last = {"complete": "finished", "pruned": "running", None: "running"}[state]
    ledger.publish({"epoch": 1, "state": last, "kept_epoch": 1, "metrics": {"val/macro_auc": score}}, save)
    folder.ask(plan)
    if state is not None:
        folder.end(plan, TrialEnd(state, ((1, score),)))
        ledger.finish("finished" if state == "complete" else state, 1)
    return ledger


def files(ledger):
    checkpoint = ledger.checkpoint(1)
    return None if checkpoint is None else {path.name for path in checkpoint.iterdir()} - {"MANIFEST.json"}


def prune(folder, results, keep):
    found = spare(folder, results, keep)
    freed = sum(one.bytes for one in found)
    for one in found:
        one.remove()
    return freed


def test_the_best_keep_their_weights_and_nobody_the_state_of_the_optimizer(folder, results):
    good, bad, stopped = trial(folder, 0, 0.9), trial(folder, 1, 0.5), trial(folder, 2, 0.4, "pruned")
    before = {ledger: ledger.epochs() for ledger in (good, bad, stopped)}
    freed = prune(folder, results, keep=1)
    assert files(good) == {WEIGHTS, PREDICTIONS}
    assert files(bad) == {PREDICTIONS}
    assert files(stopped) is None, "a stopped run's checkpoint is there to train on, and for nothing else"
    manifest = 2  # at most so many hundred bytes
    assert 200 + 300 + 310 <= freed <= 200 + 300 + 310 + manifest * 300
    assert {ledger: ledger.epochs() for ledger in before} == before
    assert spare(folder, results, 1) == []


def test_confirmed_and_submitted_runs_keep_theirs(folder, results):
    candidate, submitted, other = (trial(folder, number, score) for number, score in enumerate((0.7, 0.6, 0.8)))
    confirm = trial(folder, 0, 0.65, stage=CONFIRM, candidate=0)
    add_submission(results, Submission("birds", "a.csv", (Member("loss", "search1", 1),), public=0.5))
    prune(folder, results, keep=0)
    assert WEIGHTS in files(candidate) & files(confirm) & files(submitted)
    assert files(other) == {PREDICTIONS}


def test_a_trial_under_way_is_left_alone(folder, results):
    running = trial(folder, 0, 0.5, None)
    assert spare(folder, results, 0) == []
    assert files(running) == set(SIZES)


def test_a_population_that_is_not_done_is_refused(folder, results):
    folder.write_definition({**folder.definition(), "scheduler": {"name": "pbt"}})
    folder.write_command("platform sweep pbt.yaml")
    trial(folder, 0, 0.5), trial(folder, 1, 0.4, None)
    with pytest.raises(SpecError, match=r"population with 1 trials under way.*Try: .*platform sweep pbt\.yaml"):
        spare(folder, results, 0)


def test_runs_of_platform_train_are_pruned_like_a_sweeps(folder, results):
    """Their definition has neither scheduler nor a space, and one that was interrupted has no end."""
    objective = {"metric": "val/macro_auc", "mode": "max", "epoch": "last"}
    folder.write_definition({"name": "loss", "recipe": "r", "objective": objective, "trials": 3, "search": {}})
    good, bad, interrupted = trial(folder, 0, 0.9), trial(folder, 1, 0.5), trial(folder, 2, 0.4, None)
    prune(folder, results, keep=1)
    assert files(good) == {WEIGHTS, PREDICTIONS}
    assert files(bad) == {PREDICTIONS}
    assert files(interrupted) == set(SIZES)


def test_what_another_sweep_shares_is_not_counted_as_freed(folder, results, tmp_path):
    ledger = trial(folder, 0, 0.5)
    (tmp_path / "other").hardlink_to(ledger.checkpoint(1) / OPTIMIZER)
    assert [one.bytes for one in spare(folder, results, 0)] == [100]
