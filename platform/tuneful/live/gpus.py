"""How busy the GPUs are, by nvidia-smi: asked now and then, beside the sweep, never a reason to fail."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

QUERY = ("--query-gpu=index,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")
PATIENCE_S = 5.0


@dataclass(frozen=True)
class GpuUse:
    """One GPU at one moment."""

    index: int
    percent: int
    """share of the last second in which a kernel ran"""
    used_mib: int
    total_mib: int

    def __str__(self) -> str:
        return f"GPU {self.index} {self.percent}% {self.used_mib / 1024:.1f}/{self.total_mib / 1024:.0f} GiB"


def gpu_use() -> tuple[GpuUse, ...]:
    """The GPUs of this machine; nothing where there are none or they can't be asked."""
    if shutil.which("nvidia-smi") is None:
        return ()
    try:
        said = subprocess.run(["nvidia-smi", *QUERY], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(found for line in said.stdout.splitlines() if (found := _parsed(line)) is not None)


def _parsed(line: str) -> GpuUse | None:
    """`0, 87, 12345, 81559`; None for a card that doesn't tell (`[N/A]`)."""
    try:
        index, percent, used, total = (int(part) for part in line.split(","))
    except ValueError:
        return None
    return GpuUse(index, percent, used, total)


Ask = Callable[[], tuple[GpuUse, ...]]
