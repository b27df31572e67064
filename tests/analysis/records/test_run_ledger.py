"""The ledger of a run: nothing acknowledged is lost, whatever kills the writer or rots on the disk."""

import errno
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import RecordsError
from analysis.records.files import folder_is_whole, read_record, write_atomically, write_record
from analysis.records.ledger import RunLedger

EPOCHS = 4


def epoch(number: int) -> dict[str, Any]:
    metrics = {"val/macro_auc": 1 / (number + 2), "val/loss": 0.1 * number, "odd": math.nan}
    state = "finished" if number == EPOCHS else "running"
    return {"epoch": number, "state": state, "metrics": metrics, "protocol": "p", "kept_epoch": number}


def save(number: int):
    def fill(folder: Path) -> None:
        (folder / "model.bin").write_bytes(f"weights {number}".encode() * 10)
        (folder / "state.json").write_text(str(number))

    return fill


def train(folder: Path, upto: int = EPOCHS, acknowledged: list[int] | None = None, keep: int | None = None) -> None:
    """What a run does: go on from the newest checkpoint, publish each epoch, then acknowledge it."""
    ledger = RunLedger(folder)
    found = ledger.newest_checkpoint()
    start = found[0] if found else 0
    if found:
        assert (found[1] / "state.json").read_text() == str(start)
    if start < upto:
        ledger.begin({"key": "k", "seed": 3}, start)
    for number in range(start + 1, upto + 1):
        ledger.publish({**epoch(number), "kept_epoch": keep or number}, save(number))
        if acknowledged is not None:
            acknowledged.append(number)


def numbers(folder: Path) -> list[int]:
    return [body["epoch"] for body in RunLedger(folder).epochs()]


def attempts(folder: Path) -> list[int]:
    return [body["attempt"] for body in RunLedger(folder).epochs()]


def text(records: list[dict[str, Any]]) -> str:
    return json.dumps(records, sort_keys=True)  # NaN is equal to itself there


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.tmp"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "abc"


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of lives and deaths: the disk is not waited for."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


# ---- what is written is read


def test_epochs_come_back_as_they_were_published(run):
    train(run)
    ledger = RunLedger(run)
    assert text(ledger.epochs()) == text([{"attempt": 1, **epoch(number)} for number in range(1, EPOCHS + 1)])
    assert ledger.identity() == {"schema": 1, "key": "k", "seed": 3}
    assert ledger.finished is None


def test_a_run_that_never_started_has_nothing(run):
    ledger = RunLedger(run)
    assert (ledger.epochs(), ledger.newest_checkpoint(), ledger.identity(), ledger.finished) == ([], None, None, None)
    assert not run.exists()


def test_the_two_newest_checkpoints_and_the_best_are_kept(run):
    train(run, 3, keep=1)
    assert checkpoints(run) == ["checkpoint-0001", "checkpoint-0002", "checkpoint-0003"]
    train(run, keep=1)
    assert checkpoints(run) == ["checkpoint-0001"], "after its last epoch a run keeps the best alone"


def checkpoints(run: Path) -> list[str]:
    paths = list(run.glob("attempt-*/checkpoint-*"))
    assert all(folder_is_whole(path) for path in paths)
    return sorted(path.name for path in paths)


def test_publishing_needs_an_attempt(run):
    with pytest.raises(RuntimeError, match="begin"):
        RunLedger(run).publish(epoch(1), None)


def test_an_epoch_without_a_checkpoint_is_on_record(run):
    train(run, 2)
    ledger = RunLedger(run)
    ledger.begin({}, 2)
    ledger.publish({**epoch(3), "state": "diverged", "kept_epoch": 2}, None)
    assert numbers(run) == [1, 2, 3]
    assert ledger.newest_checkpoint()[0] == 2


# ---- killed


def crash_points(crash, tmp_path: Path, work) -> int:
    """How many changes of the disk `work` makes."""
    counter = crash()
    work(tmp_path / "counted")
    crash.undo()
    return counter.count


def whole_life(folder: Path, acknowledged: list[int] | None = None) -> None:
    train(folder, EPOCHS, acknowledged)
    RunLedger(folder).finish("finished", EPOCHS)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_change_of_the_disk_loses_no_acknowledged_epoch(crash, tmp_path, after):
    points = crash_points(crash, tmp_path, whole_life)
    assert points > 50
    for k in range(1, points + 1):
        folder, acknowledged = tmp_path / f"killed-{k}", []
        crash(at=k, after=after)
        with pytest.raises(BaseException, match=r"^$") as caught:
            whole_life(folder, acknowledged)
        assert type(caught.value).__name__ == "Killed"
        crash.undo()
        survived = numbers(folder)
        assert survived[: len(acknowledged)] == acknowledged, k
        assert len(survived) <= len(acknowledged) + 1, k  # at most the epoch at hand is there unacknowledged
        again: list[int] = []
        train(folder, EPOCHS, again)
        assert len(again) <= EPOCHS - len(acknowledged), k  # nothing acknowledged runs again
        assert numbers(folder) == list(range(1, EPOCHS + 1)), k
        RunLedger(folder).finish("finished", EPOCHS)
        assert numbers(folder) == list(range(1, EPOCHS + 1)), k
        if again:  # a new attempt swept up
            assert leftovers(folder) == [], k


def test_a_run_killed_again_and_again_gets_on(crash, tmp_path):
    folder, kills = tmp_path / "often", 0
    while numbers(folder) != list(range(1, EPOCHS + 1)):
        crash(at=31)  # enough for an epoch or two, never for all
        try:
            train(folder)
        except BaseException as error:
            assert type(error).__name__ == "Killed"
            kills += 1
        crash.undo()
        assert kills < 20
    assert kills > 1
    assert attempts(folder) == sorted(attempts(folder))


def test_a_checkpoint_without_its_epoch_is_not_gone_on_from(run):
    train(run, 2)
    newest = RunLedger(run).newest_checkpoint()[1]
    shutil.copytree(newest, newest.with_name("checkpoint-0003"))
    assert RunLedger(run).newest_checkpoint() == (2, newest)


def test_what_a_stale_attempt_did_is_ignored(run):
    train(run, 3)
    late = RunLedger(run)
    late.begin({}, 1)
    assert numbers(run) == [1]
    late.publish(epoch(2), save(2))
    assert numbers(run) == [1, 2]
    assert attempts(run) == [1, 2]
    assert RunLedger(run).newest_checkpoint()[0] == 2
    assert RunLedger(run).newest_checkpoint()[1].parent.name == "attempt-0002"


def test_the_order_is_that_of_attempts_whatever_the_clock_says(run):
    train(run, 2)
    late = RunLedger(run)
    late.begin({}, 1)
    late.publish({**epoch(2), "protocol": "new"}, save(2))
    for path in run.rglob("attempt-0002/*"):
        os.utime(path, (0, 0))
    assert RunLedger(run).epochs()[1]["protocol"] == "new"


# ---- rot


def test_every_flipped_bit_of_a_segment_is_noticed(run, flip):
    train(run, 1)
    path = run / "attempt-0001" / "epoch-0001.json"
    size = len(path.read_bytes()) * 8
    for bit in range(0, size, 23):
        flip(path, bit)
        assert read_record(path) is None, bit
        flip(path, bit)
    assert read_record(path) is not None


@pytest.mark.parametrize("name", ["model.bin", "state.json", "MANIFEST.json"])
def test_every_flipped_bit_of_a_checkpoint_is_noticed(run, flip, name):
    train(run, 1)
    folder = run / "attempt-0001" / "checkpoint-0001"
    for bit in range(0, len((folder / name).read_bytes()) * 8, 23):
        flip(folder / name, bit)
        assert not folder_is_whole(folder), bit
        flip(folder / name, bit)
    assert folder_is_whole(folder)


DAMAGE = {
    "flipped": ("model.bin", b"wfights 3" + b"weights 3" * 9),
    "truncated": ("model.bin", b"wei"),
    "emptied": ("model.bin", b""),
    "without a file": ("state.json", None),
    "without its manifest": ("MANIFEST.json", None),
    "with a torn manifest": ("MANIFEST.json", b'{"model.bin":"'),
    "with another manifest": ("MANIFEST.json", b"[]"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_kept_aside_and_the_one_before_is_used(run, damage, caplog):
    train(run, 3)
    newest = RunLedger(run).newest_checkpoint()[1]
    name, content = damage
    if content is None:
        (newest / name).unlink()
    else:
        (newest / name).write_bytes(content)
    epoch_before, path = RunLedger(run).newest_checkpoint()
    assert (epoch_before, path.name) == (2, "checkpoint-0002")
    assert [p.name for p in run.glob("*/*.corrupt")] == ["checkpoint-0003.corrupt"]
    assert "checkpoint-0003 is damaged" in caplog.text
    train(run)
    assert numbers(run) == [1, 2, 3, 4]
    assert attempts(run) == [1, 1, 2, 2]


def test_without_a_whole_checkpoint_a_run_starts_again_and_loses_nothing(run, flip):
    train(run, 3)
    for path in run.glob("*/checkpoint-*"):
        flip(path / "model.bin", 3)
    assert RunLedger(run).newest_checkpoint() is None
    train(run)
    assert numbers(run) == [1, 2, 3, 4]
    assert set(attempts(run)) == {2}


def test_what_follows_a_damaged_epoch_is_done_again(run, flip):
    train(run, 3)
    flip(run / "attempt-0001" / "epoch-0002.json", 400)
    assert numbers(run) == [1]
    train(run)
    assert numbers(run) == [1, 2, 3, 4]


def test_a_torn_record_is_none(tmp_path):
    path = tmp_path / "record.json"
    write_record(path, {"a": 1})
    whole = path.read_bytes()
    for size in range(len(whole) - 1):  # all but the newline
        path.write_bytes(whole[:size])
        assert read_record(path) is None, size


# ---- finished


def test_a_finished_run_is_one_record_and_its_kept_checkpoint(run):
    train(run, keep=2)
    before = RunLedger(run).epochs()
    RunLedger(run).finish("finished", 2)
    ledger = RunLedger(run)
    assert text(ledger.epochs()) == text(before)
    assert (ledger.finished["state"], ledger.finished["kept_epoch"]) == ("finished", 2)
    assert list(run.glob("*/epoch-*")) == []
    assert [path.name for path in run.glob("*/checkpoint-*")] == ["checkpoint-0002"]
    assert ledger.checkpoint(2) == run / "attempt-0001" / "checkpoint-0002"
    assert ledger.checkpoint(4) is None


def test_finishing_twice_is_finishing_once(run):
    train(run)
    RunLedger(run).finish("finished", 4)
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    RunLedger(run).finish("finished", 4)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == files


def test_a_finished_run_can_be_gone_on_with(run):
    train(run, 2)
    RunLedger(run).finish("pruned", 2)
    assert RunLedger(run).newest_checkpoint()[0] == 2
    train(run)
    assert numbers(run) == [1, 2, 3, 4]
    assert attempts(run) == [1, 1, 2, 2]
    RunLedger(run).finish("finished", 4)
    assert attempts(run) == [1, 1, 2, 2]
    assert RunLedger(run).finished["state"] == "finished"
    assert [path.name for path in run.glob("*/checkpoint-*")] == ["checkpoint-0004"]


def test_a_run_gone_on_with_from_its_best_epoch_does_the_later_ones_again(run):
    train(run, 3, keep=1)
    RunLedger(run).finish("pruned", 1)
    train(run)
    assert numbers(run) == [1, 2, 3, 4]
    assert attempts(run) == [1, 2, 2, 2]


def test_a_finished_run_begun_again_counts_up_to_where_it_was_begun(run):
    train(run)
    RunLedger(run).finish("pruned", 4)
    late = RunLedger(run)
    late.begin({}, 2)
    assert numbers(run) == [1, 2]


def test_a_run_of_several_attempts_can_be_finished_and_gone_on_with(run):
    train(run, 1)
    train(run, 2)
    RunLedger(run).finish("pruned", 2)
    assert attempts(run) == [1, 2]
    train(run, 3)
    train(run, 4)
    assert attempts(run) == [1, 2, 3, 4]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_while_a_run_is_gone_on_with_loses_nothing_either(crash, tmp_path, after):
    def second_life(folder: Path, acknowledged: list[int] | None = None) -> None:
        train(folder, EPOCHS, acknowledged)
        RunLedger(folder).finish("finished", EPOCHS)

    def first_life(folder: Path) -> Path:
        train(folder, 2)
        RunLedger(folder).finish("pruned", 2)
        return folder

    first_life(tmp_path / "counted")
    points = crash_points(crash, tmp_path, second_life)
    for k in range(1, points + 1):
        folder, acknowledged = first_life(tmp_path / f"killed-{k}"), [1, 2]
        crash(at=k, after=after)
        with pytest.raises(BaseException, match=r"^$"):
            second_life(folder, acknowledged)
        crash.undo()
        assert numbers(folder)[: len(acknowledged)] == acknowledged, k
        train(folder)
        assert numbers(folder) == [1, 2, 3, 4], k


# ---- a disk that is full, or not ours


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("broken", [(os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "mkdir")])
def test_a_full_disk_is_an_error_that_names_the_path_and_leaves_nothing_half(run, monkeypatch, broken):
    train(run, 2)
    ledger = RunLedger(run)
    ledger.begin({}, 2)
    with monkeypatch.context() as patch:
        patch.setattr(*broken, full)
        with pytest.raises(
            RecordsError, match=r"no space left on the disk \([0-9,]+ bytes free, [0-9,]+ to write\)"
        ) as caught:
            ledger.publish(epoch(3), save(3))
    assert str(run) in str(caught.value)
    assert "Try: free some space" in str(caught.value)
    assert caught.value.exit_code == 3
    assert leftovers(run) == []
    assert numbers(run) == [1, 2]
    train(run)
    assert numbers(run) == [1, 2, 3, 4]


def test_a_disk_that_fills_while_the_checkpoint_is_written_leaves_no_part_of_it(run):
    ledger = RunLedger(run)
    ledger.begin({}, 0)

    def fill(folder: Path) -> None:
        (folder / "model.bin").write_bytes(b"part")
        full()

    with pytest.raises(RecordsError, match="checkpoint-0001: no space left"):
        ledger.publish(epoch(1), fill)
    assert list(run.glob("*/checkpoint-*")) == leftovers(run) == []


def test_a_folder_that_can_not_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordsError, match=r"file/record\.json: can't be written \(.*\)\. Try: another --results"):
        write_atomically(tmp_path / "file" / "record.json", b"x")


def test_a_mistake_while_saving_is_no_records_error_and_leaves_nothing(run):
    ledger = RunLedger(run)
    ledger.begin({}, 0)

    def fill(folder: Path) -> None:
        (folder / "a").write_text("a")
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        ledger.publish(epoch(1), fill)
    assert leftovers(run) == []
    assert numbers(run) == []


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_atomically(path, b"old")
    real, seen = Path.replace, []

    def spying(self: Path, target: Path) -> Path:
        seen.append((path.read_bytes(), self.read_bytes()))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", spying)
    write_atomically(path, b"new")
    assert seen == [(b"old", b"new")]
    assert path.read_bytes() == b"new"
