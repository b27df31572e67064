"""Devices as they are before torch is imported: what can be refused in a fraction of a second."""

import os
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
    """NVIDIA GPUs by their device files, as far as CUDA_VISIBLE_DEVICES lets processes see them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([part for part in visible.split(",") if part.strip() not in ("", "-1")])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))
