"""Decoding on all cores of this machine: a thread for each worker, and its sandbox."""

import queue
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from trainers.data.sandbox import Sandbox
from trainers.data.shards import Decoded, write_shard

FILES_PER_SHARD = 128
"""What a kill -9 costs at most: a shard of each worker. Ctrl-C costs the recordings that are being decoded."""
TICK_S = 0.1
"""How often results are looked for."""

Files = Sequence[tuple[str, Path]]
"""(content hash, path) of each recording"""


def decode_here(folder: Path, sample_rate: int, files: Files, workers: int) -> Generator[Decoded, None, None]:
    """Decode recordings into the shards of a folder; yields each when it is done, in any order.

    Closing the iterator, as an exception in its loop does, ends the workers at once and keeps what was decoded.

    Args:
        folder: exists.
        sample_rate: Hz.
        files: the recordings.
        workers: child processes that decode.

    Raises:
        RecordsError: the samples can't be written.
    """
    parts = batches(files, workers)
    sandboxes = [Sandbox() for _ in parts[:workers]]
    done: queue.SimpleQueue[Decoded] = queue.SimpleQueue()
    idle: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    for sandbox in sandboxes:
        idle.put(sandbox)

    def work(part: Files) -> None:
        sandbox = idle.get()
        try:
            write_shard(folder, sample_rate, part, sandbox, done.put)
        finally:
            idle.put(sandbox)

    with ThreadPoolExecutor(max(1, len(sandboxes)), thread_name_prefix="decoding") as pool:
        waiting = {pool.submit(work, part) for part in parts}
        try:
            while waiting:
                ended, waiting = wait(waiting, TICK_S, FIRST_EXCEPTION)
                while not done.empty():
                    yield done.get()
                for job in ended:
                    job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for sandbox in sandboxes:
                sandbox.stop()


def batches(files: Files, workers: int) -> list[Files]:
    """The recordings of each shard: so many that all workers are busy to the end, but no more than a shard may hold."""
    size = max(1, min(FILES_PER_SHARD, len(files) // (4 * workers)))
    return [files[start : start + size] for start in range(0, len(files), size)]
