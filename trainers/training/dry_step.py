"""What one training step of a run takes of a GPU's memory, before a sweep is started on it."""

from dataclasses import dataclass

import torch

from trainers.data.dataset import load_run_data
from trainers.spec import RunSpec
from trainers.training.learner import Learner
from trainers.training.session import NoSession


@dataclass(frozen=True)
class StepMemory:
    """Bytes of a GPU."""

    peak: int | None
    """that torch's allocator held at most; None: more than there was"""
    total: int
    """that the GPU has"""


def step_memory(spec: RunSpec, device: torch.device) -> StepMemory:
    """Make one step of a run on a GPU, network, gradients and optimizer state included.

    Memory outside torch's allocator (the CUDA context, cuDNN's work space) is not in it: some hundred MiB a process.

    Raises:
        DataError: the catalogue isn't prepared.
    """
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    try:
        Learner(spec, load_run_data(spec), NoSession(device)).try_step()
    except torch.OutOfMemoryError:
        return StepMemory(None, total)
    return StepMemory(torch.cuda.max_memory_reserved(device), total)
