"""The batches of an epoch, cut from the clips, for this worker and on its device."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from trainers.data.dataset import ClipSet
from trainers.data.segments import Windows, gather
from trainers.spec import RunSpec
from trainers.training.plan import NONE, EpochPlan, draw_plan, segments_per_epoch

FULL_SCALE = 32_768.0
ORDER, DEVICE, TORCH = 0, 1, 2
"""Purposes of random streams: all that an epoch draws depends on (seed, epoch, purpose, rank) alone."""


@dataclass(frozen=True)
class Batch:
    """Rows of a training batch. Where partners come from all training clips, row size + i is the partner of row i."""

    samples: Tensor
    """(rows, samples) int16 waveforms, or (rows, ...) float embeddings where they are cached"""
    targets: Tensor
    """(rows, classes) float32"""
    weights: Tensor
    """(rows,) float32: what each counts in the loss"""
    size: int
    """rows without the partners"""

    def map(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """The batch with its tensors changed, moved or pinned."""
        return Batch(change(self.samples), change(self.targets), change(self.weights), self.size)

    def cut(self, parts: int) -> "list[Batch]":
        """The batch as so many micro-batches, or as many as it has rows without partners."""
        if parts == 1:
            return [self]
        return [self._part(rows) for rows in torch.arange(self.size).tensor_split(min(parts, self.size))]

    def _part(self, rows: Tensor) -> "Batch":
        """Some of the rows, and their partners behind them."""
        taken = torch.cat([rows + first for first in range(0, len(self.samples), self.size)])
        return Batch(self.samples[taken], self.targets[taken], self.weights[taken], len(rows))


@dataclass(frozen=True)
class EvalBatch:
    """Windows to be predicted."""

    samples: Tensor
    rows: Tensor
    """(windows,) their numbers"""

    def map(self, change: Callable[[Tensor], Tensor]) -> "EvalBatch":
        """The batch with its tensors changed, moved or pinned."""
        return EvalBatch(change(self.samples), change(self.rows))


AnyBatch = TypeVar("AnyBatch", Batch, EvalBatch)


def stream(seed: int, epoch: int, purpose: int, rank: int = 0) -> np.random.Generator:
    """A random stream of one epoch, the same in a fresh run and a resumed one."""
    return np.random.default_rng([seed, epoch, purpose, rank])


def torch_seed(seed: int, epoch: int, rank: int) -> int:
    """What torch's own generators (dropout, drop path) are seeded with in an epoch."""
    return int(np.random.SeedSequence([seed, epoch, TORCH, rank]).generate_state(1, np.uint64)[0] >> 1)


def batches_per_epoch(spec: RunSpec, train: ClipSet) -> int:
    """Full batches in an epoch; what is left over is not seen in it."""
    return segments_per_epoch(spec, train) // spec.training.batch_size


def train_batches(spec: RunSpec, clips: ClipSet, epoch: int, rank: int, world_size: int) -> Iterator[Batch]:
    """This worker's share of every batch of an epoch, on the CPU. Workers share the plan, so that the batch over all
    of them is the same for any number."""
    plan = draw_plan(spec, clips, stream(spec.seed, epoch, ORDER))
    size = spec.training.batch_size
    for first in range(0, len(plan) // size * size, size):
        share = slice(first + rank * size // world_size, first + (rank + 1) * size // world_size)
        yield _train_batch(spec, clips, plan, share)


def eval_batches(spec: RunSpec, clips: ClipSet, windows: Windows, rows: np.ndarray) -> Iterator[EvalBatch]:
    """Windows `rows` of a clip set with their numbers, on the CPU."""
    for first in range(0, len(rows), spec.training.eval_batch_size):
        part = rows[first : first + spec.training.eval_batch_size]
        samples = windows_batch(spec, clips, windows.clip[part], windows.start[part])
        yield EvalBatch(samples, torch.from_numpy(part))


def windows_batch(spec: RunSpec, clips: ClipSet, index: np.ndarray, start: np.ndarray) -> Tensor:
    """Segments of several clips as one (batch, samples) int16 tensor, or their cached embeddings."""
    if clips.embeddings is not None:
        return torch.from_numpy(clips.embeddings.at(index, start))
    return torch.from_numpy(gather(clips.samples, index, start, spec.segment_samples, spec.segments))


def joined_batch(spec: RunSpec, clips: ClipSet, index: np.ndarray, start: np.ndarray, follower: np.ndarray) -> Tensor:
    """The same where some segments are followed by another clip."""
    pieces = [
        clips.samples[clip][first:]
        if second == NONE
        else np.concatenate([clips.samples[clip][first:], clips.samples[second]])
        for clip, first, second in zip(index, start, follower, strict=True)
    ]
    rows = np.arange(len(pieces))
    return torch.from_numpy(gather(pieces, rows, np.zeros_like(rows), spec.segment_samples, spec.segments))


def on_device(batches: Iterable[AnyBatch], device: torch.device) -> Iterator[AnyBatch]:
    """Batches on the device. For a GPU the next ones are cut and sent while it computes."""
    if device.type == "cpu":
        yield from batches
        return
    for batch in _ahead(batches):
        yield batch.map(lambda tensor: tensor.to(device, non_blocking=True))


def to_float(samples: Tensor) -> Tensor:
    """int16 samples as float32 in [-1, 1); cached embeddings as they are."""
    return samples if samples.is_floating_point() else samples.float() / FULL_SCALE


def _train_batch(spec: RunSpec, clips: ClipSet, plan: EpochPlan, share: slice) -> Batch:
    index, follower = plan.clip[share], plan.follower[share]
    targets, weights = clips.targets[index], clips.weights[index]
    joined = follower != NONE
    if joined.any():
        samples = joined_batch(spec, clips, index, plan.start[share], follower)
        targets[joined] = np.maximum(targets[joined], clips.targets[follower[joined]])
    else:
        samples = windows_batch(spec, clips, index, plan.start[share])
    if plan.partner is not None and plan.partner_start is not None:
        partner = plan.partner[share]
        samples = torch.cat([samples, windows_batch(spec, clips, partner, plan.partner_start[share])])
        targets = np.concatenate([targets, clips.targets[partner]])
        weights = np.concatenate([weights, clips.weights[partner]])
    return Batch(samples, torch.from_numpy(targets), torch.from_numpy(weights), len(index))


def _ahead(batches: Iterable[AnyBatch], depth: int = 3) -> Iterator[AnyBatch]:
    """Pinned batches, cut by a thread that stays `depth` ahead; its errors are raised here."""
    ready: queue.Queue[AnyBatch | BaseException | None] = queue.Queue(depth)
    stopped = threading.Event()

    def work() -> None:
        try:
            for batch in batches:
                if stopped.is_set():
                    return
                ready.put(batch.map(Tensor.pin_memory))
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
