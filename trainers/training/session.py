"""What `fit` needs from whoever runs it: which worker it is, where it computes, and where its epochs go."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from analysis.records.ledger import RunLedger

SaveCheckpoint = Callable[[Path], None]
"""Writes a checkpoint's files into an empty folder."""


@dataclass(frozen=True)
class EpochReport:
    """One finished epoch."""

    epoch: int
    """from 1"""
    state: str
    """running, finished (the last epoch, or stopped early) or diverged (the loss is no finite number)"""
    metrics: dict[str, float]
    protocol: str
    kept_epoch: int | None
    """the epoch whose checkpoint is to be kept, as far as is known now"""

    def record(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {
            "epoch": self.epoch,
            "state": self.state,
            "metrics": self.metrics,
            "protocol": self.protocol,
            "kept_epoch": self.kept_epoch,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "EpochReport":
        """The report that `record` was made of."""
        return cls(**{name: record[name] for name in ("epoch", "state", "metrics", "protocol", "kept_epoch")})


class Session(Protocol):
    """One worker's view of a run."""

    rank: int
    world_size: int
    device: torch.device

    def latest_checkpoint(self) -> Path | None:
        """The folder of the checkpoint to go on from, or None to start afresh."""

    def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:
        """Take a finished epoch. Every worker calls it once per epoch; `save` is None when nothing is to be kept."""


@dataclass
class LedgerSession:
    """A session whose first worker writes the run's ledger."""

    ledger: RunLedger
    identity: dict[str, Any]
    device: torch.device
    rank: int = 0
    world_size: int = 1
    resume: tuple[int, Path] | None = None
    """(epoch, folder) to go on from; found by whoever starts the workers, so that all agree"""
    _begun: bool = field(default=False, init=False)

    def latest_checkpoint(self) -> Path | None:
        """The checkpoint given as `resume`."""
        return self.resume[1] if self.resume else None

    def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:
        """Publish the epoch before anyone else hears of it."""
        if self.rank != 0:
            return
        if not self._begun:
            self.ledger.begin(self.identity, self.resume[0] if self.resume else 0)
            self._begun = True
        self.ledger.publish(report.record(), save)


@dataclass
class NoSession:
    """A single worker whose epochs are kept nowhere: for notebooks and timing."""

    device: torch.device
    rank: int = 0
    world_size: int = 1

    def latest_checkpoint(self) -> None:
        """Always from the start."""

    def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:
        """Nothing is kept."""


def local_session(ledger: RunLedger, identity: dict[str, Any], device: torch.device) -> LedgerSession:
    """A single worker that goes on from the newest whole checkpoint of the run."""
    return LedgerSession(ledger, identity, device, resume=ledger.newest_checkpoint())


def better(value: float, best: float, direction: str) -> bool:
    """Whether a metric beats the best so far, `direction` max or min; a NaN never does."""
    if math.isnan(value) or math.isnan(best):
        return not math.isnan(value)
    return value > best if direction == "max" else value < best
