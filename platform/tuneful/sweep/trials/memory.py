"""Out of a GPU's memory: a run goes on once with each batch computed in two halves, whose gradients are added up.

The same clips are shown in the same steps at the same learning rates, so the run keeps its key; batch normalisation,
mixing and random draws see the halves, so its numbers are not quite those of a larger GPU. It is said: the epochs
trained so have `train/micro_batch` among their metrics, and there is a `memory.json` beside the ledger's records. That
file is also how the workers of a distributed run, which fail one by one and are started again together, agree.

Evaluation needs none of this: how large its batches are changes no score, so it makes them smaller by itself
(`trainers.training.memory`).
"""

import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.records.files import read_record, write_record
from trainers.spec import RunSpec

if TYPE_CHECKING:
    from trainers.data.dataset import RunData
    from trainers.training.session import EpochReport, SaveCheckpoint, Session

FILE = "memory.json"
METRIC = "train/micro_batch"


def can_be_halved(spec: RunSpec, share: int) -> bool:
    """Whether a worker's `share` of a batch can be computed in halves."""
    of_bands = spec.mixing.name == "mix2" and spec.mixing.variant == "as_released"  # needs as many clips as mel bands
    return share > 1 and not of_bands


def fit_within_memory(
    spec: RunSpec, data: "RunData", folder: Path, session: "Session"
) -> Generator["EpochReport", None, bool]:
    """`fit`, which notes when memory was too little; returns whether the run is to be gone on with in micro-batches.

    Args:
        spec: of the run.
        data: of the run.
        folder: of the run's ledger.
        session: this worker.

    Raises:
        NoMemoryError: the memory is too little for half the batch, too, or that can't be halved.
    """
    from trainers.fit import fit
    from trainers.training.memory import NoMemoryError, is_out_of_memory, release

    share = spec.training.batch_size // session.world_size
    halves, half = note(folder) is not None, -(-share // 2)
    telling, micro_batches = (_Telling(session, half), 2) if halves else (None, 1)
    try:
        for report in fit(spec, data, telling or session, micro_batches):
            yield telling.told(report) if telling else report
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if halves or not can_be_halved(spec, share):
            raise NoMemoryError(
                f"the GPU's memory is too little to train on {half if halves else share} clips at once. Try: a smaller "
                "training.batch_size with training.accumulate, shorter segments, fewer trials per GPU, or fewer runs "
                "per trial (folds, repeats)"
            ) from None
        write_record(folder / FILE, {"micro_batch": half, "of": share})
        if session.world_size > 1:  # the other workers are in the middle of a step: all are started again
            raise
    else:
        return False
    release()  # only now: the error holds on to the step's tensors
    return True


@dataclasses.dataclass
class _Telling:
    """A session whose epochs say how small their micro-batches were."""

    inner: "Session"
    micro_batch: int
    """clips of a worker at once"""

    def __post_init__(self) -> None:
        self.rank, self.world_size, self.device = self.inner.rank, self.inner.world_size, self.inner.device

    def latest_checkpoint(self) -> Path | None:
        return self.inner.latest_checkpoint()

    def report(self, report: "EpochReport", save: "SaveCheckpoint | None") -> None:
        self.inner.report(self.told(report), save)

    def told(self, report: "EpochReport") -> "EpochReport":
        return dataclasses.replace(report, metrics={**report.metrics, METRIC: float(self.micro_batch)})


def note(folder: Path) -> dict[str, Any] | None:
    """What `memory.json` of a run's ledger says, or None."""
    return read_record(folder / FILE)
