"""What checkpoints take of the disk is said before a sweep, and once while it runs if they won't fit."""

from analysis.records.sweep import TrialEnd
from tuneful.sweep import disk
from tuneful.sweep.disk import DiskWatch, checkpoint_bytes, needed

END = TrialEnd("complete", ((1, 0.5),))


def trained(folder, plan, size):
    for run in plan.runs:
        ledger = folder.ledger(run.key)
        ledger.begin({"key": run.key}, 0)
        save = lambda path: (path / "model.safetensors").write_bytes(bytes(size))  # noqa: E731
        ledger.publish({"epoch": 1, "state": "finished", "metrics": {}, "kept_epoch": 1}, save)
    return plan


def watch(folder, monkeypatch, runs, free):
    said = []
    monkeypatch.setattr(disk, "free_bytes", lambda results: free)  # noqa: ARG005
    return DiskWatch(folder, runs, said.append), said


def test_a_disk_that_will_be_full_is_told_once_after_the_first_trial(folder, plan_of, monkeypatch):
    watching, said = watch(folder, monkeypatch, runs=10, free=5 * 2**20)
    for number in range(3):
        watching.ended(trained(folder, plan_of(number), 2**20), END)
    assert len(said) == 1
    assert said[0].startswith("The disk will be full before the sweep is done. Disk: 9.0 MiB for 9 runs of 1.0 MiB")
    assert "5.0 MiB free. Try: another --results folder, or platform prune" in said[0]


def test_a_disk_with_room_is_not_talked_about(folder, plan_of, monkeypatch):
    watching, said = watch(folder, monkeypatch, runs=10, free=50 * 2**20)
    for number in range(10):
        watching.ended(trained(folder, plan_of(number, keys=(f"k{number}",)), 2**20), END)
    assert said == []


def test_a_trial_that_failed_before_its_first_epoch_counts_nothing(folder, plan_of, monkeypatch):
    watching, said = watch(folder, monkeypatch, runs=2, free=1)
    watching.ended(plan_of(0), TrialEnd("failed", ()))
    assert said == []
    assert checkpoint_bytes(folder.path) == 0


def test_the_free_disk_is_that_of_a_folder_that_is_not_there_yet(tmp_path):
    assert "Disk: 2.0 MiB for 2 runs of 1.0 MiB each, " in needed(2**20, 2, tmp_path / "results" / "of" / "mine")
