"""Out of a GPU's memory: a run goes on once with batches of half the size, two of which are added up for a step.

The steps are of as many clips as before, so the run keeps its key; batch normalisation and mixing see the smaller
batches, so its numbers are not quite those of a larger GPU. It is said: the epochs trained so have
`train/micro_batch` among their metrics, and `memory.json` beside the ledger's records says from which epoch on. That
file is also how the workers of a distributed run, which fail one by one and are started again together, agree.
"""

import dataclasses
import gc
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.records.files import read_record, write_record
from trainers.errors import SpecError
from trainers.spec import RunSpec

if TYPE_CHECKING:
    from trainers.data.dataset import RunData
    from trainers.training.session import EpochReport, SaveCheckpoint, Session

FILE = "memory.json"
METRIC = "train/micro_batch"
SIGNS = ("out of memory", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED")


class NoMemoryError(SpecError):
    """A run that doesn't fit the GPU, with half its micro-batch neither."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is a GPU's refusal of memory; the libraries below torch say it in words."""
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)


def halved(spec: RunSpec, workers: int) -> RunSpec | None:
    """The spec with half the batch, accumulated over twice as many; None where a worker's share can't be halved."""
    training = spec.training
    if training.batch_size % (2 * workers):
        return None
    smaller = training.model_copy(
        update={"batch_size": training.batch_size // 2, "accumulate": training.accumulate * 2}
    )
    return spec.model_copy(update={"training": smaller})


def fit_within_memory(
    spec: RunSpec, data: "RunData", folder: Path, session: "Session"
) -> Generator["EpochReport", None, bool]:
    """`fit`, which notes when memory was too little; returns whether the run is to be gone on with in smaller batches.

    Args:
        spec: of the run.
        data: of the run.
        folder: of the run's ledger.
        session: this worker.

    Raises:
        NoMemoryError: the memory is too little for half the micro-batch, too, or that can't be halved.
    """
    from trainers.fit import fit

    smaller = halved(spec, session.world_size) if note(folder) else None
    telling = _Telling(session, smaller) if smaller is not None else None
    try:
        for report in fit(smaller or spec, data, telling or session):
            yield telling.told(report) if telling else report
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if smaller is not None or halved(spec, session.world_size) is None:
            raise _too_little(smaller or spec, session.world_size) from None
        write_record(folder / FILE, {"batch_size": spec.training.batch_size // 2, "of": spec.training.batch_size})
        if session.world_size > 1:  # the other workers are in the middle of a step: all are started again
            raise
    else:
        return False
    release()  # only now: the error holds on to the step's tensors
    return True


def _too_little(spec: RunSpec, workers: int) -> NoMemoryError:
    return NoMemoryError(
        f"the GPU's memory is too little for {spec.training.batch_size // workers} clips at once. Try: a smaller "
        "training.batch_size with training.accumulate, shorter segments, or fewer trials per GPU"
    )


@dataclasses.dataclass
class _Telling:
    """A session whose epochs say how small their batches were."""

    inner: "Session"
    spec: RunSpec

    def __post_init__(self) -> None:
        self.rank, self.world_size, self.device = self.inner.rank, self.inner.world_size, self.inner.device

    def latest_checkpoint(self) -> Path | None:
        return self.inner.latest_checkpoint()

    def report(self, report: "EpochReport", save: "SaveCheckpoint | None") -> None:
        self.inner.report(self.told(report), save)

    def told(self, report: "EpochReport") -> "EpochReport":
        share = self.spec.training.batch_size // self.world_size
        return dataclasses.replace(report, metrics={**report.metrics, METRIC: float(share)})


def release() -> None:
    """Give back what nothing refers to any more: other processes on the GPU can't have it otherwise."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def note(folder: Path) -> dict[str, Any] | None:
    """What `memory.json` of a run's ledger says, or None."""
    return read_record(folder / FILE)
