"""Devices as they are before torch is imported: what can be refused in a fraction of a second."""

import os
import shutil
import subprocess
from pathlib import Path

from trainers.errors import DeviceError

DEVICES = ("auto", "cpu", "cuda")


def check_device(name: str) -> str:
    """`name` itself where it is a device that this machine has.

    Raises:
        DeviceError: no such device, or a GPU where there is none.
    """
    if name not in DEVICES:
        raise DeviceError(f"--device must be one of {', '.join(DEVICES)}, got {name!r}. Try: --device auto")
    if name == "cuda" and count_gpus() == 0:
        raise DeviceError("the device cuda was asked for, but there is no GPU here. Try: --device cpu")
    return name


def count_gpus() -> int:
    """NVIDIA GPUs by their device files (or by nvidia-smi), as far as CUDA_VISIBLE_DEVICES lets processes see them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([part for part in visible.split(",") if part.strip() not in ("", "-1")])
    files = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if files or shutil.which("nvidia-smi") is None:
        return files
    # Under WSL a GPU has no file of its own.
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=False)
    return listed.stdout.count("GPU ")
