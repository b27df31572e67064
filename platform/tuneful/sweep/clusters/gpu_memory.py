"""Whether the largest trials of a sweep fit their share of a GPU, tried with one run of each before the sweep.

A fraction of a GPU is bookkeeping for Ray: nothing keeps a trial from taking more memory than its share, and the trial
beside it is the one that fails.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from trainers.spec import RunSpec
from tuneful.errors import ResourceError
from tuneful.space.entry import Entry
from tuneful.space.sweep import Sweep
from tuneful.sweep.clusters.room import asked_for

if TYPE_CHECKING:
    from trainers.training.dry_step import RunMemory

MEMORY = (
    "model.",
    "training.batch_size",
    "training.eval_batch_size",
    "training.precision",
    "segments.duration_s",
    "front_end.hop_length",
    "front_end.n_fft",
    "front_end.n_mels",
    "front_end.in_chans",
    "data.sample_rate",
    "mixing.partner",
)
"""Paths (or their beginnings) that decide how much memory a run takes."""
SMALLEST_TAKES_MOST = ("front_end.hop_length",)
SAME_NETWORK = {"pretrained", "weights"}
"""Fields of `model` that change the numbers in a network, not how many there are."""
MOST_ASSIGNMENTS = 10_000
CONTEXT_BYTES = 600 * 2**20
"""Taken by a process beside what torch's allocator holds."""
GIB = 2**30


@dataclass(frozen=True)
class Share:
    """What a worker of a trial has of a GPU."""

    gpus: float
    """1 and more: whole ones"""
    runs: int = 1
    """of a trial (folds x repeats), which advance in turn and all stay on the GPU"""

    def needed(self, peak: int | None, found: "RunMemory") -> int | None:
        """Bytes for all runs of a trial where one at its `peak` takes so much; None: more than the GPU has."""
        return None if peak is None else peak + (self.runs - 1) * found.kept + CONTEXT_BYTES

    def of(self, total: int) -> float:
        """Bytes of a GPU that has `total`."""
        return min(self.gpus, 1.0) * total


def largest_specs(sweep: Sweep) -> list[tuple[dict[str, Any], RunSpec]]:
    """Of each network that is searched, the trial that takes most, the largest input first: (settings, spec)."""
    largest: dict[str, tuple[tuple[float, int, int], dict[str, Any], RunSpec]] = {}
    for settings in islice(_demanding(sweep), MOST_ASSIGNMENTS):
        spec = sweep.spec_for(settings)
        network, size = spec.model.model_dump_json(exclude=SAME_NETWORK), _size(spec)
        if network not in largest or size > largest[network][0]:
            shown = {path: value for path, value in sweep.settings(settings).items() if path.startswith(MEMORY)}
            largest[network] = size, shown, spec
    ordered = sorted(largest.values(), key=lambda found: found[0], reverse=True)
    return [(settings, spec) for _, settings, spec in ordered]


def check_memory(
    specs: Iterable[tuple[dict[str, Any], RunSpec]], share: Share, measure: "Callable[[RunSpec], RunMemory]"
) -> None:
    """Refuse a sweep whose trials don't fit side by side.

    Args:
        specs: trials to try, of `largest_specs`.
        share: what each worker of a trial has.
        measure: tries one worker's part of a run on a GPU.

    Raises:
        ResourceError: the first trial that takes more than its share, with what would fit.
    """
    for settings, spec in specs:
        found, training = measure(spec), spec.training
        half, half_windows = max(1, training.batch_size // 2), max(1, training.eval_batch_size // 2)
        smaller = f"training.batch_size: {half} and training.accumulate: {training.accumulate * 2}"
        fewer = f"training.eval_batch_size: {half_windows}"
        what = ", ".join(f"{path}={value}" for path, value in settings.items()) or "the recipe's settings"
        _refuse_too_large(f"a training step with {what}", found.step, found, share, smaller)
        _refuse_too_large(f"a batch of evaluation with {what}", found.evaluation, found, share, fewer)


def of_one_worker(spec: RunSpec, workers: int) -> RunSpec:
    """The spec with the part of its batches that each of so many workers gets."""
    share = -(-spec.training.batch_size // workers)
    return spec.model_copy(update={"training": spec.training.model_copy(update={"batch_size": share})})


def measure_here(spec: RunSpec) -> "RunMemory":
    """On the GPU of this worker."""
    from trainers.training.device import pick_device
    from trainers.training.dry_step import run_memory

    return run_memory(spec, pick_device("cuda"))


def _demanding(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Settings of some trials, those that take most among them.

    What decides about memory has the values that take most, what that depends on all values that matter, the rest its
    first.
    """
    space, derivations = sweep.space, sweep.foundation.derivations
    decisive = {path for path in space.parameters if path.startswith(MEMORY)}
    derived = [derivations.sources_of(path) for path in derivations.paths if path.startswith(MEMORY)]
    sources = space.parameters.keys() & set().union(*derived)
    every = sources.union(*(space.ancestors(path) for path in decisive | sources))

    def values(path: str, entry: Entry) -> tuple[Any, ...]:
        found = space.values(path, entry)
        if path in every:
            return found
        return _worst(path, found) if path in decisive else found[:1]

    return space.extend({}, space.order, values)


def _worst(path: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of numbers the one with which a run takes most, and everything that is no number."""
    numbers = [value for value in values if type(value) in (int, float)]
    others = [value for value in values if type(value) not in (int, float)]
    worst = min if path in SMALLEST_TAKES_MOST else max
    return (*others, worst(numbers)) if numbers else tuple(others)


def _size(spec: RunSpec) -> tuple[float, int, int]:
    """What tells runs of one network apart: bytes of a batch as it reaches the network, then waveforms in the front
    end, where partners are mixed in, then windows that are evaluated at once."""
    training, front_end, mixing = spec.training, spec.front_end, spec.mixing
    numbers = training.batch_size * spec.segment_samples / front_end.hop_length * front_end.n_mels * front_end.in_chans
    partners = mixing.name == "mixup" and mixing.partner != "batch"
    width = 4 if training.precision == "fp32" else 2
    return numbers * width, training.batch_size * (1 + partners), training.eval_batch_size


def _refuse_too_large(what: str, peak: int | None, found: "RunMemory", share: Share, smaller: str) -> None:
    """Raise what `check_memory` raises, where a run at its `peak` takes more than the share; None: than the GPU."""
    needs, total, room = share.needed(peak, found), found.total, share.of(found.total)
    if needs is not None and needs <= room:
        return
    if needs is not None and needs <= total:
        fix = asked_for(gpus_per_worker=-(-needs * 20 // total) / 20)
    elif peak is not None and peak + CONTEXT_BYTES <= total:
        fix = f"at most {1 + (total - peak - CONTEXT_BYTES) // found.kept} runs per trial (folds x repeats)"
    else:
        fix = smaller
    takes = f"more than the {total / GIB:.1f}" if needs is None else f"{needs / GIB:.1f}"
    beside = f" and all {share.runs} runs of a trial in memory" if share.runs > 1 else ""
    raise ResourceError(
        f"resources.gpus_per_worker {share.gpus:g}: {what}{beside} takes {takes} GiB of a GPU, its share are "
        f"{room / GIB:.1f} GiB. Try: {fix}"
    )
