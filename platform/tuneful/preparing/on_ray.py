"""Decoding as tasks of a Ray cluster: the same shards, written by its nodes to storage that they share."""

import contextlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path

from trainers.data.parallel import Files, batches
from trainers.data.sandbox import Sandbox
from trainers.data.shards import Decoded, write_shard
from trainers.data.store import Decode
from tuneful.sweep.clusters.cluster import local_cluster
from tuneful.sweep.clusters.joining import check_shared, got, join, leave

LOCAL = "local"
POLL_S = 1.0


@contextlib.contextmanager
def on_cluster(address: str) -> Iterator[Decode]:
    """A way of decoding on all cores of the Ray cluster at `address`; `local` starts one on this machine.

    Raises:
        ResourceError: there is no such cluster, or no token for it.
    """
    if address == LOCAL:
        with local_cluster(dashboard=False):
            yield decode_on_ray
        return
    join(address)
    try:
        yield decode_on_ray
    finally:
        leave()


def decode_on_ray(folder: Path, sample_rate: int, files: Files) -> Generator[Decoded, None, None]:
    """Decode recordings in tasks of the cluster that this process has joined: a shard, a core and a sandbox each.

    Args:
        folder: of the shards; on storage that all nodes share, as the recordings are.
        sample_rate: Hz.
        files: the recordings.

    Raises:
        DataError: a node can't see the shards or the recordings.
        ResourceError: a node hasn't got this installation, or the cluster lost tasks and couldn't repeat them.
        RecordsError: the samples can't be written.
    """
    import ray

    check_shared([folder, *[path for _, path in files if path.exists()][:1]])
    task = ray.remote(num_cpus=1)(_decode_part)
    cores = int(ray.cluster_resources().get("CPU", 1))
    waiting = [task.remote(folder, sample_rate, part, _umask()) for part in batches(files, cores)]
    try:
        while waiting:
            ended, waiting = ray.wait(waiting, timeout=POLL_S)
            for one in ended:
                yield from got(one)
    finally:
        for one in waiting:
            ray.cancel(one, force=True)


def _decode_part(folder: Path, sample_rate: int, part: Files, umask: int) -> list[Decoded]:
    """In a worker of the cluster: one shard."""
    os.umask(umask)  # a cluster of our own is started with one that keeps others out
    done: list[Decoded] = []
    with Sandbox() as sandbox:
        write_shard(folder, sample_rate, part, sandbox, done.append)
    return done


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
