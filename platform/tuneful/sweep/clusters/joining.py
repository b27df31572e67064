"""A cluster that somebody else has started: joined by its address and its token, and left as it was."""

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainers.errors import DataError
from tuneful.errors import ResourceError
from tuneful.sweep.clusters.cluster import HEAD, QUIET, Cluster, nodes_of_cluster, stay_on_loopback, take_environment

TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
KNOCK = "import json, sys, ray; ray.init(**json.loads(sys.argv[1]))"
PATIENCE_S = 60.0
DISPOSABLE = ".ray-"
LOOPBACK = ("127.0.0.1", "localhost")
PASSED_ON = ("TUNEFUL_HOME", "OMP_NUM_THREADS")
"""What the workers must know, which were started without it. No secrets: Ray shows these to whoever asks."""


@contextlib.contextmanager
def joined_cluster(address: str, shared: Path, head_works: bool = False) -> Iterator[Cluster]:
    """Join the Ray cluster at `address` for the time of the context.

    Args:
        address: `HOST:PORT` of its head.
        shared: a folder that all nodes see, and whose lock this process holds; Ray's disposable files go to a folder
            in it, and are removed, those of killed processes too.
        head_works: whether the head runs our code even if it has no CPUs, as it does for trials of several workers.

    Raises:
        ResourceError: there is no such cluster, no token for it, or a node without this installation.
        DataError: a node that sees other files at the same paths.
    """
    join(address)
    _remove_abandoned(shared)
    folder = shared / f"{DISPOSABLE}{uuid.uuid4().hex[:8]}"
    try:
        import ray

        folder.mkdir(parents=True)
        check_shared([folder, Path(os.environ.get("TUNEFUL_HOME", folder))], head_works)
        dashboard = ray.get_runtime_context().worker.node.webui_url
        token = os.environ.get("RAY_AUTH_TOKEN_PATH", "~/.ray/auth_token")
        yield Cluster(
            nodes_of_cluster(), f"http://{dashboard}" if dashboard else None, folder, Path(token).expanduser()
        )
    finally:
        leave()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(shared: Path) -> None:
    """What Ray kept for processes that were killed."""
    for folder in shared.glob(f"{DISPOSABLE}*"):
        shutil.rmtree(folder, ignore_errors=True)


def join(address: str) -> None:
    """Connect this process to a running cluster.

    Raises:
        ResourceError: there is none, or no token for it.
    """
    if os.environ.get("RAY_AUTH_MODE") != "disabled":
        if not any(map(os.environ.get, TOKENS)) and not Path("~/.ray/auth_token").expanduser().is_file():
            raise ResourceError(
                f"--address {address}: joining a cluster needs its token, and {' and '.join(TOKENS)} are not set. "
                "Try: RAY_AUTH_TOKEN_PATH=FILE, or RAY_AUTH_MODE=disabled if the cluster has none"
            )
        os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.update(QUIET)
    if address.rpartition(":")[0] in LOOPBACK:
        stay_on_loopback()
    options = {"address": address, "log_to_driver": False, "logging_level": logging.CRITICAL}
    _knock(address, options)
    import ray

    take_environment()
    known = {**QUIET, **{name: os.environ[name] for name in PASSED_ON if name in os.environ}}
    try:
        ray.init(**options, runtime_env={"env_vars": known})
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ResourceError(f"--address {address}: no cluster can be joined there ({reason}). Try: HOST:PORT") from None


def _knock(address: str, options: Mapping[str, Any]) -> None:
    """Join in a process of its own first: with a wrong token, or at a wrong address, Ray tries for many minutes."""
    try:
        command = [sys.executable, "-c", KNOCK, json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise ResourceError(
            f"--address {address}: no Ray cluster lets us in within {PATIENCE_S:.0f} s: a wrong address or token. "
            "Try: HOST:PORT of its head, and RAY_AUTH_TOKEN_PATH=FILE with its token"
        ) from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ResourceError(f"--address {address}: no cluster can be joined there ({reason}). Try: HOST:PORT")


def leave() -> None:
    """Let go of the cluster, which goes on."""
    import ray

    ray.shutdown()


def check_shared(paths: Sequence[Path], head_works: bool = False) -> None:
    """Refuse a cluster with a node that sees other files at these paths, before anything is written into nowhere.

    Args:
        paths: files, or folders in which a file is made for the time of the check; what isn't there here is left out.
        head_works: whether the head counts even without CPUs.

    Raises:
        DataError: a node doesn't see one of them.
        ResourceError: a node can't run our code.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    markers = [path / f".{uuid.uuid4().hex}.shared" for path in paths if path.is_dir()]
    try:
        for marker in markers:
            marker.touch()
        seen_here = [*markers, *(path for path in paths if path.is_file())]
        task = ray.remote(num_cpus=0)(unseen)
        for node in working_nodes(ray.nodes(), head_works):
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            _refuse(node["NodeManagerAddress"], got(task.options(scheduling_strategy=there).remote(seen_here)))
    finally:
        for marker in markers:
            marker.unlink(missing_ok=True)


def working_nodes(nodes: Sequence[Mapping[str, Any]], head_works: bool) -> list[Mapping[str, Any]]:
    """Those of Ray's nodes that may get our tasks; a head that was started without CPUs gets none by itself."""
    kinds = ("CPU", HEAD) if head_works else ("CPU",)
    return [node for node in nodes if node["Alive"] and any(node["Resources"].get(kind) for kind in kinds)]


def _refuse(node: str, missing: Sequence[Path]) -> None:
    if missing:
        raise DataError(
            f"{missing[0].parent}: node {node} of the cluster doesn't see what lies there. Results, TUNEFUL_HOME and "
            "recordings must be on storage that all nodes share. Try: TUNEFUL_HOME=SHARED_FOLDER, or no --address"
        )


def unseen(paths: Sequence[Path]) -> list[Path]:
    """In a worker of the cluster: the paths that aren't there."""
    return [path for path in paths if not path.exists()]


def got(task: Any) -> Any:
    """A task's result; what it raised as if it had been called here.

    Raises:
        ResourceError: the cluster couldn't run it.
    """
    import ray

    try:
        return ray.get(task)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise ResourceError(
            f"the cluster couldn't run a task ({reason}). Try: the same installation of tuneful on all nodes, and the "
            "same command again: what was done is kept"
        ) from None
