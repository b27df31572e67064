"""Devices and precisions, as asked for and as there are."""

import torch

from trainers.errors import DeviceError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(name: str = "auto") -> torch.device:
    """`auto` (a GPU where there is one), `cpu` or `cuda`.

    Raises:
        DeviceError: a GPU was asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("the device cuda was asked for, but torch finds no GPU here. Try: --device cpu")
    return torch.device(name)


def resolve_precision(asked: str, device: torch.device) -> str:
    """What `auto` means on a device: bf16 where a GPU computes in it, else fp16 on a GPU, fp32 on a CPU.

    Raises:
        DeviceError: fp16 asked for on a CPU; bf16 works there, but is slower and less exact than fp32.
    """
    if asked == "auto":
        if device.type != "cuda":
            return "fp32"
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type != "cuda" and asked == "fp16":
        raise DeviceError("training.precision=fp16 needs a GPU. Try: training.precision=auto")
    return asked
