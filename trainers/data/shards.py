"""Shards: flat int16 samples of many recordings, and beside them an Arrow file of their keys, offsets and lengths.

shard-<host>-<pid>-<id>.i16        samples, one recording after the other
shard-<host>-<pid>-<id>.arrow      key, offset, length of each; written last, so a shard without it doesn't count
"""

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from analysis.errors import RecordsError
from analysis.records.files import write_atomically
from trainers.data.decode import DECODER_VERSION, decode_into
from trainers.data.sandbox import Sandbox, SandboxError, StoppedError
from trainers.errors import DataError

ABANDONED_S = 24 * 3600
"""A shard of another machine that nobody wrote to for so long will not be finished."""
OFFSETS = pa.schema([("key", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])


@dataclass(frozen=True)
class Location:
    """Where a recording's samples lie."""

    shard: Path
    offset: int
    length: int


@dataclass(frozen=True)
class Decoded:
    """What became of a recording."""

    path: Path
    duration_s: float
    """of what was decoded; 0 where it is refused"""
    reason: str | None = None
    """why it is refused, with its path"""


def key_of(content: str) -> str:
    """What a recording's samples are found by: its content hash and the decoder's version."""
    return f"{content}.{DECODER_VERSION}"


def write_shard(
    folder: Path,
    sample_rate: int,
    files: Sequence[tuple[str, Path]],
    sandbox: Sandbox,
    done: Callable[[Decoded], object],
) -> None:
    """Decode recordings into one shard, each kept or refused by itself; what was decoded counts, whatever ends this.

    Args:
        folder: of the shards; exists.
        sample_rate: Hz.
        files: (content hash, path) of each recording.
        sandbox: where they are decoded; stopping it ends this at once.
        done: told of every recording.

    Raises:
        RecordsError: the shard can't be written.
    """
    shard = folder / f"shard-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}.i16"
    rows: list[dict[str, object]] = []
    end = 0
    shard.touch()
    try:
        for content, path in files:
            outcome = _decode_one(sandbox, path, sample_rate, shard, end)
            if isinstance(outcome, str):
                done(Decoded(path, 0.0, outcome))
                continue
            rows.append({"key": key_of(content), "offset": end, "length": outcome})
            end += outcome
            done(Decoded(path, outcome / sample_rate))
    except StoppedError:
        return
    except OSError as error:
        raise _unwritable(shard, error) from error
    finally:
        _publish(shard, rows, end)


def read_offsets(folder: Path) -> dict[str, Location]:
    """Where every recording of the shards in a folder lies, by key."""
    found: dict[str, Location] = {}
    for path in sorted(folder.glob("shard-*.arrow")):
        table = pa.ipc.open_file(pa.py_buffer(path.read_bytes())).read_all()
        shard = path.with_suffix(".i16")
        columns = (table[name].to_pylist() for name in OFFSETS.names)
        found |= {key: Location(shard, offset, length) for key, offset, length in zip(*columns, strict=True)}
    return found


def remove_abandoned(folder: Path) -> None:
    """Remove shards whose writer was killed: they have no offsets, and nobody is writing to them."""
    for shard in folder.glob("shard-*.i16"):
        if not shard.with_suffix(".arrow").exists() and not _being_written(shard):
            shard.unlink(missing_ok=True)


@cache
def mapped(shard: Path) -> np.ndarray:
    """A shard's samples: (samples,) int16, read-only. One map, and one open file, per shard and process."""
    if shard.stat().st_size == 0:
        return np.zeros(0, np.int16)
    # Slicing the subclass np.memmap costs ten times as much as slicing a plain view of the same map.
    return np.memmap(shard, dtype="<i2", mode="r").view(np.ndarray)


def _decode_one(sandbox: Sandbox, path: Path, sample_rate: int, shard: Path, end: int) -> int | str:
    """How many samples were written; or the reason why none were."""
    try:
        return sandbox.call(decode_into, path, sample_rate, shard, end)
    except DataError as error:
        return str(error)
    except MemoryError:
        return f"{path}: decoding it takes more memory than it may"
    except SandboxError as error:
        return f"{path}: decoding it {error}"


def _publish(shard: Path, rows: list[dict[str, object]], end: int) -> None:
    if not rows:
        shard.unlink(missing_ok=True)
        return
    with shard.open("r+b") as file:
        file.truncate(2 * end)  # drops what was begun and refused
        os.fsync(file.fileno())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, OFFSETS) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=OFFSETS))
    write_atomically(shard.with_suffix(".arrow"), sink.getvalue().to_pybytes())


def _being_written(shard: Path) -> bool:
    """Whether the writer may be alive: a process of this machine, or one of another machine that wrote lately."""
    host, pid, _ = shard.stem.removeprefix("shard-").rsplit("-", 2)
    if host == socket.gethostname():
        return Path(f"/proc/{pid}").exists()
    try:
        return time.time() - shard.stat().st_mtime < ABANDONED_S
    except FileNotFoundError:  # published or removed just now
        return True


def _unwritable(shard: Path, error: OSError) -> RecordsError:
    reason = error.strerror or str(error)
    return RecordsError(f"{shard}: can't be written ({reason}). Try: free some space, then the same command again")
