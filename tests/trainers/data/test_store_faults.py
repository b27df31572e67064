"""Preparing in child processes: one bad recording costs itself, a kill or Ctrl-C what was under way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from trainers.data import parallel, shards
from trainers.data.decode import decode, decode_into
from trainers.data.sandbox import Sandbox
from trainers.data.store import Store, content_hash, local
from trainers.errors import DataError

RATE = 8000
Files = list[tuple[str, Path]]
KILLED = """
import os, signal, sys
from pathlib import Path
import psutil
from trainers.data import parallel
from trainers.data.store import Store, content_hash, local
parallel.FILES_PER_SHARD = 4
files = [(content_hash(path), path) for path in sorted(Path(sys.argv[1]).glob("*.wav"))]
store = Store(8000, Path(sys.argv[2]))
for number, one in enumerate(store.decode(files, local(1))):
    if number == 9:
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def files(audio: Callable[..., Path]) -> Files:
    paths = [audio(f"{number:02}.wav", seconds=0.05 + number / 1000) for number in range(24)]
    return [(content_hash(path), path) for path in paths]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(RATE, tmp_path / "store")


def check(store: Store, files: Files) -> None:
    """What is in the store is what decodes, and nothing unfinished lies about."""
    missing = store.missing(files)
    there = [one for one in files if one not in missing]
    for samples, (_, path) in zip(store.open([content for content, _ in there]), there, strict=True):
        np.testing.assert_array_equal(samples, decode(path, RATE))
    assert {path.stem for path in store.folder.glob("*.i16")} == {path.stem for path in store.folder.glob("*.arrow")}


def crash(path: Path, rate: int, shard: Path, offset: int) -> int:
    """A decoder that dies of some files, in ways that files make decoders die, after it has written a part."""
    deaths = {"03": signal.SIGSEGV, "11": signal.SIGKILL, "12": signal.SIGABRT}
    written = decode_into(path, rate, shard, offset)
    if path.stem in deaths:
        os.kill(os.getpid(), deaths[path.stem])
    if path.stem == "17":
        time.sleep(60)
    if path.stem == "20":
        bytearray(2**30)
    return written


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Decoding in a sandbox with `crash`, which the child must be able to import."""
    module = tmp_path / "fragile.py"
    source = Path(__file__).read_text()
    body = source[source.index("def crash(") : source.index("@pytest.fixture\ndef fragile")]
    imports = "import os, signal, time\nfrom pathlib import Path\nfrom trainers.data.decode import decode_into\n"
    module.write_text(imports + body)
    monkeypatch.syspath_prepend(tmp_path)
    import fragile  # type: ignore[import-not-found]

    monkeypatch.setattr(shards, "decode_into", fragile.crash)
    monkeypatch.setattr(parallel, "Sandbox", lambda: Sandbox(time_limit_s=2))


def test_a_crash_a_hang_and_a_glutton_cost_their_own_file_alone(store, files, fragile):
    with pytest.raises(DataError, match="5 recordings are refused") as refused:
        store.prepare(files, 2)
    said = str(refused.value)
    assert "03.wav: decoding it crashed (SIGSEGV)" in said
    assert "11.wav: decoding it was killed: out of memory, or by hand" in said
    assert "12.wav: decoding it crashed (SIGABRT)" in said
    assert "17.wav: decoding it took longer than 2 s" in said
    assert "20.wav: decoding it takes more memory than it may" in said
    missing = store.missing(files)
    assert [path.stem for _, path in missing] == ["03", "11", "12", "17", "20"]
    check(store, files)


def test_stopping_keeps_what_was_decoded_and_ends_the_children(store, files):
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.prepare(files, 1, interrupt)
    assert len(store.missing(files)) <= len(files) - 5
    check(store, files)
    assert not [child for child in psutil.Process().children() if "sandbox" in " ".join(child.cmdline())]


def test_a_kill_costs_at_most_a_shard_and_the_next_call_does_the_rest(store, files, tmp_path):
    folder = files[0][1].parent
    command = [sys.executable, "-c", KILLED, str(folder), str(store.folder.parent)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (child,) = map(int, killed.stdout.split())
    patience = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < patience, "the child outlives its parent"
        time.sleep(0.02)
    left = store.missing(files)
    assert len(left) <= len(files) - 8  # ten were told of: two whole shards of four, and a part of the third
    assert len(list(store.decode(left, local(1)))) == len(left)
    assert not store.missing(files)
    check(store, files)
