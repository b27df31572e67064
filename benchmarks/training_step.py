"""The training loop of `fit` against a bare forward, backward and step on one fixed batch.

    OMP_NUM_THREADS=1 python benchmarks/training_step.py [--backbone test_efficientnet] [--json FILE]
    python benchmarks/training_step.py --device cuda --backbone efficientnet_b0 --batch-size 128 --crops-per-clip 32

The recipe `chorus` with its mixup. The loop cuts crops, mixes, computes the front end and publishes nothing; the bare
step has the front end in its model too, but its batch is there already. A third side, without channels_last, is what a
naive loop does. CPU seconds per clip; on a GPU wall seconds, in bf16 and with the batch on it.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import torch
from harness import Goal, Side, conclude, measure, parser

from trainers.config.build import Layer, build_spec, load_recipe
from trainers.data.dataset import ClipSet, RunData, load_run_data
from trainers.data.prepare import open_catalogue, prepare_store
from trainers.fit import fit
from trainers.losses.functions import build_loss
from trainers.models.tagger import Tagger
from trainers.optim.build import build_optimizer
from trainers.spec import RunSpec
from trainers.training.batches import batches_per_epoch, to_float, train_batches
from trainers.training.device import DTYPES, pick_device, resolve_precision
from trainers.training.session import NoSession


def first(clips: ClipSet, count: int | None) -> ClipSet:
    """The first clips of a set; all of them for None."""
    return ClipSet(
        clips.clips[:count], clips.samples[:count], clips.targets[:count], clips.weights[:count], clips.offset_s[:count]
    )


def loop(spec: RunSpec, data: RunData, device: torch.device) -> Callable[[], object]:
    """The next epoch of `fit`, from the outside. It validates on one clip, so that it is its training."""
    epochs = fit(spec, replace(data, val=first(data.val, 1), unlabelled={}), NoSession(device))
    return lambda: next(epochs)


def bare(spec: RunSpec, data: RunData, device: torch.device) -> Callable[[], object]:
    """As many steps as an epoch has, all on its first batch."""
    torch.manual_seed(spec.seed)
    model = Tagger(spec, len(data.classes)).to(device)
    if spec.training.channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = build_optimizer(model.backbone_parameters(), model.head_parameters(), spec.optimizer)
    batch = next(train_batches(spec, data.train, 1, 0, 1)).map(lambda tensor: tensor.to(device))
    waveform, steps = to_float(batch.samples), batches_per_epoch(spec, data.train)
    loss_of = build_loss(spec.loss, data.train.targets)
    precision = resolve_precision(spec.training.precision, device)

    def epoch() -> float:
        model.train()
        for _ in range(steps):
            with torch.autocast(device.type, DTYPES[precision], enabled=precision != "fp32"):
                logits = model(waveform)
            loss = loss_of(logits.float(), batch.targets).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return float(loss.detach())  # waits for the GPU

    return epoch


def spec_of(asked: argparse.Namespace) -> RunSpec:
    """The recipe with the asked network and batch, and more epochs than rounds."""
    settings = {
        "model.backbone": asked.backbone,
        "training.batch_size": asked.batch_size,
        "training.epochs": asked.rounds + 2,
        "segments.crops_per_clip": asked.crops_per_clip,
        "optimizer.lr": 1e-4,
    }
    return build_spec(load_recipe("chorus"), [Layer(settings)])


def main() -> None:
    options = parser(__doc__, rounds=7)
    options.add_argument("--backbone", default="test_efficientnet")
    options.add_argument("--batch-size", type=int, default=16)
    options.add_argument("--crops-per-clip", type=int, default=1)
    options.add_argument("--clips", type=int, help="train on so many clips only, for large networks")
    options.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    asked = options.parse_args()
    device = pick_device(asked.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    spec = spec_of(asked)
    nchw = spec.model_copy(update={"training": spec.training.model_copy(update={"channels_last": False})})
    catalogue = open_catalogue(spec.data.name)
    prepare_store(catalogue, spec.data.sample_rate)
    data = load_run_data(spec, catalogue)
    data = replace(data, train=first(data.train, asked.clips))
    clips = batches_per_epoch(spec, data.train) * spec.training.batch_size
    sides = [
        Side("bare, NCHW", bare(nchw, data, device), clips),
        Side("bare step", bare(spec, data, device), clips),
        Side("fit loop", loop(spec, data, device), clips),
    ]
    title = f"{asked.backbone} on {device.type}, seconds per clip"
    comparison = measure(title, sides, asked.rounds, clock="cpu" if device.type == "cpu" else "wall")
    verdicts = [comparison.ratio("fit loop", "bare step", Goal.at_most(1.03 if device.type == "cpu" else 1 / 0.95))]
    naive = Goal.at_least(1.2) if asked.backbone == "efficientnet_b0" and device.type == "cpu" else None
    verdicts.append(comparison.ratio("bare, NCHW", "fit loop", naive))
    conclude([comparison], verdicts, asked.json)


if __name__ == "__main__":
    main()
