"""Ray, started safely: loopback only, a token of its own, a private folder.

Ray's ports unpickle what they get. By default 2.60 listens on all interfaces and writes its token for everyone to read.
"""

import contextlib
import logging
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tuneful.errors import ResourceError
from tuneful.sweep.clusters.room import Node

PREFIX = "tuneful-"
HEAD = "node:__internal_head__"
"""A resource that only Ray's head node has: what asks for a little of it runs there, and takes no CPU."""
QUIET = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is the driver's own affair
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # Tune's state is never read back: the ledger is the record
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "10",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",  # Train polls its workers every 2 s by default
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": str(7 * 86400),  # else a full cluster fails trials after 60 s
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_DEDUP_LOGS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the coming default; without it Ray warns
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths keep their meaning in the workers
}


@dataclass(frozen=True)
class Cluster:
    """A running Ray cluster."""

    nodes: tuple[Node, ...]
    dashboard: str | None
    """address, or None where it is off"""
    folder: Path
    """for Ray's own files, which go when the cluster is left; all nodes see it"""
    token_file: Path

    @property
    def cpus(self) -> float:
        """Of all nodes."""
        return sum(node.cpus for node in self.nodes)

    @property
    def gpus(self) -> float:
        """Of all nodes."""
        return sum(node.gpus for node in self.nodes)


@contextlib.contextmanager
def local_cluster(dashboard: bool) -> Iterator[Cluster]:
    """Start Ray on this machine for the time of the context, and leave nothing of it behind."""
    _remove_abandoned()
    # The pid says whose it is; the path is short because sockets' paths are limited to 107 characters.
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        token_file = _secure(folder)
        take_environment()
        for name in ("ray.tune", "ray.train"):  # what fails is said by the sweep itself; Ray's logs keep the rest
            logging.getLogger(name).setLevel(logging.CRITICAL)
        context = _start(folder, dashboard)
        address = f"http://{context.dashboard_url}" if dashboard and context.dashboard_url else None
        yield Cluster(nodes_of_cluster(), address, folder, token_file)
    finally:
        _shut_down(folder)


def _start(folder: Path, dashboard: bool) -> Any:
    """Start Ray's processes.

    Raises:
        ResourceError: they did not come up; on a busy machine Ray gives up after 30 s.
    """
    import ray

    old_mask = os.umask(0o077)  # Ray's processes inherit it; trials take back the user's own
    try:
        return ray.init(
            address="local",
            include_dashboard=dashboard,
            dashboard_host="127.0.0.1",
            dashboard_port=_free_port(),
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=str(folder / "ray"),  # Ray opens it to everyone; the folder around it is the user's own
            _node_ip_address="127.0.0.1",
        )
    except Exception as error:  # Ray raises bare Exceptions here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ResourceError(
            f"Ray did not start on this machine ({reason}). Try: the same command again, or platform doctor"
        ) from error
    finally:
        os.umask(old_mask)


def nodes_of_cluster() -> tuple[Node, ...]:
    """The machines of the cluster that this process is connected to."""
    import ray

    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return tuple(Node(has.get("CPU", 0), has.get("GPU", 0)) for has in alive)


def _secure(folder: Path) -> Path:
    """The environment that Ray and its processes start in; must be set before Ray is imported."""
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(secrets.token_hex(32))
    os.environ.update(QUIET)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(token_file)
    stay_on_loopback()
    return token_file


def take_environment() -> None:
    """Let a Ray that was imported earlier (a notebook, a second cluster) see the environment of now.

    Ray reads it once, at its import; these are the internals that its own tests use. Pinned by Ray's version.
    """
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # a compiled module

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def stay_on_loopback() -> None:
    """Keep Ray on 127.0.0.1, which it otherwise takes for this machine's outer address; also one imported before."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # the name is of other systems, it works on Linux
    if "ray" in sys.modules:
        from ray._private import ray_constants

        ray_constants.ENABLE_RAY_CLUSTER = False


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remove_abandoned() -> None:
    """Folders of clusters whose process was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        with contextlib.suppress(FileNotFoundError):  # another sweep that starts just now removes it, too
            if pid.isdigit() and folder.stat().st_uid == os.getuid() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _shut_down(folder: Path) -> None:
    import ray

    children = psutil.Process().children(recursive=True)
    ray.shutdown()
    for process in psutil.wait_procs([c for c in children if _of_ray(c, folder)], timeout=5)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _of_ray(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline()) or process.name().startswith("ray::")
    except psutil.Error:
        return False
