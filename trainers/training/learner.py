"""The learner: the network with its loss, optimizer and schedule, and what one epoch of training does to them."""

import contextlib
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from analysis.metrics.names import direction
from trainers.data.dataset import RunData
from trainers.errors import SpecError
from trainers.losses.functions import build_loss
from trainers.mixing.draw import draw_mixture
from trainers.models.tagger import Tagger
from trainers.optim.build import build_optimizer, build_schedule, peak_lr, rewarmed
from trainers.optim.ema import Ema
from trainers.optim.plateau import Plateau
from trainers.spec import RunSpec
from trainers.targets.encode import smooth
from trainers.training.batches import (
    DEVICE,
    Batch,
    batches_per_epoch,
    on_device,
    stream,
    to_float,
    torch_seed,
    train_batches,
)
from trainers.training.checkpoint import load_checkpoint, load_start, load_weights, save_checkpoint
from trainers.training.device import DTYPES, resolve_precision
from trainers.training.embedded import with_embeddings
from trainers.training.session import Session
from trainers.training.statistics import fit_statistics
from trainers.training.step import TrainingChanges, background_of


class Learner:
    """Everything of a run that training changes.

    With `micro_batches`, each batch is computed in so many parts, whose gradients are added up: they need less memory.
    What is shown in which order, steps and learning rates stay as they are.
    """

    def __init__(self, spec: RunSpec, data: RunData, session: Session, micro_batches: int = 1) -> None:
        self.spec, self.session, self.micro_batches = spec, session, micro_batches
        self.precision = resolve_precision(spec.training.precision, session.device)
        with seeded(spec.seed, session.device):
            self.model = Tagger(spec, len(data.classes)).to(session.device)
            _try_out(self.model, spec, session.device)
        if spec.training.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        if spec.start.checkpoint is not None:
            load_start(Path(spec.start.checkpoint).expanduser(), self.model, spec.start.part)
        checkpoint = session.latest_checkpoint()
        if checkpoint is None:
            fit_statistics(self.model, spec, data.train, session.device)
        else:  # embeddings of a frozen network depend on the statistics that it was trained with
            load_weights(checkpoint, self.model)
        self.data = with_embeddings(spec, data, self.model, session)
        self.background = background_of(spec, data.background, session.device)
        self.loss = build_loss(spec.loss, data.train.targets)
        distributed = session.world_size > 1
        self.network: nn.Module = nn.parallel.DistributedDataParallel(self.model) if distributed else self.model
        self._set_up_optimizer()

    def _set_up_optimizer(self) -> None:
        spec, model = self.spec, self.model
        training = spec.training
        self.optimizer = build_optimizer(model.backbone_parameters(), model.head_parameters(), spec.optimizer)
        self.scaler = GradScaler(self.session.device.type, enabled=self.precision == "fp16")
        self.ema = None if training.ema_decay is None else Ema(model, training.ema_decay)
        monitored = direction(training.monitor)
        self.plateau = Plateau(spec.schedule, monitored) if spec.schedule.name == "plateau" else None
        self.batches = batches_per_epoch(spec, self.data.train)
        self.steps = math.ceil(self.batches / training.accumulate)
        rate = peak_lr(spec.optimizer, training.batch_size * training.accumulate)
        self.lr_at = build_schedule(spec.schedule, rate, self.steps, training.epochs)
        if spec.start.checkpoint is not None and spec.start.schedule == "rewarm":
            self.lr_at = rewarmed(self.lr_at, self.steps)

    @property
    def evaluated(self) -> Tagger:
        """The network that scores are of: the moving average of the weights where there is one."""
        return self.model if self.ema is None else cast(Tagger, self.ema.module)

    def train_epoch(self, epoch: int) -> float:
        """All steps of an epoch; returns the mean loss over workers and batches."""
        with seeded(torch_seed(self.spec.seed, epoch, self.session.rank), self.session.device):
            mean = self._train(epoch) / self.batches
        if self.session.world_size > 1:
            dist.all_reduce(mean)
            mean /= self.session.world_size
            self._share_buffers()
        return float(mean)

    def try_step(self) -> None:
        """A step on the first batch of the first epoch, to see what it takes; the network is of no use afterwards."""
        session = self.session
        batches = train_batches(self.spec, self.data.train, 1, session.rank, session.world_size)
        with seeded(torch_seed(self.spec.seed, 1, session.rank), session.device):
            self.network.train()
            rng = stream(self.spec.seed, 1, DEVICE, session.rank)
            self._step(islice(on_device(batches, session.device), 1), 1, rng)

    def observe(self, value: float) -> None:
        """Take the epoch's value of `training.monitor`."""
        if self.plateau is not None:
            self.plateau.update(value)

    def save(self, folder: Path, state: dict[str, Any]) -> None:
        """Write a checkpoint; `state` is what else the run needs to go on."""
        own = {"scaler": self.scaler.state_dict(), "plateau": self.plateau.state() if self.plateau else None}
        averaged = None if self.ema is None else self.ema.module
        save_checkpoint(folder, self.model, averaged, self.optimizer, {**state, **own})

    def load(self, folder: Path) -> dict[str, Any]:
        """Go on from a checkpoint; returns the `state` that it was saved with."""
        averaged = None if self.ema is None else self.ema.module
        state = load_checkpoint(folder, self.model, averaged, self.optimizer)
        self.scaler.load_state_dict(state["scaler"])
        if self.plateau is not None:
            self.plateau.load(state["plateau"])
        return state

    def _train(self, epoch: int) -> Tensor:
        spec, session = self.spec, self.session
        self.network.train()
        rng = stream(spec.seed, epoch, DEVICE, session.rank)
        total = torch.zeros((), device=session.device)
        batches = on_device(
            train_batches(spec, self.data.train, epoch, session.rank, session.world_size), session.device
        )
        for step in range(self.steps):
            self._set_rate((epoch - 1) * self.steps + step)
            size = min(spec.training.accumulate, self.batches - step * spec.training.accumulate)
            total += self._step(islice(batches, size), size, rng)
        return total

    def _share_buffers(self) -> None:
        """Batch statistics of the first worker, as DDP has it while training; in the moving average, too."""
        for network in dict.fromkeys((self.model, self.evaluated)):
            for buffer in network.buffers():
                dist.broadcast(buffer, 0)

    def _set_rate(self, step: int) -> None:
        rate = self.lr_at(step)
        if self.plateau is not None:
            rate = self.plateau.rate(rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]

    def _step(self, batches: Iterable[Batch], size: int, rng: np.random.Generator) -> Tensor:
        """One optimizer step on the mean gradient of `size` batches; returns the sum of their losses."""
        total = torch.zeros((), device=self.session.device)
        for number, batch in enumerate(batches):
            total += self._add_gradients(batch, size, number == size - 1, rng)
        if self.spec.training.grad_clip is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.spec.training.grad_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)  # so that a run that waits for its next epoch holds no gradients
        if self.ema is not None:
            self.ema.update(self.model)
        return total

    def _add_gradients(self, batch: Batch, size: int, last: bool, rng: np.random.Generator) -> Tensor:
        """Add up the gradients of a batch, one of `size` of a step, in its micro-batches; returns its loss."""
        total = torch.zeros((), device=self.session.device)
        parts = batch.cut(self.micro_batches)
        for number, part in enumerate(parts):
            with self._gradients_kept_local(not last or number < len(parts) - 1):
                loss = self._loss(part, rng) * (part.size / batch.size)
                self.scaler.scale(loss / size).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _loss(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """The mean loss of a batch, augmented and mixed."""
        spec = self.spec
        mixture = draw_mixture(spec.mixing, batch.size, len(batch.samples) - batch.size, rng)
        changes = TrainingChanges(spec, mixture, rng, self.background)
        targets = smooth(mixture.targets(batch.targets, spec.targets.mode), spec.targets.smoothing)
        embedded = batch.samples.is_floating_point()
        with torch.autocast(self.session.device.type, DTYPES[self.precision], enabled=self.precision != "fp32"):
            logits = self.network(to_float(batch.samples), changes, embedded)
        return (mixture.weights(batch.weights) * self.loss(logits.float(), targets)).mean()

    def _gradients_kept_local(self, local: bool) -> contextlib.AbstractContextManager[None]:
        """Workers exchange gradients once per step, not once per accumulated batch or micro-batch."""
        if local and isinstance(self.network, nn.parallel.DistributedDataParallel):
            return self.network.no_sync()
        return contextlib.nullcontext()


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """torch's own generators seeded, and as they were afterwards: runs of one process don't disturb each other."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@torch.inference_mode()
def _try_out(model: Tagger, spec: RunSpec, device: torch.device) -> None:
    """One silent segment: some backbones take only images of certain sizes."""
    try:
        model.eval()(torch.zeros(1, spec.segment_samples, device=device))
    except (AssertionError, RuntimeError) as error:
        name = getattr(spec.model, "backbone", None) or getattr(spec.model, "checkpoint", "")
        raise SpecError(
            f"the model {name} can't take a segment ({error}). "
            "Try: another model, segments.duration_s, front_end.hop_length or front_end.n_mels"
        ) from None
