"""Whether a trial fits the nodes there are, and how many fit at once. Knows nothing of Ray.

A worker runs on one node: eight CPUs on two nodes of four are no room for a worker of six. Ray counts the totals, and
would wait for ever.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuneful.devices import count_gpus
from tuneful.errors import ResourceError

ROUNDING = 1e-9
"""Ten workers of a tenth of a GPU fit on one."""


@dataclass(frozen=True)
class Node:
    """What a machine of the cluster has."""

    cpus: float
    gpus: float

    def workers(self, cpus: float, gpus: float) -> int:
        """How many workers of that size it holds."""
        by_cpu = self.cpus / cpus if cpus else float("inf")
        by_gpu = self.gpus / gpus if gpus else float("inf")
        return int(min(by_cpu, by_gpu) + ROUNDING)


def this_machine() -> tuple[Node, ...]:
    """What is there before Ray is started; in a container Ray has fewer CPUs."""
    return (Node(os.cpu_count() or 1, count_gpus()),)


def check_fit(resources: Mapping[str, Any], nodes: Sequence[Node] | None = None) -> None:
    """Refuse a trial that there is no room for.

    Args:
        resources: what a trial asks for, as in a sweep file.
        nodes: of the cluster; None, before it is started: this machine.

    Raises:
        ResourceError: says what is asked for, what there is, and what would fit.
    """
    nodes = this_machine() if nodes is None else nodes
    cpus, gpus = resources["cpus_per_worker"], resources["gpus_per_worker"]
    _check("CPU", resources["workers"], cpus, [node.cpus for node in nodes])
    _check("GPU", resources["workers"], gpus, [node.gpus for node in nodes])
    fitting = sum(node.workers(cpus, gpus) for node in nodes)
    if fitting < resources["workers"]:  # CPUs here, GPUs there
        raise ResourceError(
            f"resources: {resources['workers']} workers with {cpus:g} CPUs and {gpus:g} GPUs each don't fit: of these "
            f"{len(nodes)} nodes hold {fitting}. Try: {asked_for(workers=max(1, fitting), cpus_per_worker=1)}"
        )


def slots(nodes: Sequence[Node], resources: Mapping[str, Any]) -> int:
    """How many trials run at once."""
    fitting = sum(node.workers(resources["cpus_per_worker"], resources["gpus_per_worker"]) for node in nodes)
    return max(1, fitting // int(resources["workers"]))


def asked_for(**fields: float) -> str:
    """Resources as a sweep file has them, and as the command line: for the fix in a message."""
    file = ", ".join(f"{name}: {amount:g}" for name, amount in fields.items())
    options = " ".join(f"--{name.replace('_', '-')} {amount:g}" for name, amount in fields.items())
    return f"resources: {{{file}}}, or {options}"


def _check(kind: str, workers: int, each: float, have: Sequence[float]) -> None:
    """One kind of resource alone."""
    fitting = sum(int(amount / each + ROUNDING) for amount in have) if each else workers
    if fitting >= workers:
        return
    name, largest = f"{kind.lower()}s_per_worker", max(have, default=0)
    alone: dict[str, float] = {"workers": 1} if largest or kind == "CPU" else {}
    smaller = {"workers": fitting} if fitting else {**alone, name: largest}
    where = f" on {len(have)} nodes, the largest with {largest:g}" if len(have) > 1 else ""
    raise ResourceError(
        f"resources: a trial of {workers} workers with {each:g} {kind}s each needs {workers * each:g} {kind}s, there "
        f"are {sum(have):g}{where}. Try: {asked_for(**smaller)}"
    )
