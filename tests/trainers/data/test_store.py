"""The store: every recording decoded once, by content; whole or not at all; mapped, not read."""

import errno
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from analysis.errors import RecordsError
from trainers.data import decode as decode_module
from trainers.data import parallel
from trainers.data import shards as module
from trainers.data.decode import decode, decode_into
from trainers.data.store import Store, content_hash
from trainers.errors import DataError


def named(*paths: Path) -> list[tuple[str, Path]]:
    return [(content_hash(path), path) for path in paths]


@pytest.fixture
def files(audio: Callable[..., Path]) -> list[tuple[str, Path]]:
    return named(
        audio("a.wav"), audio("b/b.flac", seconds=0.5), audio("é – 鳥.ogg", rate=11025), audio("stereo.wav", channels=2)
    )


@pytest.fixture
def store(tmp_path: Path, decode_here: None) -> Store:
    return Store(8000, tmp_path / "store")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are decoded from now on."""
    names: list[str] = []

    def spying(path: Path, *args: object) -> int:
        names.append(path.name)
        return decode_into(path, *args)

    monkeypatch.setattr(module, "decode_into", spying)
    return names


def contents(files: list[tuple[str, Path]]) -> list[str]:
    return [content for content, _ in files]


def check(store: Store, files: list[tuple[str, Path]]) -> None:
    for samples, (_, path) in zip(store.open(contents(files)), files, strict=True):
        np.testing.assert_array_equal(samples, decode(path, store.sample_rate))


@pytest.mark.parametrize("workers", [1, 3, 16])
def test_what_is_opened_is_what_decodes_bit_for_bit(store, files, workers):
    store.prepare(files, workers)
    check(store, files)


def test_preparing_again_decodes_nothing(store, files, decoded):
    store.prepare(files, 2)
    assert len(decoded) == 4
    store.prepare(files, 2)
    Store(8000, store.folder.parent).prepare(files, 2)
    assert len(decoded) == 4


def test_only_what_is_new_is_decoded(store, files, decoded):
    store.prepare(files[:2], 1)
    store.prepare(files, 1)
    assert len(decoded) == 4
    check(store, files)


def test_a_copy_under_another_name_is_not_decoded_twice(store, files, decoded):
    copy = files[0][1].with_name("copy.wav")
    copy.write_bytes(files[0][1].read_bytes())
    store.prepare([files[0], *named(copy)], 1)
    store.prepare(named(copy), 1)
    assert len(decoded) == 1


def test_another_rate_and_another_decoder_are_other_samples(store, files, decoded, monkeypatch):
    store.prepare(files, 1)
    other = Store(4000, store.folder.parent)
    other.prepare(files, 1)
    check(other, files)
    monkeypatch.setattr(module, "DECODER_VERSION", 99)
    store.prepare(files, 1)
    assert len(decoded) == 12


def test_samples_are_read_only_views_of_one_map_per_shard(store, files):
    store.prepare(files, 1)
    first, *_ = store.open(contents(files))
    assert not first.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
    again, *_ = store.open(contents(files))
    assert np.shares_memory(first, again)
    assert first.dtype == np.int16


def test_what_was_never_prepared_is_an_error_with_the_command(store, files):
    with pytest.raises(DataError, match=r"no samples for .*Try: platform data prepare"):
        store.open(contents(files))


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_shard_without_offsets_does_not_count_and_is_removed(store, files, decoded):
    store.prepare(files, 1)
    for path in store.folder.glob("*.arrow"):
        path.unlink()  # as if killed just before
    dead = f"shard-{socket.gethostname()}-{dead_pid()}"
    for number, path in enumerate(store.folder.glob("*.i16")):
        path.rename(path.with_name(f"{dead}-{number}.i16"))
    store.prepare(files, 1)
    assert len(decoded) == 8
    check(store, files)
    assert not list(store.folder.glob(f"{dead}-*"))


@pytest.mark.parametrize(
    ("host", "age_s", "stays"), [("here", 0, True), ("elsewhere-2", 3600, True), ("elsewhere-2", 30 * 3600, False)]
)
def test_a_shard_stays_while_its_writer_may_be_alive(store, files, host, age_s, stays):
    """Of this machine: while the process is; of another one on the same storage: a day after it last wrote."""
    store.folder.mkdir(parents=True)
    pid = os.getppid() if host == "here" else dead_pid()
    theirs = store.folder / f"shard-{socket.gethostname() if host == 'here' else host}-{pid}-abc.i16"
    theirs.write_bytes(b"1234")
    modified = theirs.stat().st_mtime - age_s
    os.utime(theirs, (modified, modified))
    store.prepare(files, 1)
    assert theirs.exists() == stays


def test_the_rest_of_a_refused_recording_is_no_part_of_a_shard(store, audio, tmp_path):
    """NaN at the end: all blocks before were written already."""
    good = audio("good.wav"), audio("last.wav", seconds=0.1)
    samples = np.zeros(70_000, np.float32)
    samples[-1] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, 8000, subtype="FLOAT")
    files = named(good[0], tmp_path / "nan.wav", good[1])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DataError, match=r"nan\.wav: holds samples"):
        patch.setattr(decode_module, "BLOCK_VALUES", 1000)
        patch.setattr(parallel, "batches", lambda *all_in_one: all_in_one[:1])
        store.prepare(files, 1)
    check(store, [files[0], files[2]])
    (shard,) = store.folder.glob("*.i16")
    assert shard.stat().st_size == 2 * (8000 + 800)


def test_refused_recordings_are_named_and_the_others_kept(store, files, decoded):
    bad = files[0][1].with_name("bad.wav")
    bad.write_text("text")
    with pytest.raises(DataError, match=r"1 recording is refused:\n  .*bad\.wav: not readable as audio"):
        store.prepare([*files, *named(bad)], 2)
    check(store, files)
    decoded.clear()
    store.prepare(files, 2)
    assert decoded == []


def test_progress_ends_at_all_of_them(store, files):
    steps: list[tuple[int, int]] = []
    store.prepare(files, 2, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (4, 4)
    assert steps == sorted(steps)


def test_many_files_share_shards(store, audio):
    files = named(*(audio(f"{i}.wav", seconds=0.02) for i in range(40)))
    store.prepare(files, 2)
    assert len(list(store.folder.glob("*.arrow"))) < 20
    check(store, files)


def test_a_shard_that_can_not_be_written_stops_with_its_path_and_leaves_none(store, files, monkeypatch):
    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "decode_into", full)
    with pytest.raises(RecordsError, match=r"shard-.*i16: can't be written \(No space left on device\)"):
        store.prepare(files, 2)
    assert not list(store.folder.iterdir())


def test_as_many_files_are_open_as_there_are_shards(store, audio):
    files = named(*(audio(f"{i}.wav", seconds=0.02 + i / 1000) for i in range(40)))
    store.prepare(files, 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    samples = store.open(contents(files))
    assert len(list(Path("/proc/self/fd").iterdir())) - before == len(list(store.folder.glob("*.i16"))) == 4
    assert sum(map(len, samples)) == sum(160 + 8 * i for i in range(40))
