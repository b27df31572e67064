"""The batches of an epoch: which clips in which order, cut where, for this worker."""

import queue
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from trainers.data.dataset import ClipSet
from trainers.data.segments import Windows, gather, train_starts
from trainers.spec import RunSpec

FULL_SCALE = 32_768.0
ORDER, DEVICE, TORCH = 0, 1, 2
"""Purposes of random streams: all that an epoch draws depends on (seed, epoch, purpose, rank) alone."""

Batch = tuple[Tensor, Tensor]
"""(batch, samples) int16 waveforms and (batch, classes) float targets, or (batch,) window numbers in evaluation"""


def stream(seed: int, epoch: int, purpose: int, rank: int = 0) -> np.random.Generator:
    """A random stream of one epoch, the same in a fresh run and a resumed one."""
    return np.random.default_rng([seed, epoch, purpose, rank])


def torch_seed(seed: int, epoch: int, rank: int) -> int:
    """What torch's own generators (dropout, drop path) are seeded with in an epoch."""
    return int(np.random.SeedSequence([seed, epoch, TORCH, rank]).generate_state(1, np.uint64)[0] >> 1)


def steps_per_epoch(spec: RunSpec, n_clips: int) -> int:
    """Full batches in an epoch; what is left over is not seen in it."""
    return n_clips * spec.segments.crops_per_clip // spec.training.batch_size


def train_batches(spec: RunSpec, clips: ClipSet, epoch: int, rank: int, world_size: int) -> Iterator[Batch]:
    """This worker's share of every batch of an epoch, on the CPU. Workers share order and crops, so that the batch
    over all of them is the same for any number."""
    rng = stream(spec.seed, epoch, ORDER)
    order = np.tile(np.arange(len(clips)), spec.segments.crops_per_clip)
    rng.shuffle(order)
    length = round(spec.segments.duration_s * spec.data.sample_rate)
    sizes = np.array([len(samples) for samples in clips.samples])
    starts = train_starts(sizes[order], length, spec.segments.train_crop, rng)
    size = spec.training.batch_size
    for first in range(0, steps_per_epoch(spec, len(clips)) * size, size):
        share = slice(first + rank * size // world_size, first + (rank + 1) * size // world_size)
        waveform = gather(clips, order[share], starts[share], length, spec.segments.padding)
        yield torch.from_numpy(waveform), torch.from_numpy(clips.targets[order[share]])


def eval_batches(spec: RunSpec, clips: ClipSet, windows: Windows, rows: np.ndarray) -> Iterator[Batch]:
    """Windows `rows` of a clip set with their numbers, on the CPU."""
    length = round(spec.segments.duration_s * spec.data.sample_rate)
    for first in range(0, len(rows), spec.training.eval_batch_size):
        part = rows[first : first + spec.training.eval_batch_size]
        waveform = gather(clips, windows.clip[part], windows.start[part], length, spec.segments.padding)
        yield torch.from_numpy(waveform), torch.from_numpy(part)


def on_device(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    """Batches on the device. For a GPU the next ones are cut and sent while it computes."""
    if device.type == "cpu":
        yield from batches
        return
    for waveform, rest in _ahead(batches):
        yield waveform.to(device, non_blocking=True), rest.to(device, non_blocking=True)


def to_float(waveform: Tensor) -> Tensor:
    """int16 samples as float32 in [-1, 1)."""
    return waveform.float() / FULL_SCALE


def _ahead(batches: Iterable[Batch], depth: int = 3) -> Iterator[Batch]:
    """Pinned batches, cut by a thread that stays `depth` ahead; its errors are raised here."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(depth)
    stopped = threading.Event()

    def work() -> None:
        try:
            for waveform, rest in batches:
                if stopped.is_set():
                    return
                ready.put((waveform.pin_memory(), rest.pin_memory()))
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    thread = threading.Thread(target=work, daemon=True, name="batches")
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        while thread.is_alive():  # a thread that waits for room sees the flag once there is some
            try:
                ready.get(timeout=0.01)
            except queue.Empty:
                thread.join(0.01)
