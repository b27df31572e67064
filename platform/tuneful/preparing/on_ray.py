"""Decoding as tasks of a Ray cluster: the same shards, written by its nodes to storage that they share."""

import contextlib
import logging
import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from trainers.data.parallel import Files, batches
from trainers.data.sandbox import Sandbox
from trainers.data.shards import Decoded, write_shard
from trainers.data.store import Decode
from trainers.errors import DataError
from tuneful.errors import ResourceError
from tuneful.sweep.cluster import QUIET, local_cluster

LOCAL = "local"
TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
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
    _join(address)
    try:
        yield decode_on_ray
    finally:
        import ray

        ray.shutdown()


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

    _check_shared(folder, files)
    task = ray.remote(num_cpus=1)(_decode_part)
    cores = int(ray.cluster_resources().get("CPU", 1))
    waiting = [task.remote(folder, sample_rate, part, _umask()) for part in batches(files, cores)]
    try:
        while waiting:
            ended, waiting = ray.wait(waiting, timeout=POLL_S)
            for one in ended:
                yield from _got(one)
    finally:
        for one in waiting:
            ray.cancel(one, force=True)


def _join(address: str) -> None:
    if os.environ.get("RAY_AUTH_MODE") != "disabled":
        if not any(map(os.environ.get, TOKENS)) and not Path("~/.ray/auth_token").expanduser().is_file():
            raise ResourceError(
                f"--address {address}: joining a cluster needs its token, and {' and '.join(TOKENS)} are not set. "
                "Try: RAY_AUTH_TOKEN_PATH=FILE, or RAY_AUTH_MODE=disabled if the cluster has none"
            )
        os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.update(QUIET)
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ResourceError(f"--address {address}: no cluster can be joined there ({reason}). Try: HOST:PORT") from None


def _decode_part(folder: Path, sample_rate: int, part: Files, umask: int) -> list[Decoded]:
    """In a worker of the cluster: one shard."""
    os.umask(umask)  # a cluster of our own is started with one that keeps others out
    done: list[Decoded] = []
    with Sandbox() as sandbox:
        write_shard(folder, sample_rate, part, sandbox, done.append)
    return done


def _check_shared(folder: Path, files: Files) -> None:
    """Refuse a cluster with a node that sees other files at these paths, before it decodes into nowhere."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    marker = folder / f".{uuid.uuid4().hex}.shared"
    marker.touch()
    seen_here = [marker, *[path for _, path in files if path.exists()][:1]]
    try:
        task = ray.remote(num_cpus=0)(_unseen)
        for node in ray.nodes():
            if node["Alive"] and node["Resources"].get("CPU"):
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                _refuse_unseen(
                    node["NodeManagerAddress"], _got(task.options(scheduling_strategy=there).remote(seen_here))
                )
    finally:
        marker.unlink()


def _refuse_unseen(node: str, unseen: list[Path]) -> None:
    if unseen:
        raise DataError(
            f"{unseen[0].parent}: node {node} of the cluster doesn't see what lies there. TUNEFUL_HOME and the "
            "recordings must be on storage that all nodes share. Try: TUNEFUL_HOME=SHARED_FOLDER, or no --address"
        )


def _unseen(paths: list[Path]) -> list[Path]:
    """In a worker of the cluster."""
    return [path for path in paths if not path.exists()]


def _got(task: Any) -> Any:
    """A task's result; what it raised as if it had been called here."""
    import ray

    try:
        return ray.get(task)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise ResourceError(
            f"the cluster couldn't run a task ({reason}). Try: the same installation of tuneful on all nodes, and the "
            "same command again: what was decoded is kept"
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
