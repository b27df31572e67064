"""What a sweep's runs stand on beside their configurations: the data, what `precision: auto` means, and the machine
where an objective is a time.

The first two are part of every run's key, which is made when its trial is planned. Data can change afterwards (a review
relabels clips), and another start can be on other hardware: a run would then be filed as what it is not, and other
sweeps would take it over.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from analysis.errors import RecordsError
from analysis.records.files import read_record, write_record
from analysis.records.sweep import SweepFolder
from trainers.errors import DataError, DeviceError

if TYPE_CHECKING:
    import torch

    from trainers.spec import RunSpec

FILE = "ground.json"
UNKNOWN = "a machine that is not on record"


@dataclass(frozen=True)
class Ground:
    """As it was when the trials of a sweep were planned."""

    data_digest: str
    precision: str
    """that `auto` means on the workers"""
    timed_on: str | None = None
    """the processor and a worker's share of it, where an objective is a time (`timing.py`)"""

    def check(self, spec: "RunSpec", data_digest: str, device: "torch.device") -> None:
        """Refuse to train a run on other ground than its key says.

        Raises:
            DataError: the data have changed.
            DeviceError: the worker computes in another precision.
        """
        if data_digest != self.data_digest:
            raise DataError(
                f"the data of {spec.data.name} have changed since this sweep was started ({self.data_digest} -> "
                f"{data_digest}). Try: end it, and start it under another --name"
            )
        from trainers.training.device import resolve_precision

        precision = resolve_precision(spec.training.precision, device)
        if spec.training.precision == "auto" and precision != self.precision:
            raise DeviceError(
                f"training.precision=auto is {precision} on this worker, {self.precision} on the others. "
                f"Try: --set training.precision={self.precision} under another --name"
            )


def check_data(folder: SweepFolder, data_digest: str) -> None:
    """The data are those that the sweep's trials were trained on, where it has any.

    Raises:
        RecordsError: they have changed.
    """
    old = read_record(folder.path / FILE)
    if old is not None and old["data_digest"] != data_digest:
        raise RecordsError(
            f"{folder.path}: its trials were trained on other data (digest {old['data_digest']}, now "
            f"{data_digest}). Try: --name {folder.name}-2, or undo the change of the data"
        )


def keep_ground(folder: SweepFolder, ground: Ground, auto: bool) -> None:
    """Note what a sweep stands on; when it goes on it must be the same.

    Args:
        folder: of the sweep.
        ground: now.
        auto: whether `training.precision` is auto in any of its trials; else its meaning is nobody's affair.

    Raises:
        RecordsError: it stood on something else.
    """
    path = folder.path / FILE
    old = read_record(path)
    if old is None:
        write_record(path, asdict(ground))
        return
    check_data(folder, ground.data_digest)
    if auto and old["precision"] != ground.precision:
        raise RecordsError(
            f"{folder.path}: its trials were trained in {old['precision']}, training.precision=auto is now "
            f"{ground.precision}. Try: --name {folder.name}-2, or the resources that it was started with"
        )
    before = old.get("timed_on")
    if before != ground.timed_on:
        raise RecordsError(
            f"{folder.path}: an objective is a time, and its trials were timed on {before or UNKNOWN}, now it is "
            f"{ground.timed_on}. Try: --name {folder.name}-2, or the machine and the resources of its first start"
        )


def timed_on_record(folder: SweepFolder) -> str | None:
    """What a sweep was timed on; None where no objective is a time, or nobody noted it."""
    ground = read_record(folder.path / FILE) or {}
    return ground.get("timed_on")
