"""The store: every recording decoded once, by content; whole or not at all; mapped, not read."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from trainers.data import store as module
from trainers.data.decode import decode
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

    def spying(path: Path, rate: int) -> np.ndarray:
        names.append(path.name)
        return decode(path, rate)

    monkeypatch.setattr(module, "decode", spying)
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


def test_processes_decode_the_same(tmp_path, files):
    store = Store(8000, tmp_path / "store")
    store.prepare(files, 2)
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


def test_a_shard_without_offsets_does_not_count_and_is_removed(store, files, decoded):
    store.prepare(files, 1)
    for path in store.folder.glob("*.arrow"):
        path.unlink()  # as if killed just before
    dead = subprocess.Popen(["true"])
    dead.wait()
    for number, path in enumerate(store.folder.glob("*.i16")):
        path.rename(path.with_name(f"shard-{dead.pid}-{number}.i16"))
    store.prepare(files, 1)
    assert len(decoded) == 8
    check(store, files)
    assert not list(store.folder.glob(f"shard-{dead.pid}-*"))


def test_a_shard_that_another_process_is_writing_is_left_alone(store, files):
    store.folder.mkdir(parents=True)
    theirs = store.folder / f"shard-{os.getppid()}-abc.i16"
    theirs.write_bytes(b"1234")
    store.prepare(files, 1)
    assert theirs.exists()


def test_a_kill_in_the_middle_keeps_what_was_done(store, files, decoded, monkeypatch):
    def dying(path: Path, rows: list[dict[str, object]]) -> None:
        if len(list(store.folder.glob("*.arrow"))) == 2:
            raise KeyboardInterrupt
        real(path, rows)

    real = module._write_offsets
    monkeypatch.setattr(module, "_write_offsets", dying)
    with pytest.raises(KeyboardInterrupt):
        store.prepare(files, 1)
    monkeypatch.setattr(module, "_write_offsets", real)
    before = len(decoded)
    store.prepare(files, 1)
    assert len(decoded) - before == 2
    check(store, files)


def test_refused_recordings_are_named_and_the_others_kept(store, files, decoded):
    bad = files[0][1].with_name("bad.wav")
    bad.write_text("text")
    with pytest.raises(DataError, match=r"1 recording is refused:\n  .*bad\.wav: not readable as audio"):
        store.prepare([*files, *named(bad)], 2)
    check(store, files)
    decoded.clear()
    store.prepare(files, 2)
    assert decoded == []


@pytest.mark.parametrize("culprit", [0, 5, 11])
def test_a_decoder_that_is_killed_costs_its_file_alone(store, audio, monkeypatch, culprit):
    files = named(*(audio(f"{i}.wav", seconds=0.02) for i in range(12)))
    real = module._write_shard

    def dying(folder: Path, rate: int, batch: list[tuple[str, Path]]) -> tuple[int, list[str]]:
        if files[culprit] in batch:
            raise BrokenProcessPool
        return real(folder, rate, batch)

    monkeypatch.setattr(module, "_write_shard", dying)
    with pytest.raises(DataError, match=rf"1 recording is refused:\n  .*/{culprit}\.wav: decoding it was killed"):
        store.prepare(files, 1)
    check(store, files[:culprit] + files[culprit + 1 :])


def test_a_recording_too_large_for_the_memory_is_refused(store, files, monkeypatch):
    def greedy(path: Path, rate: int) -> np.ndarray:
        if path.name == "a.wav":
            raise MemoryError
        return decode(path, rate)

    monkeypatch.setattr(module, "decode", greedy)
    with pytest.raises(DataError, match=r"a\.wav: decoding it needs more memory"):
        store.prepare(files, 2)
    check(store, files[1:])


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
