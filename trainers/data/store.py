"""The store of decoded samples: flat int16 shards with their offsets in Arrow, memory-mapped, shared by all runs.

store/16000/shard-<id>.i16        samples of many recordings, one after the other
store/16000/shard-<id>.arrow      key, offset, length of each; written last, so a shard without it doesn't count
"""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from analysis.records.files import write_atomically
from trainers.data.decode import DECODER_VERSION, decode
from trainers.errors import DataError
from trainers.home import home

FILES_PER_SHARD = 128
"""A killed preparation loses at most what its workers were writing: a shard each."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Location:
    """Where a recording's samples lie."""

    shard: Path
    offset: int
    length: int


class Store:
    """Decoded recordings at one sample rate (Hz)."""

    def __init__(self, sample_rate: int, folder: Path | None = None) -> None:
        self.sample_rate = sample_rate
        self.folder = (folder or home() / "store") / str(sample_rate)

    def prepare(self, files: Sequence[tuple[str, Path]], workers: int, progress: Progress | None = None) -> None:
        """Decode what isn't there yet, in parallel; what was decoded stays, whatever happens to the rest.

        Args:
            files: (content hash, path) of each recording.
            workers: processes that decode.
            progress: called with (files done, files in all).

        Raises:
            DataError: recordings that can't be decoded, all of them with their reasons.
        """
        index = self._index()
        missing = {content: path for content, path in files if self._key(content) not in index}
        if not missing:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()
        refused: list[str] = []
        done = 0
        for count, reasons in self._decode_all(list(missing.items()), workers):
            done += count
            refused += reasons
            if progress is not None:
                progress(done, len(missing))
        if refused:
            raise DataError(refusal(refused))

    def open(self, contents: Sequence[str]) -> list[np.ndarray]:
        """The samples of recordings by content hash: read-only (samples,) int16 views into memory maps.

        Raises:
            DataError: a recording was never prepared.
        """
        index = self._index()
        try:
            places = [index[self._key(content)] for content in contents]
        except KeyError as error:
            raise DataError(f"{self.folder}: no samples for {error}. Try: platform data prepare") from None
        return [_mapped(place.shard)[place.offset : place.offset + place.length] for place in places]

    def _key(self, content: str) -> str:
        return f"{content}.{DECODER_VERSION}"

    def _index(self) -> dict[str, Location]:
        index: dict[str, Location] = {}
        for path in sorted(self.folder.glob("shard-*.arrow")):
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
            shard = path.with_suffix(".i16")
            for row in table.to_pylist():
                index[row["key"]] = Location(shard, row["offset"], row["length"])
        return index

    def _decode_all(self, files: list[tuple[str, Path]], workers: int) -> Iterator[tuple[int, list[str]]]:
        size = max(1, min(FILES_PER_SHARD, len(files) // (4 * workers)))
        batches = [files[start : start + size] for start in range(0, len(files), size)]
        lost: list[tuple[str, Path]] = []
        with _executor(min(workers, len(batches))) as pool:
            jobs = {pool.submit(_write_shard, self.folder, self.sample_rate, batch): batch for batch in batches}
            for job in as_completed(jobs):
                try:
                    yield job.result()
                except BrokenProcessPool:  # a decoder was killed, and with it all that was waiting
                    lost += jobs[job]
        if len(lost) == 1:
            yield 1, [f"{lost[0][1]}: decoding it was killed: out of memory, or libsndfile crashed on it"]
        elif lost:
            middle = len(lost) // 2
            yield from self._decode_all(lost[:middle], workers)
            yield from self._decode_all(lost[middle:], workers)

    def _remove_abandoned(self) -> None:
        """Shards whose writer was killed: their samples have no offsets, and the writer's process is gone."""
        for path in self.folder.glob("shard-*.i16"):
            pid = int(path.stem.split("-")[1])
            if not path.with_suffix(".arrow").exists() and not Path(f"/proc/{pid}").exists():
                path.unlink(missing_ok=True)


def content_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refusal(reasons: Sequence[str], most: int = 5) -> str:
    """Refused recordings as one message: the first few with their reasons, and how many more."""
    more = f"\n  and {len(reasons) - most} more" if len(reasons) > most else ""
    lines = "".join(f"\n  {reason}" for reason in sorted(reasons)[:most])
    what = "1 recording is refused" if len(reasons) == 1 else f"{len(reasons)} recordings are refused"
    return f"{what}:{lines}{more}\n  Try: mend or remove them, or add the data again with --skip-refused"


def _executor(workers: int) -> Executor:
    # spawn: a fork of a process with threads (torch, Ray) can hang
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def _write_shard(folder: Path, sample_rate: int, files: Sequence[tuple[str, Path]]) -> tuple[int, list[str]]:
    """Decode files into one shard; returns how many were tried and the reasons of those refused."""
    stem = f"shard-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    rows, refused, offset = [], [], 0
    with (folder / f"{stem}.i16").open("wb") as shard:
        for content, path in files:
            try:
                samples = decode(path, sample_rate)
            except DataError as error:
                refused.append(str(error))
                continue
            except MemoryError:
                refused.append(f"{path}: decoding it needs more memory than there is")
                continue
            shard.write(samples.tobytes())
            rows.append({"key": f"{content}.{DECODER_VERSION}", "offset": offset, "length": len(samples)})
            offset += len(samples)
        shard.flush()
        os.fsync(shard.fileno())
    _write_offsets(folder / f"{stem}.arrow", rows)
    return len(files), refused


def _write_offsets(path: Path, rows: list[dict[str, object]]) -> None:
    schema = pa.schema([("key", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    write_atomically(path, sink.getvalue().to_pybytes())


@cache
def _mapped(shard: Path) -> np.ndarray:
    """One map per shard and process, however many runs read it."""
    if shard.stat().st_size == 0:
        return np.zeros(0, np.int16)
    # Slicing the subclass np.memmap costs ten times as much as slicing a plain view of the same map.
    return np.memmap(shard, dtype="<i2", mode="r").view(np.ndarray)
