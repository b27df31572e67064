"""Tasks that the driver needs before its first trial, on a cluster that may be full: waited for, but not silently."""

from collections.abc import Callable, Mapping
from typing import Any

from tuneful.sweep.clusters.joining import got
from tuneful.sweep.clusters.watchdog import AGAIN_S, FIRST_S, amounts, who_holds_what


def on_gpu(function: Callable[..., Any], gpus: float, say: Callable[[str], None]) -> Callable[..., Any]:
    """`function`, which then runs in a process of its own with (a part of) a GPU of the cluster."""
    return on_worker(function, {"GPU": gpus}, say)


def on_worker(
    function: Callable[..., Any], need: Mapping[str, float], say: Callable[[str], None]
) -> Callable[..., Any]:
    """`function`, which then runs in a process of its own with so many CPUs and GPUs of the cluster."""
    import ray

    task = ray.remote(num_cpus=need.get("CPU", 0), num_gpus=need.get("GPU", 0), max_calls=1)(function)
    return lambda *given: awaited(task.remote(*given), need, say)


def awaited(task: Any, need: Mapping[str, float], say: Callable[[str], None]) -> Any:
    """A task's result, however long the cluster has no room for it.

    Args:
        task: Ray's reference.
        need: what it asks for, by kind.
        say: hears who holds what the task waits for, after a minute and a half and then every five.

    Raises:
        ResourceError: the cluster couldn't run it; errors of the task itself come as they are.
    """
    import ray

    patience = FIRST_S
    while not ray.wait([task], timeout=patience)[0]:
        say(f"Still waiting for {amounts(need)}. {who_holds_what()}")
        patience = AGAIN_S
    return got(task)
