"""Whether Ray can start here. Nothing of Ray is imported but for a real start."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tuneful.doctor.finding import Finding, Place, ok, problem, warning

SESSION = "ray/session_2000-01-01_00-00-00_000000_0000000/sockets/plasma_store"
"""The longest path of a socket below a cluster's folder"""
SOCKET_PATH = 107
"""Characters that Linux leaves for the path of a socket"""
FULL_PERCENT = 95
"""From here on Ray says the disk is full, and refuses tasks."""


def ray_can_start(place: Place) -> Iterator[Finding]:
    """A port on loopback, sockets' paths that are short enough, room, and folders of clusters that were killed."""
    yield _loopback()
    yield _socket_paths(place.temporary)
    used = psutil.disk_usage(str(place.temporary)).percent
    if used >= FULL_PERCENT:
        yield problem("room", f"{place.temporary} is {used:.0f} % full, Ray stops at {FULL_PERCENT} %", "free some")
    if left := abandoned(place.temporary):
        evidence = f"{len(left)} folders of clusters that were killed, such as {left[0]}"
        yield warning("left over", evidence, "the next sweep removes them")


def cluster_starts(place: Place) -> Iterator[Finding]:
    """Start Ray as a sweep does, on loopback with a token, and stop it again."""
    del place
    from tuneful.sweep.clusters.cluster import local_cluster

    began = time.monotonic()
    with local_cluster(dashboard=False) as cluster:
        started = time.monotonic() - began
        resources = f"{cluster.cpus:g} CPUs and {cluster.gpus:g} GPUs"
    stopped = time.monotonic() - began - started
    yield ok("cluster", f"started in {started:.1f} s with {resources}, stopped in {stopped:.1f} s")


def abandoned(temporary: Path) -> list[Path]:
    """Folders of our clusters whose process is gone."""
    from tuneful.sweep.clusters.cluster import PREFIX

    found = []
    for folder in sorted(temporary.glob(f"{PREFIX}*-*")):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            found.append(folder)
    return found


def _loopback() -> Finding:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
            with socket.create_connection(probe.getsockname(), timeout=2):
                return ok("loopback", "a port on 127.0.0.1 can be opened and reached")
    except OSError as error:
        return problem("loopback", f"127.0.0.1 can't be used ({error.strerror or error})", "allow local connections")


def _socket_paths(temporary: Path) -> Finding:
    from tuneful.sweep.clusters.cluster import PREFIX

    length = len(str(temporary / f"{PREFIX}{os.getpid()}-01234567" / SESSION))
    evidence = f"sockets below {temporary} have paths of {length} of {SOCKET_PATH} characters"
    if length > SOCKET_PATH:
        return problem("socket paths", evidence, "export TMPDIR=/tmp, or another short path")
    return ok("socket paths", evidence)
