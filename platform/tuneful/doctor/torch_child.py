"""Run as a program, in a process of its own: imports torch and its companions, and prints what there is as JSON.

A wrong build of torchaudio or torchvision can fail at import in any way, a crash among them.
"""

import importlib
import json
from typing import Any

COMPANIONS = ("torch", "torchvision", "torchaudio")


def imported() -> dict[str, dict[str, str]]:
    """Version or error of each."""
    found = {}
    for name in COMPANIONS:
        try:
            found[name] = {"version": str(importlib.import_module(name).__version__)}
        except Exception as error:  # whatever it is, it is what has to be told
            found[name] = {"error": f"{type(error).__name__}: {error}"}
    return found


def devices() -> dict[str, Any]:
    """GPUs as torch sees them, and what `auto` picks."""
    import torch

    from trainers.training.device import pick_device, resolve_precision

    picked = pick_device("auto")
    properties = [torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count())]
    return {
        "device": picked.type,
        "precision": resolve_precision("auto", picked),
        "cuda": torch.version.cuda,
        "gpus": [{"name": one.name, "bytes": one.total_memory} for one in properties],
        "bf16": picked.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False),
    }


if __name__ == "__main__":
    report: dict[str, Any] = {"imported": imported()}
    if "version" in report["imported"]["torch"]:
        report["devices"] = devices()
    print(json.dumps(report))
