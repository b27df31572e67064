"""The store of decoded samples: shards of flat int16 (`trainers.data.shards`), memory-mapped, shared by all runs.

store/16000/shard-...        of recordings at 16,000 Hz

What preparing holds in memory doesn't grow with the length of recordings: a worker is a child process with one block
of one file. This process has the list of files and their places in the shards, about 1 kB a recording. Open at once
are a connection for each worker, and later one file for each shard that was opened: 128 recordings.
"""

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from trainers.data.parallel import Files, decode_here
from trainers.data.shards import Decoded, key_of, mapped, read_offsets, remove_abandoned
from trainers.errors import DataError
from trainers.home import home

SKIP = "mend or remove them, or add the data again with --skip-refused"
DELETE = "mend them and add the data again; or delete them and add it again with --skip-refused"
"""Adding looks at headers and ends only, and would take again what decoding refuses."""

Progress = Callable[[int, int], None]
Decode = Callable[[Path, int, Files], Generator[Decoded, None, None]]
"""(folder of the shards, Hz, recordings) -> each of them when it is done"""


class Store:
    """Decoded recordings at one sample rate (Hz)."""

    def __init__(self, sample_rate: int, folder: Path | None = None) -> None:
        self.sample_rate = sample_rate
        self.folder = (folder or home() / "store") / str(sample_rate)

    def prepare(self, files: Files, workers: int, progress: Progress | None = None) -> None:
        """Decode what isn't there yet, in parallel; what was decoded stays, whatever happens to the rest.

        Args:
            files: the recordings.
            workers: processes that decode.
            progress: called with (files done, files in all).

        Raises:
            DataError: recordings that can't be decoded, all of them with their reasons.
            RecordsError: the samples can't be written.
        """
        missing = self.missing(files)
        reasons = []
        with closing(self.decode(missing, local(workers))) as results:
            for done, one in enumerate(results, start=1):
                if one.reason:
                    reasons.append(one.reason)
                if progress is not None:
                    progress(done, len(missing))
        if reasons:
            raise DataError(refusal(reasons, fix=DELETE))

    def missing(self, files: Files) -> Files:
        """The recordings that aren't in the store, each content once."""
        there = read_offsets(self.folder)
        return list({content: path for content, path in files if key_of(content) not in there}.items())

    def decode(self, files: Files, decode: Decode) -> Generator[Decoded, None, None]:
        """Decode recordings into new shards; yields each when it is done, in any order.

        Closing the iterator, as an exception in its loop does, stops at once and keeps what was decoded.

        Raises:
            RecordsError: the samples can't be written.
        """
        if not files:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.folder)
        yield from decode(self.folder, self.sample_rate, files)

    def open(self, contents: Sequence[str]) -> list[np.ndarray]:
        """The samples of recordings by content hash: read-only (samples,) int16 views into memory maps.

        Raises:
            DataError: a recording was never prepared.
        """
        there = read_offsets(self.folder)
        try:
            places = [there[key_of(content)] for content in contents]
        except KeyError as error:
            raise DataError(f"{self.folder}: no samples for {error}. Try: platform data prepare") from None
        return [mapped(place.shard)[place.offset : place.offset + place.length] for place in places]


def local(workers: int) -> Decode:
    """Decoding on `workers` cores of this machine."""
    return lambda folder, sample_rate, files: decode_here(folder, sample_rate, files, workers)


def content_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refusal(reasons: Sequence[str], most: int = 5, fix: str = SKIP) -> str:
    """Refused recordings as one message: the first few with their reasons, how many more, and what to do."""
    more = f"\n  and {len(reasons) - most} more" if len(reasons) > most else ""
    lines = "".join(f"\n  {reason}" for reason in sorted(reasons)[:most])
    what = "1 recording is refused" if len(reasons) == 1 else f"{len(reasons)} recordings are refused"
    return f"{what}:{lines}{more}\n  Try: {fix}"
