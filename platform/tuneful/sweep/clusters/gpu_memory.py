"""Whether the largest trials of a sweep fit their share of a GPU, tried with one run of each before the sweep.

A fraction of a GPU is bookkeeping for Ray: nothing keeps a trial from taking more memory than its share, and the trial
beside it is the one that fails.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, replace
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
    "training.ema_decay",
    "optimizer.name",
    "optimizer.momentum",
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
"""How many trials are looked at in search of the largest: a spec is built of each."""
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

    def mended(self, peak: int | None, found: "RunMemory") -> "Share | None":
        """As many of the runs as a GPU holds, and as much of it as these need; None: it holds not even one."""
        for runs in range(self.runs, 0, -1):
            needs = replace(self, runs=runs).needed(peak, found)
            if needs is not None and needs <= found.total:
                return Share(max(self.gpus, -(-needs * 20 // found.total) / 20), runs)
        return None


@dataclass(frozen=True, order=True)
class Size:
    """What tells runs of one network apart, as far as it decides about memory."""

    step: float
    """bytes of a training batch as it reaches the network"""
    waveforms: int
    """samples of a batch in the front end, where partners are mixed in"""
    evaluation: float
    """bytes of a batch of evaluation as it reaches the network"""
    copies: int
    """see `kept_copies`"""

    @classmethod
    def of(cls, spec: RunSpec) -> "Size":
        """The size of a run."""
        training, front_end, mixing = spec.training, spec.front_end, spec.mixing
        width = 4 if training.precision == "fp32" else 2
        window = spec.segment_samples / front_end.hop_length * front_end.n_mels * front_end.in_chans * width
        partners = mixing.name == "mixup" and mixing.partner != "batch"
        waveforms = training.batch_size * (1 + partners) * spec.segment_samples
        return cls(training.batch_size * window, waveforms, training.eval_batch_size * window, kept_copies(spec))

    def covers(self, other: "Size") -> bool:
        """Whether a run that takes `other` takes no more in any way: where this one fits, that one does."""
        return all(mine >= theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


def kept_copies(spec: RunSpec) -> int:
    """How many tensors as large as the weights a run keeps beside them: the optimizer's moments, a moving average."""
    optimizer = spec.optimizer
    moments = int(optimizer.momentum > 0) if optimizer.name == "sgd" else 2
    return moments + (spec.training.ema_decay is not None)


def largest_specs(sweep: Sweep, say: Callable[[str], None]) -> list[tuple[dict[str, Any], RunSpec]]:
    """Of each network that is searched, the trials that take most, the largest input first: (settings, spec).

    Several of a network where none takes most in every way: a large batch with one optimizer, a small one with another
    that keeps more. `say` hears of it where there are too many trials to look at all of them.
    """
    largest: dict[str, dict[Size, tuple[dict[str, Any], RunSpec]]] = {}
    demanding = _demanding(sweep)
    for settings in islice(demanding, MOST_ASSIGNMENTS):
        spec = sweep.spec_for(settings)
        found, size = largest.setdefault(spec.model.model_dump_json(exclude=SAME_NETWORK), {}), Size.of(spec)
        if any(other.covers(size) for other in found):
            continue
        for smaller in [other for other in found if size.covers(other)]:
            del found[smaller]
        shown = {path: value for path, value in sweep.settings(settings).items() if path.startswith(MEMORY)}
        found[size] = shown, spec
    if next(demanding, None) is not None:
        say(
            f"Only the first {MOST_ASSIGNMENTS:,} combinations of what decides about a GPU's memory were looked at: "
            "whether the others fit is not known before they run."
        )
    every = [(size, *trial) for found in largest.values() for size, trial in found.items()]
    return [(settings, spec) for _, settings, spec in sorted(every, key=lambda trial: trial[0], reverse=True)]


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


def _refuse_too_large(what: str, peak: int | None, found: "RunMemory", share: Share, smaller: str) -> None:
    """Raise what `check_memory` raises, where a run at its `peak` takes more than the share; None: than the GPU."""
    needs, room = share.needed(peak, found), share.of(found.total)
    if needs is not None and needs <= room:
        return
    mended = share.mended(peak, found)
    fix = smaller if mended is None else _changes(share, mended)
    takes = f"more than the {found.total / GIB:.1f}" if needs is None else f"{needs / GIB:.1f}"
    beside = f" and all {share.runs} runs of a trial in memory" if share.runs > 1 else ""
    raise ResourceError(
        f"resources.gpus_per_worker {share.gpus:g}: {what}{beside} takes {takes} GiB of a GPU, its share are "
        f"{room / GIB:.1f} GiB. Try: {fix}"
    )


def _changes(share: Share, mended: Share) -> str:
    """What to change in a sweep file for trials to have the `mended` share."""
    fewer = [f"at most {mended.runs} runs per trial (folds x repeats)"] if mended.runs < share.runs else []
    larger = [asked_for(gpus_per_worker=mended.gpus)] if mended.gpus > share.gpus else []
    return " and ".join(fewer + larger)
