"""One process a sweep: a lock names its owner and does not outlive it."""

import json
import os
import signal
import threading
import time

import psutil
import pytest

from analysis.errors import RecordsError
from tuneful.errors import SweepInUseError
from tuneful.sweep import lock
from tuneful.sweep.lock import holder, locked, owner, taken_over


def write_lock(folder, **changes):
    me = psutil.Process()
    holder = {"pid": me.pid, "started": me.create_time(), "boot": psutil.boot_time(), "since": 0.0, **changes}
    (folder / "lock.json").write_text(json.dumps(holder))


def test_a_second_one_is_told_who_holds_it(tmp_path):
    with locked(tmp_path):
        assert owner(tmp_path) == os.getpid()
        said = rf"in use by process {os.getpid()} since \d{{4}}-.*Try: "
        with pytest.raises(SweepInUseError, match=said) as refused, locked(tmp_path):
            pass
        assert refused.value.exit_code == 3
        assert owner(tmp_path) == os.getpid(), "a refused one leaves the lock alone"
    assert owner(tmp_path) is None


def test_it_is_given_back_whatever_happens(tmp_path):
    with pytest.raises(KeyboardInterrupt), locked(tmp_path / "new" / "sweep"):
        raise KeyboardInterrupt
    assert not list(tmp_path.rglob("lock.json"))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": 1}'])
def test_a_torn_lock_is_taken_over(tmp_path, text):
    (tmp_path / "lock.json").write_text(text)
    with locked(tmp_path):
        assert owner(tmp_path) == os.getpid()


def test_a_pid_that_another_process_has_by_now_is_no_owner(tmp_path):
    write_lock(tmp_path, started=psutil.Process().create_time() - 3600)
    assert owner(tmp_path) is None
    with locked(tmp_path):
        assert owner(tmp_path) == os.getpid()


@pytest.mark.parametrize("place", ["sweeps", "sweeps/tiny", "."])
def test_a_file_in_the_folders_place_is_said(tmp_path, place):
    results = tmp_path / "results"
    (results / place).parent.mkdir(parents=True, exist_ok=True)
    (results / place).touch()
    said = r"can't be written.*Try: another --results"
    with pytest.raises(RecordsError, match=said) as refused, locked(results / "sweeps" / "tiny"):
        pass
    assert refused.value.exit_code == 3


def test_an_owner_on_another_host_lives_as_long_as_it_touches_its_lock(tmp_path, monkeypatch):
    write_lock(tmp_path, host="elsewhere", pid=999_999_999)
    found = holder(tmp_path)
    assert (found.pid, found.host, str(found)) == (999_999_999, "elsewhere", "process 999999999 on elsewhere")
    long_ago = time.time() - 3600
    os.utime(tmp_path / "lock.json", (long_ago, long_ago))
    assert holder(tmp_path) is None


def test_a_lock_of_another_host_is_watched_before_it_is_taken_over(tmp_path, monkeypatch):
    """Clocks of hosts differ: only whether it is touched counts."""
    monkeypatch.setattr("tuneful.sweep.lock.BEAT_S", 0.2)
    write_lock(tmp_path, host="elsewhere")
    over = threading.Event()

    def beat():
        while not over.wait(0.05):
            os.utime(tmp_path / "lock.json", (time.time() - 3600, time.time() - 3600))

    living = threading.Thread(target=beat)
    living.start()
    try:
        with pytest.raises(SweepInUseError, match=rf"in use by process {os.getpid()} on elsewhere"), locked(tmp_path):
            pass
    finally:
        over.set()
        living.join()
    with locked(tmp_path):
        assert owner(tmp_path) == os.getpid()


def test_an_owner_touches_its_lock(tmp_path, monkeypatch):
    monkeypatch.setattr("tuneful.sweep.lock.BEAT_S", 0.0)
    monkeypatch.setattr("tuneful.sweep.requests.POLL_S", 0.02)
    with locked(tmp_path):
        os.utime(tmp_path / "lock.json", (1, 1))
        patience = time.monotonic() + 10
        while (tmp_path / "lock.json").stat().st_mtime < 2:
            assert time.monotonic() < patience
            time.sleep(0.01)


def test_a_lock_that_another_process_took_over_is_left_to_it_and_stops_this_one(tmp_path, monkeypatch):
    """As after a laptop slept, or a shared disk hung: both would write the same ledgers."""
    monkeypatch.setattr("tuneful.sweep.lock.BEAT_S", 0.0)
    monkeypatch.setattr("tuneful.sweep.requests.POLL_S", 0.02)
    interrupted = threading.Event()
    old = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        said = "process 7 on elsewhere took the sweep over"
        with pytest.raises(SweepInUseError, match=rf"{said}.*Try: platform status"), locked(tmp_path):
            assert taken_over(tmp_path) is None
            write_lock(tmp_path, id="another", host="elsewhere", pid=7)
            assert said in taken_over(tmp_path)
            os.utime(tmp_path / "lock.json", (1, 1))
            assert interrupted.wait(10)
            assert (tmp_path / "lock.json").stat().st_mtime == 1, "it is not kept fresh for the other one"
    finally:
        signal.signal(signal.SIGINT, old)
    assert json.loads((tmp_path / "lock.json").read_text())["id"] == "another"
    assert said in (tmp_path / "sweep.log").read_text()


def test_of_two_that_see_a_dead_lock_the_second_leaves_the_first_ones_alone(tmp_path, monkeypatch):
    """Between its look at the dead lock and its removal, the first has put its own in the place."""
    write_lock(tmp_path, started=0.0)
    refuse = lock._refuse_living

    def first_comes_first(path, content):
        refuse(path, content)
        write_lock(tmp_path, id="first", started=psutil.Process().create_time())
        monkeypatch.setattr(lock, "_refuse_living", refuse)

    monkeypatch.setattr(lock, "_refuse_living", first_comes_first)
    with pytest.raises(SweepInUseError, match="in use by"), locked(tmp_path):
        pass
    assert json.loads((tmp_path / "lock.json").read_text())["id"] == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["lock.json"]


def test_who_took_a_sweep_over_and_ended_it_is_noticed_too(tmp_path):
    """A machine slept; meanwhile another one took the sweep over, finished it and gave the lock back."""
    said = "another process that has ended by now took the sweep over"
    with pytest.raises(SweepInUseError, match=said), locked(tmp_path):
        (tmp_path / "lock.json").unlink()
        assert said in lock._touch(tmp_path), "it stops"
    assert not (tmp_path / "lock.json").exists()
