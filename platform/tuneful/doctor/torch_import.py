"""torch and its companions, really imported, and the devices that torch finds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tuneful.devices import count_gpus
from tuneful.doctor.finding import GIB, Finding, Place, ok, problem

TIME_LIMIT_S = 120
TOGETHER = "pip install --force-reinstall torch torchvision torchaudio, all in one command (docs/design.md, section 9)"


def torch_and_devices(place: Place) -> Iterator[Finding]:
    """Import torch, torchvision and torchaudio in a process of their own, and ask torch for devices."""
    del place
    command = [sys.executable, "-m", "tuneful.doctor.torch_child"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield problem("torch", f"importing it ended with exit code {done.returncode}: {last}", TOGETHER)
        return
    report = json.loads(done.stdout.splitlines()[-1])
    yield from _imports(report["imported"])
    if "devices" in report:
        yield from _devices(report["devices"])


def _imports(found: dict[str, dict[str, str]]) -> Iterator[Finding]:
    broken = {name: one["error"] for name, one in found.items() if "error" in one}
    for name, error in broken.items():
        yield problem(name, error, TOGETHER)
    if not broken:
        yield ok("imports", ", ".join(f"{name} {one['version']}" for name, one in found.items()))


def _devices(found: dict[str, Any]) -> Iterator[Finding]:
    listed = [f"{gpu['name']} with {gpu['bytes'] / GIB:.0f} GiB" for gpu in found["gpus"]]
    if not listed and count_gpus():
        build = f"CUDA {found['cuda']}" if found["cuda"] else "CPUs only"
        evidence = f"{count_gpus()} GPUs are there, torch finds none of them; it is built for {build}. {_driver()}"
        yield problem("GPUs", evidence, "a torch built for CUDA, and a driver that is new enough for it")
    elif listed:
        yield ok("GPUs", f"{', '.join(listed)}; bf16: {'yes' if found['bf16'] else 'no'}. {_driver()}")
    else:
        yield ok("GPUs", "none: everything runs on CPUs")
    yield ok("auto", f"device: auto is {found['device']}, precision: auto is {found['precision']}")


def _driver() -> str:
    try:
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "nvidia-smi says nothing about the driver"
    return f"Driver {done.stdout.split()[0]}" if done.stdout.split() else "nvidia-smi names no driver"
