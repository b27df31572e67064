"""fit: one training run, start to end."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from analysis.records.predictions import write_predictions
from trainers.augmentation.spec_augment import spec_augment
from trainers.data.dataset import RunData
from trainers.errors import SpecError
from trainers.losses.functions import LOSSES
from trainers.mixing.mixup import MIXINGS
from trainers.models.tagger import Tagger
from trainers.optim.build import build_optimizer, build_schedule
from trainers.spec import RunSpec
from trainers.training.batches import (
    DEVICE,
    on_device,
    steps_per_epoch,
    stream,
    to_float,
    torch_seed,
    train_batches,
)
from trainers.training.checkpoint import PREDICTIONS, load_checkpoint, save_checkpoint
from trainers.training.device import DTYPES, resolve_precision
from trainers.training.evaluate import as_predictions, metrics_of, no_metrics, predict
from trainers.training.session import EpochReport, Session, better


def fit(spec: RunSpec, data: RunData, session: Session) -> Iterator[EpochReport]:
    """Train one run and yield every epoch once the session has it.

    A run is deterministic for its key, and one that goes on from a checkpoint ends with the same numbers as one that
    was never stopped. Runs of one process can advance side by side: between epochs no global state is held.

    Args:
        spec: what to train.
        data: of `load_run_data(spec)`.
        session: this worker; with more than one the process group must be set up.

    Raises:
        SpecError: the spec and the data or the number of workers don't go together.
        CheckpointError: the checkpoint to go on from is of another model.
    """
    run = _Run(spec, data, session)
    for epoch in range(run.resume() + 1, spec.training.epochs + 1):
        report = run.epoch(epoch)
        yield report
        if report.state == "diverged":
            return


class _Run:
    """A run in training: the network, its optimizer, and the best epoch so far."""

    def __init__(self, spec: RunSpec, data: RunData, session: Session) -> None:
        if spec.training.batch_size % session.world_size:
            raise SpecError(
                f"training.batch_size must be a multiple of resources.workers ({session.world_size}), "
                f"got {spec.training.batch_size}"
            )
        self.spec, self.data, self.session = spec, data, session
        self.precision = resolve_precision(spec.training.precision, session.device)
        with torch.random.fork_rng(_rng_devices(session)):
            torch.manual_seed(spec.seed)
            self.model = Tagger(spec, len(data.classes)).to(session.device)
            self._try_out()
        if spec.training.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        self.network: nn.Module = (
            nn.parallel.DistributedDataParallel(self.model) if session.world_size > 1 else self.model
        )
        self.optimizer = build_optimizer(self.model.parameters(), spec.optimizer)
        self.steps = steps_per_epoch(spec, len(data.train))
        self.lr_at = build_schedule(spec.schedule, spec.optimizer.lr, self.steps * spec.training.epochs)
        self.scaler = GradScaler(session.device.type, enabled=self.precision == "fp16")
        self.best: tuple[float, int | None] = (math.nan, None)

    @torch.inference_mode()
    def _try_out(self) -> None:
        """One silent segment: some backbones take only images of certain sizes."""
        samples = round(self.spec.segments.duration_s * self.spec.data.sample_rate)
        try:
            self.model.eval()(torch.zeros(1, samples, device=self.session.device))
        except (AssertionError, RuntimeError) as error:
            raise SpecError(
                f"model.backbone {self.spec.model.backbone} can't take the spectrogram of a segment ({error}). "
                "Try: another backbone, segments.duration_s, front_end.hop_length or front_end.n_mels"
            ) from None

    def resume(self) -> int:
        """Load the session's checkpoint; returns the epoch it was made after, 0 without one."""
        folder = self.session.latest_checkpoint()
        if folder is None:
            return 0
        state = load_checkpoint(folder, self.model, self.optimizer)
        self.scaler.load_state_dict(state["scaler"])
        self.best = (state["best_value"], state["best_epoch"])
        return int(state["epoch"])

    def epoch(self, epoch: int) -> EpochReport:
        """Train, evaluate and report one epoch."""
        started = time.perf_counter()
        with torch.random.fork_rng(_rng_devices(self.session)):
            torch.manual_seed(torch_seed(self.spec.seed, epoch, self.session.rank))
            loss = self._train(epoch)
        seconds = time.perf_counter() - started
        rates = {"train/loss": loss, "seconds": seconds, "clips_per_second": self._clips() / seconds}
        diverged = {**rates, **no_metrics()}
        if not math.isfinite(loss):
            return self._report(epoch, "diverged", diverged, None)
        logits = predict(self.model, self.spec, self.data.val, self.session)
        if not np.isfinite(logits).all():  # the last step can spoil weights whose loss was finite
            return self._report(epoch, "diverged", diverged, None)
        metrics = {**rates, **metrics_of(self.spec, self.data.val, logits)}
        metrics["eval_seconds"] = time.perf_counter() - started - seconds
        value = metrics[self.spec.training.monitor]
        if better(value, self.best[0]):
            self.best = (value, epoch)
        last = epoch == self.spec.training.epochs
        parts = [as_predictions("val", self.spec, self.data.val, logits)]
        if last:
            parts += [
                as_predictions(name, self.spec, clips, predict(self.model, self.spec, clips, self.session))
                for name, clips in self.data.unlabelled.items()
            ]
        return self._report(epoch, "finished" if last else "running", metrics, parts)

    def _train(self, epoch: int) -> float:
        """All steps of an epoch; returns the mean loss over workers and steps."""
        spec, session = self.spec, self.session
        self.network.train()
        rng = stream(spec.seed, epoch, DEVICE, session.rank)
        total = torch.zeros((), device=session.device)
        batches = train_batches(spec, self.data.train, epoch, session.rank, session.world_size)
        for number, (samples, targets) in enumerate(on_device(batches, session.device)):
            for group in self.optimizer.param_groups:
                group["lr"] = self.lr_at((epoch - 1) * self.steps + number)
            total += self._step(samples, targets, rng)
        mean = total / self.steps
        if session.world_size > 1:
            dist.all_reduce(mean)
            mean /= session.world_size
            for buffer in self.model.buffers():  # batch statistics of the first worker, as DDP has it while training
                dist.broadcast(buffer, 0)
        return float(mean)

    def _step(self, samples: Tensor, targets: Tensor, rng: Any) -> Tensor:
        """One optimizer step on (batch, samples) int16 and (batch, classes) targets; returns the batch's loss."""
        spec = self.spec
        mix = MIXINGS[spec.mixing.name]
        waveform, targets = mix(to_float(samples), targets, spec.mixing, spec.targets.mode, rng)
        smoothing = spec.targets.smoothing
        targets = (1 - smoothing) * targets + smoothing / targets.shape[1]
        with torch.autocast(self.session.device.type, DTYPES[self.precision], enabled=self.precision != "fp32"):
            logits = self.network(waveform, lambda s: spec_augment(s, spec.augmentation.spec_augment, rng))
        loss = LOSSES[spec.loss.name](logits.float(), targets, spec.loss).mean()
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if spec.training.grad_clip is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), spec.training.grad_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()

    def _report(self, epoch: int, state: str, metrics: dict[str, float], parts: Any) -> EpochReport:
        report = EpochReport(epoch, state, metrics, self.data.protocol, self._kept(epoch, state))

        def save(folder: Path) -> None:
            rest = {
                "epoch": epoch,
                "scaler": self.scaler.state_dict(),
                "best_value": self.best[0],
                "best_epoch": self.best[1],
            }
            save_checkpoint(folder, self.model, self.optimizer, rest)
            write_predictions(folder / PREDICTIONS, parts, self.data.classes)

        self.session.report(report, save if parts is not None else None)
        return report

    def _kept(self, epoch: int, state: str) -> int | None:
        """The best epoch or the last with a checkpoint; the last, too, while no epoch's score is a number."""
        last = epoch - 1 if state == "diverged" else epoch
        best = self.best[1] if self.spec.training.keep == "best" else None
        return best or last or None

    def _clips(self) -> int:
        return self.steps * self.spec.training.batch_size


def _rng_devices(session: Session) -> list[torch.device]:
    return [session.device] if session.device.type == "cuda" else []
