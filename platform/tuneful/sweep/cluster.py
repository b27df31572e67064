"""Ray, started safely: loopback only, a token of its own, a private folder.

Ray's ports unpickle what they get. By default 2.60 listens on all interfaces and writes its token for everyone to read.
"""

import contextlib
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tuneful.devices import count_gpus
from tuneful.errors import ResourceError

PREFIX = "tuneful-"
QUIET = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is the driver's own affair
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # Tune's state is never read back: the ledger is the record
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "10",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",  # Train polls its workers every 2 s by default
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

    cpus: float
    gpus: float
    dashboard: str | None
    """address, or None where it is off"""
    token_file: Path


@contextlib.contextmanager
def local_cluster(dashboard: bool) -> Iterator[Cluster]:
    """Start Ray on this machine for the time of the context, and leave nothing of it behind."""
    _remove_abandoned()
    # The pid says whose it is; the path is short because sockets' paths are limited to 107 characters.
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        token_file = _secure(folder)
        import ray

        _take_environment()

        for name in ("ray.tune", "ray.train"):  # what fails is said by the sweep itself; Ray's logs keep the rest
            logging.getLogger(name).setLevel(logging.CRITICAL)
        old_mask = os.umask(0o077)  # Ray's processes inherit it; trials take back the user's own
        try:
            context = ray.init(
                address="local",
                include_dashboard=dashboard,
                dashboard_host="127.0.0.1",
                dashboard_port=_free_port(),
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=str(folder / "ray"),  # Ray opens it to everyone; the folder around it is the user's own
                _node_ip_address="127.0.0.1",
            )
        finally:
            os.umask(old_mask)
        total = ray.cluster_resources()
        address = f"http://{context.dashboard_url}" if dashboard and context.dashboard_url else None
        yield Cluster(total.get("CPU", 0), total.get("GPU", 0), address, token_file)
    finally:
        _shut_down(folder)


def check_fit(resources: dict[str, Any], have_cpus: float | None = None, have_gpus: float | None = None) -> None:
    """Refuse a trial that there is no room for: Ray would wait for ever.

    Args:
        resources: what a trial asks for.
        have_cpus: CPUs that Ray has; None, before it is started: those of this machine. In a container Ray has fewer.
        have_gpus: the same of GPUs.

    Raises:
        ResourceError: says what is asked for, and what there is.
    """
    workers, cpus, gpus = (resources[name] for name in ("workers", "cpus_per_worker", "gpus_per_worker"))
    have_cpus = have_cpus or os.cpu_count() or 1
    if workers * cpus > have_cpus:
        fitting = int(have_cpus // cpus)
        smaller = f"workers: {fitting}" if fitting else f"workers: 1, cpus_per_worker: {have_cpus:g}"
        raise ResourceError(
            f"resources: a trial of {workers} workers with {cpus:g} CPUs each needs {workers * cpus:g} CPUs, there "
            f"are {have_cpus:g}. Try: resources: {{{smaller}}}"
        )
    have_gpus = count_gpus() if have_gpus is None else have_gpus
    if workers * gpus > have_gpus:
        fitting, alone = int(have_gpus // gpus), "workers: 1, " if have_gpus else ""
        smaller = f"workers: {fitting}" if fitting else f"{alone}gpus_per_worker: {have_gpus:g}"
        raise ResourceError(
            f"resources: a trial of {workers} workers with {gpus:g} GPUs each needs {workers * gpus:g} GPUs, there "
            f"are {have_gpus:g}. Try: resources: {{{smaller}}}"
        )


def slots(cluster: Cluster, resources: dict[str, Any]) -> int:
    """How many trials run at once."""
    workers, cpus, gpus = (resources[name] for name in ("workers", "cpus_per_worker", "gpus_per_worker"))
    by_cpu = int(cluster.cpus // (workers * cpus))
    return max(1, min(by_cpu, int(cluster.gpus // (workers * gpus))) if gpus else by_cpu)


def _secure(folder: Path) -> Path:
    """The environment that Ray and its processes start in; must be set before Ray is imported."""
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(secrets.token_hex(32))
    os.environ.update(QUIET)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(token_file)
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # on Linux: listen on loopback only
    return token_file


def _take_environment() -> None:
    """Let a Ray that was imported earlier (a notebook, a second cluster) see the environment of now.

    Ray reads it once, at its import; these are the internals that its own tests use. Pinned by Ray's version.
    """
    from ray._private import ray_constants
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # a compiled module

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
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
