"""What a run takes of a GPU's memory, tried with a step and a batch of evaluation before a sweep is started on it."""

from dataclasses import dataclass, replace

import torch

from trainers.data.dataset import load_run_data
from trainers.spec import RunSpec
from trainers.training.evaluate import try_batch
from trainers.training.learner import Learner
from trainers.training.memory import is_out_of_memory
from trainers.training.session import NoSession


@dataclass(frozen=True)
class RunMemory:
    """Bytes of a GPU."""

    total: int
    """that the GPU has"""
    step: int | None = None
    """that torch's allocator held at most, up to the end of a training step; None: more than there was"""
    evaluation: int | None = None
    """the same up to the end of a batch of evaluation"""
    kept: int = 0
    """that a run holds on to while it waits for its next epoch: weights, the optimizer's moments, a moving average"""


def run_memory(spec: RunSpec, device: torch.device) -> RunMemory:
    """Make one step of a run on a GPU, gradients and optimizer state included, and evaluate one batch.

    Memory outside torch's allocator (the CUDA context, cuDNN's work space) is not in it: some hundred MiB a process.

    Raises:
        DataError: the catalogue isn't prepared.
    """
    found = RunMemory(torch.cuda.get_device_properties(device).total_memory)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    try:
        learner = Learner(spec, load_run_data(spec), NoSession(device))
        learner.try_step()
        step, kept = torch.cuda.max_memory_reserved(device), torch.cuda.memory_allocated(device)
        found = replace(found, step=step, kept=kept)
        try_batch(learner.evaluated, spec, learner.data.val, device)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return found
    return replace(found, evaluation=torch.cuda.max_memory_reserved(device))
