"""What a sweep asks of its GPUs before the first trial, each in a process of its own on one of them."""

from collections.abc import Callable

from tuneful.space.plan import runs_per_trial
from tuneful.space.sweep import Sweep

Say = Callable[[str], None]


def check_memory_of(sweep: Sweep, say: Say) -> None:
    """Try a step and a batch of evaluation of the largest trials of each network; nothing where trials use no GPU.

    Raises:
        ResourceError: one takes more than its share of a GPU.
    """
    resources = sweep.definition.resources
    if not resources.gpus_per_worker:
        return
    from tuneful.sweep.clusters.gpu_memory import Share, check_memory, largest_specs, measure_here, of_one_worker
    from tuneful.sweep.clusters.patience import on_gpu

    specs, measure = largest_specs(sweep, say), on_gpu(measure_here, resources.gpus_per_worker, say)
    if len(specs) > 1:
        say(f"A step of each of {len(specs)} trials is tried on a GPU first.")
    share = Share(resources.gpus_per_worker, runs_per_trial(sweep))
    check_memory(specs, share, lambda spec: measure(of_one_worker(spec, resources.workers)))


def auto_precision(gpus: float, say: Say) -> str:
    """What `training.precision: auto` means on a worker with so much of a GPU."""
    if not gpus:
        return "fp32"
    from tuneful.sweep.clusters.patience import on_gpu

    def ask() -> str:
        from trainers.training.device import pick_device, resolve_precision

        return resolve_precision("auto", pick_device("cuda"))

    return str(on_gpu(ask, gpus, say)())
