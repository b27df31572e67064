"""One process a sweep: a lock names its owner and does not outlive it."""

import json
import os

import psutil
import pytest

from analysis.errors import RecordsError
from tuneful.errors import SweepInUseError
from tuneful.sweep.lock import locked, owner


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
