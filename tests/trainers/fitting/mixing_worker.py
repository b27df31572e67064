"""One of two gloo workers: the loss and the gradients of its first batch, for several specs.

python mixing_worker.py '{"specs": [...], "rank": 0, "meet": FILE, "out": FOLDER}'
"""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file

from trainers.data.dataset import load_run_data
from trainers.spec import RunSpec
from trainers.training.batches import DEVICE, stream, train_batches
from trainers.training.learner import Learner, seeded
from trainers.training.session import NoSession


def first_step(spec: RunSpec, rank: int, of: int, world_size: int) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients of worker `rank`'s share (of `of` workers) of the first batch; the model is alone or, where
    world_size > 1, one of DDP's."""
    learner = Learner(spec, load_run_data(spec), NoSession(torch.device("cpu"), rank, world_size))
    learner.network.train()
    batch = next(train_batches(spec, learner.data.train, 1, rank, of))
    with seeded(rank, torch.device("cpu")):
        loss = learner._loss(batch, stream(spec.seed, 1, DEVICE, rank))
        loss.backward()
    gradients = {name: p.grad.contiguous() for name, p in learner.model.named_parameters() if p.grad is not None}
    return loss.item(), gradients


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{job['meet']}", rank=job["rank"], world_size=2)
    losses = []
    for number, resolved in enumerate(job["specs"]):
        loss, gradients = first_step(RunSpec.model_validate_json(json.dumps(resolved)), job["rank"], 2, 2)
        losses.append(loss)
        save_file(gradients, Path(job["out"]) / f"{number}-{job['rank']}.safetensors")
    print(json.dumps(losses))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
