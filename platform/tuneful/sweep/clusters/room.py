"""Whether a trial fits the nodes there are, and how many fit at once. Knows nothing of Ray.

A worker runs on one node: eight CPUs on two nodes of four are no room for a worker of six. Ray counts the totals, and
would wait for ever. A fraction of a GPU is one of a single card: Ray 2.60 places four workers of 0.4 on two GPUs, and
two of 0.6.
"""

import os
import sys
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
        """How many workers of that size it holds; without limit where they need nothing."""
        by_gpu = int(self.gpus) * _parts(1, gpus) if 0 < gpus < 1 else _parts(self.gpus, gpus)
        return min(_parts(self.cpus, cpus), by_gpu)


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
    _check("CPU", resources, nodes)
    _check("GPU", resources, nodes)
    fitting = sum(node.workers(cpus, gpus) for node in nodes)
    if fitting < resources["workers"]:  # CPUs here, GPUs there
        raise ResourceError(
            f"resources: {resources['workers']} workers with {cpus:g} CPUs and {gpus:g} GPUs each don't fit: of these "
            f"{len(nodes)} nodes hold {fitting}. Try: {asked_for(workers=max(1, fitting), cpus_per_worker=1)}"
        )


def slots(nodes: Sequence[Node], resources: Mapping[str, Any]) -> int:
    """How many trials run at once: as many as fit, and no more than `max_concurrent_trials`."""
    fitting = sum(node.workers(resources["cpus_per_worker"], resources["gpus_per_worker"]) for node in nodes)
    room, most = max(1, fitting // int(resources["workers"])), resources.get("max_concurrent_trials")
    return room if most is None else min(room, int(most))


def asked_for(**fields: float) -> str:
    """Resources as a sweep file has them, and as the command line: for the fix in a message."""
    file = ", ".join(f"{name}: {amount:g}" for name, amount in fields.items())
    options = " ".join(f"--{name.replace('_', '-')} {amount:g}" for name, amount in fields.items())
    return f"resources: {{{file}}}, or {options}"


def _check(kind: str, resources: Mapping[str, Any], nodes: Sequence[Node]) -> None:
    """One kind of resource alone."""
    field = f"{kind.lower()}s"
    name = f"{field}_per_worker"
    workers, each = resources["workers"], resources[name]
    fitting = sum(node.workers(**{"cpus": 0, "gpus": 0, field: each}) for node in nodes)
    if fitting >= workers:
        return
    have = [getattr(node, field) for node in nodes]
    largest = max(have, default=0)
    alone: dict[str, float] = {"workers": 1} if largest or kind == "CPU" else {}
    smaller = {"workers": fitting} if fitting else {**alone, name: largest}
    where = f" on {len(have)} nodes, the largest with {largest:g}" if len(have) > 1 else ""
    raise ResourceError(
        f"resources: a trial of {workers} workers with {each:g} {kind}s each needs {workers * each:g} {kind}s, there "
        f"are {sum(have):g}{where}. Try: {asked_for(**smaller)}"
    )


def _parts(amount: float, each: float) -> int:
    """How often `each` goes into `amount`."""
    return int(amount / each + ROUNDING) if each else sys.maxsize
