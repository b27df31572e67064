"""CPUs and memory, as this process may use them."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from tuneful.doctor.finding import GIB, Finding, Place, ok, warning

CGROUP = Path("/sys/fs/cgroup")
SHARED = Path("/dev/shm")
FEW_GIB = 2.0
LITTLE_SHARED_GIB = 0.25


def cpus(place: Place) -> Iterator[Finding]:
    """Cores, and how many of them a container or an affinity leaves."""
    del place
    there, ours = os.cpu_count() or 1, len(os.sched_getaffinity(0))
    quota = cpu_quota(_text(CGROUP / "cpu.max"))
    limit = min(ours, quota or ours)
    if limit < there:
        why = f"a quota of {quota:g} CPUs" if quota and quota < ours else f"an affinity of {ours} CPUs"
        evidence = f"{there} cores, {why}: what decodes and renders starts {there} processes"
        yield warning("CPUs", evidence, "resources.cpus_per_worker within the limit, or a larger limit")
    else:
        yield ok("CPUs", f"{there} cores")


def memory(place: Place) -> Iterator[Finding]:
    """Memory that is free, the container's limit, and the shared memory that Ray's object store takes."""
    del place
    found = psutil.virtual_memory()
    total, free = found.total / GIB, found.available / GIB
    limit = memory_limit(_text(CGROUP / "memory.max"))
    bound = f", a limit of {limit / GIB:.1f} GiB for this container" if limit and limit < found.total else ""
    evidence = f"{free:.1f} of {total:.1f} GiB available{bound}"
    if min(free, limit / GIB if limit else free) < FEW_GIB:
        yield warning("memory", evidence, "fewer trials at once (resources), or stop what else runs")
    else:
        yield ok("memory", evidence)
    yield _shared_memory()


def _shared_memory() -> Finding:
    if not SHARED.is_dir():
        return warning("shared memory", f"there is no {SHARED}: Ray's object store takes files", "mount a tmpfs there")
    space = psutil.disk_usage(str(SHARED))
    evidence = f"{space.free / GIB:.2f} of {space.total / GIB:.2f} GiB of {SHARED} free"
    if space.free / GIB < LITTLE_SHARED_GIB:
        return warning("shared memory", evidence, "docker run --shm-size=2g, or remove what fills it")
    return ok("shared memory", evidence)


def cpu_quota(text: str) -> float | None:
    """CPUs that a control group's `cpu.max` ("200000 100000", "max 100000") leaves; None: no limit."""
    parts = text.split()
    if len(parts) != 2 or parts[0] == "max":
        return None
    return int(parts[0]) / int(parts[1])


def memory_limit(text: str) -> int | None:
    """Bytes that a control group's `memory.max` leaves; None: no limit."""
    return int(text) if text.strip().isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
