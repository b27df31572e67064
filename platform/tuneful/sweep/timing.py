"""What the times of a sweep's runs are of: those of two machines, or of two shares of one, can't be compared.

A run's key doesn't cover this, since scores hardly depend on it. It is part of a sweep's ground (`ground.py`)
where an objective is a time: such a sweep takes runs and trials only from sweeps that were timed as it is.
"""

import platform
from collections.abc import Callable, Mapping
from pathlib import Path

from tuneful.space.definition import SweepDefinition
from tuneful.space.objective_spec import COSTS
from tuneful.space.objectives import objectives

CPU_FACTS = Path("/proc/cpuinfo")


def timed_on(definition: SweepDefinition, ask: Callable[[Callable[[], str], Mapping[str, float]], str]) -> str | None:
    """The processor of a worker and its share of it, in words; None where no objective is a time.

    Args:
        definition: of the sweep.
        ask: calls a function on a worker of so many CPUs and GPUs.
    """
    if not any(objective.metric in COSTS for objective in objectives(definition)):
        return None
    cpus, gpus = definition.resources.cpus_per_worker, definition.resources.gpus_per_worker
    share = f"{cpus} {'CPU' if cpus == 1 else 'CPUs'}"
    if gpus:
        return f"{share} and {gpus:g} GPU of {ask(gpu, {'GPU': gpus})}"
    return f"{share} of {ask(cpu, {'CPU': cpus})}"


def gpu() -> str:
    """The GPU of this process."""
    import torch

    return torch.cuda.get_device_name()


def cpu() -> str:
    """The processor of this machine; only its architecture where the system doesn't tell more."""
    lines = CPU_FACTS.read_text().splitlines() if CPU_FACTS.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
