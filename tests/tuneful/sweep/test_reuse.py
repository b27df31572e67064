"""A run that another sweep finished is taken over whole, once, and only where it is the run that was asked for."""

import json
import shutil
from dataclasses import asdict

import pytest

from analysis.records.files import drop_from_folder, write_record
from analysis.records.ledger import REUSED, RunLedger
from analysis.records.sweep import SweepFolder
from tuneful.sweep.ground import FILE, UNKNOWN, Ground, keep_ground
from tuneful.sweep.searchers.reuse import Reuse, count_reused, reused_from

METRIC = "val/macro_auc"


def train(folder, key, epochs=3, last="finished", finish=True, metrics=(METRIC,)):
    """A run as `fit` and `settle` leave it."""
    ledger = folder.ledger(key)
    ledger.begin({"key": key, "spec": {}}, 0)
    for epoch in range(1, epochs + 1):
        state = last if epoch == epochs else "running"
        record = {"epoch": epoch, "state": state, "protocol": "p", "kept_epoch": epoch}
        values = dict.fromkeys(metrics, epoch / 10)
        save = lambda path, epoch=epoch: (path / "model.safetensors").write_bytes(bytes([epoch]) * 100)  # noqa: E731
        ledger.publish({**record, "metrics": {**values, "seconds": 1.0}}, save)
    if finish:
        ledger.finish(last, epochs)
    return ledger


@pytest.fixture
def other(folder):
    """Another sweep of the same results folder."""
    return SweepFolder(folder.path.with_name("other"))


def test_a_finished_run_is_taken_whole_and_marked(folder, other, plan_of):
    source = train(other, "k")
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) == "other"
    mine = folder.ledger("k")
    assert mine.epochs() == source.epochs()
    assert mine.checkpoint(3).joinpath("model.safetensors").read_bytes() == bytes([3]) * 100
    assert (reused_from(folder, "k"), reused_from(other, "k")) == ("other", None)
    folder.ask(plan_of(0, keys=("k",)))
    assert count_reused(folder) == 1
    shutil.rmtree(other.path)
    assert mine.checkpoint(3) is not None, "what was taken stays when the other sweep is removed"


def test_of_a_trial_each_run_is_taken_where_it_is(folder, other, plan_of):
    third = SweepFolder(folder.path.with_name("third"))
    train(other, "a"), train(third, "b")
    reuse = Reuse(folder, [METRIC], print)
    assert reuse.take(plan_of(0, keys=("a", "b", "c"))) == "other, third"
    assert folder.run_keys() == ["a", "b"]
    assert reuse.take(plan_of(0, keys=("a", "b", "c"))) is None, "once"


def test_where_it_was_trained_is_said_through_a_second_taking(folder, other, plan_of):
    train(other, "k")
    Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",)))
    shutil.rmtree(other.path)
    last = SweepFolder(folder.path.with_name("last"))
    assert Reuse(last, [METRIC], print).take(plan_of(0, keys=("k",))) == folder.name
    assert reused_from(last, "k") == "other"


def damage_checkpoint(ledger):
    (ledger.checkpoint(3) / "model.safetensors").write_bytes(b"other")


def damage_record(ledger):
    text = (ledger.folder / "finished.json").read_text()
    (ledger.folder / "finished.json").write_text(text.replace("0.2", "0.3"))


def lose_checkpoint(ledger):
    shutil.rmtree(ledger.checkpoint(3))


def rename(ledger):
    write_record(ledger.folder / "run.json", {"key": "another"})


def lose_epoch(ledger):
    body = json.loads((ledger.folder / "finished.json").read_text())["body"]
    write_record(ledger.folder / "finished.json", {**body, "epochs": body["epochs"][1:]})


@pytest.mark.parametrize("harm", [damage_checkpoint, damage_record, lose_checkpoint, rename, lose_epoch])
def test_a_damaged_run_is_trained_again(folder, other, plan_of, harm):
    harm(train(other, "k"))
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) is None
    assert list((folder.path / "runs").glob("*")) == []


@pytest.mark.parametrize(
    "run",
    [{"last": "diverged"}, {"last": "running"}, {"finish": False}, {"metrics": ("val/loss",)}],
    ids=["diverged", "stopped early", "still being written", "without the metric"],
)
def test_a_run_that_is_not_the_whole_answer_is_not_taken(folder, other, plan_of, run):
    train(other, "k", **run)
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) is None
    assert folder.run_keys() == []


def test_an_own_run_that_was_begun_goes_on_by_itself(folder, other, plan_of):
    train(other, "k")
    mine = train(folder, "k", epochs=1, last="running", finish=False)
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) is None
    assert len(mine.epochs()) == 1
    assert not (mine.folder / REUSED).exists()


def test_without_hard_links_the_files_are_copied(folder, other, plan_of, monkeypatch):
    def no_link(*_):
        raise OSError("another disk")

    train(other, "k")
    monkeypatch.setattr("os.link", no_link)
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) == "other"
    assert folder.ledger("k").checkpoint(3) is not None


def test_where_an_objective_is_a_time_runs_of_another_machine_are_trained_again_and_it_is_said_once(
    folder, other, plan_of
):
    """Two sweeps with the objectives val/macro_auc and eval_seconds, on one CPU and on eight."""
    train(other, "a"), train(other, "b")
    keep_ground(folder, Ground("d", "fp32", "1 CPU of X"), auto=True)
    for theirs in (Ground("d", "fp32", "8 CPUs of X"), Ground("d", "fp32")):
        write_record(other.path / FILE, asdict(theirs))
        said = []
        reuse = Reuse(folder, [METRIC, "seconds"], said.append)
        assert [reuse.take(plan_of(n, keys=(key,))) for n, key in enumerate("ab")] == [None, None]
        (sentence,) = said
        assert f"theirs are of {theirs.timed_on or UNKNOWN}, this sweep's of 1 CPU of X" in sentence
    write_record(other.path / FILE, asdict(Ground("d", "fp32", "1 CPU of X")))
    assert Reuse(folder, [METRIC, "seconds"], print).take(plan_of(0, keys=("a",))) == "other"


def test_scores_are_taken_whatever_machine_they_are_of(folder, other, plan_of):
    train(other, "k")
    keep_ground(other, Ground("d", "fp32", "8 CPUs of X"), auto=True)
    keep_ground(folder, Ground("d", "fp32"), auto=True)
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) == "other"


def test_what_a_killed_taking_left_is_no_run_and_is_removed(folder, other, plan_of):
    shutil.copytree(train(other, "k").folder, folder.path / "runs" / ".k.1234.tmp")
    reuse = Reuse(folder, [METRIC], print)
    assert folder.run_keys() == []
    assert reuse.take(plan_of(0, keys=("k",))) == "other"


def test_what_is_done_with_the_copy_leaves_the_source_alone(folder, other, plan_of):
    source = train(other, "k")
    before = {path: path.read_bytes() for path in source.folder.rglob("*") if path.is_file()}
    Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",)))
    mine = RunLedger(folder.path / "runs" / "k")
    mine.begin({"key": "k"}, 3)
    mine.publish(
        {"epoch": 4, "state": "finished", "protocol": "p", "kept_epoch": 4, "metrics": {METRIC: 1.0}},
        lambda path: (path / "model.safetensors").write_bytes(b"4"),
    )
    mine.finish("finished", 4)
    assert {path: path.read_bytes() for path in source.folder.rglob("*") if path.is_file()} == before


def test_a_run_whose_weights_were_pruned_is_not_taken(folder, other, plan_of):
    source = train(other, "k")
    drop_from_folder(source.checkpoint(3), ["model.safetensors"])
    assert Reuse(folder, [METRIC], print).take(plan_of(0, keys=("k",))) is None
