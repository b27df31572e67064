"""Whether the largest trials of a sweep fit their share of a GPU, tried with one step of each before the sweep.

A fraction of a GPU is bookkeeping for Ray: nothing keeps a trial from taking more memory than its share, and the trial
beside it is the one that fails.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from trainers.spec import RunSpec
from tuneful.errors import ResourceError
from tuneful.space.sweep import Sweep
from tuneful.sweep.clusters.room import asked_for

if TYPE_CHECKING:
    from trainers.training.dry_step import StepMemory

MEMORY = (
    "model.",
    "training.batch_size",
    "training.precision",
    "segments.",
    "front_end.",
    "data.sample_rate",
    "pooling.",
)
"""Paths (or their beginnings) that decide how much memory a step takes."""
MOST_SPECS = 6
MOST_ASSIGNMENTS = 500
CONTEXT_BYTES = 600 * 2**20
"""Taken by a process beside what torch's allocator holds."""
GIB = 2**30


def largest_specs(sweep: Sweep, most: int = MOST_SPECS) -> list[tuple[dict[str, Any], RunSpec]]:
    """The trials with the largest input of each network that is searched, the largest first: (settings, spec)."""
    varied = {path for path in sweep.space.parameters if path.startswith(MEMORY)}
    largest: dict[str, tuple[float, dict[str, Any], RunSpec]] = {}
    for settings in islice(sweep.space.assignments(varied, 3), MOST_ASSIGNMENTS):
        spec = sweep.spec_for(settings)
        size = _input_size(spec)
        network = spec.model.model_dump_json()
        if network not in largest or size > largest[network][0]:
            shown = {path: value for path, value in settings.items() if path in varied}
            largest[network] = size, shown, spec
    ordered = sorted(largest.values(), key=lambda found: -found[0])
    return [(settings, spec) for _, settings, spec in ordered[:most]]


def check_memory(
    specs: Iterable[tuple[dict[str, Any], RunSpec]], share: float, measure: "Callable[[RunSpec], StepMemory]"
) -> None:
    """Refuse a sweep whose trials don't fit side by side.

    Args:
        specs: trials to try, of `largest_specs`.
        share: of a GPU for each worker; 1 and more: whole ones.
        measure: makes one worker's part of a trial's step on a GPU.

    Raises:
        ResourceError: the first trial that takes more than its share, with the share that it needs.
    """
    for settings, spec in specs:
        found = measure(spec)
        have = min(share, 1.0) * found.total
        needs = None if found.peak is None else found.peak + CONTEXT_BYTES
        if needs is not None and needs <= have:
            continue
        what = ", ".join(f"{path}={value}" for path, value in settings.items()) or "the recipe's settings"
        takes = f"more than the {found.total / GIB:.1f}" if needs is None else f"{needs / GIB:.1f}"
        raise ResourceError(
            f"resources.gpus_per_worker {share:g}: a step with {what} takes {takes} GiB of a GPU, its share are "
            f"{have / GIB:.1f} GiB. Try: {_fix(needs, found.total, spec)}"
        )


def of_one_worker(spec: RunSpec, workers: int) -> RunSpec:
    """The spec with the part of its batches that each of so many workers gets."""
    share = -(-spec.training.batch_size // workers)
    return spec.model_copy(update={"training": spec.training.model_copy(update={"batch_size": share})})


def measure_here(spec: RunSpec) -> "StepMemory":
    """On the GPU of this worker."""
    from trainers.training.device import pick_device
    from trainers.training.dry_step import step_memory

    return step_memory(spec, pick_device("cuda"))


def _fix(needs: int | None, total: int, spec: RunSpec) -> str:
    if needs is not None and needs <= total:
        return asked_for(gpus_per_worker=-(-needs * 20 // total) / 20)
    half = max(1, spec.training.batch_size // 2)
    return f"training.batch_size: {half} and training.accumulate: {spec.training.accumulate * 2}"


def _input_size(spec: RunSpec) -> float:
    """Numbers that a batch holds when it reaches the network."""
    return spec.training.batch_size * spec.segment_samples / spec.front_end.hop_length * spec.front_end.n_mels
