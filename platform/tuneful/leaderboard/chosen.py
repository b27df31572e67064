"""Runs chosen for a submission: a finished run at one of its epochs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.records.submissions import Member
from analysis.records.sweep import SweepFolder, sweep_folder, sweep_names
from trainers.errors import SpecError
from tuneful.finished import FinishedRun, finished_runs


@dataclass(frozen=True)
class ChosenRun:
    """A finished run at one epoch."""

    run: FinishedRun
    epoch: int
    """from 1"""
    kept_epoch: int
    """the epoch whose checkpoint the run keeps"""

    @property
    def member(self) -> Member:
        """As the ledger of submissions names it; the epoch is always written out, so that equal predictions compare."""
        return Member(self.run.folder.name, self.run.key, self.epoch)

    @property
    def is_kept(self) -> bool:
        """Whether it is the epoch whose checkpoint and predictions are there."""
        return self.epoch == self.kept_epoch

    @property
    def checkpoint(self) -> Path:
        """The folder of its weights.

        Raises:
            SpecError: the run keeps another epoch's only.
            RecordsError: they are damaged or gone.
        """
        found = self.run.checkpoint if self.is_kept else self.run.folder.ledger(self.run.key).checkpoint(self.epoch)
        if found is None:
            raise SpecError(
                f"{self.run.where} has no weights of epoch {self.epoch}, it keeps those of epoch {self.kept_epoch}. "
                f"Try: @{self.kept_epoch}, or no epoch"
            )
        return found


def split_name(text: str) -> tuple[str, str | None, int | None]:
    """`loss:7@12` as (sweep, which of its trials or runs, epoch); what isn't said is None.

    Raises:
        SpecError: the epoch is no number from 1 on.
    """
    name, at, epoch = text.partition("@")
    if at and not re.fullmatch(r"0*[1-9]\d{0,8}", epoch):
        raise SpecError(f"the epoch in {text!r} must be a number from 1 on, got {epoch!r}. Try: {name}@12")
    sweep, _, which = name.partition(":")
    return sweep, which or None, int(epoch) if at else None


def chosen_runs(folder: SweepFolder, which: str | None, epoch: int | None) -> list[ChosenRun]:
    """The finished runs of a trial, each at the epoch.

    Args:
        folder: of their sweep.
        which: as in `finished_runs`.
        epoch: None for the epoch whose checkpoint each run keeps.

    Raises:
        SpecError: there are no such runs, or one has no such epoch.
    """
    return [_at(run, epoch) for run in finished_runs(folder, which)]


def runs_by_key(results: Path) -> dict[str, SweepFolder]:
    """The key of every run on record, and a sweep that it is of."""
    folders = [sweep_folder(results, name) for name in reversed(sweep_names(results))]
    return {key: folder for folder in folders for key in folder.run_keys()}


def common_data(chosen: Sequence[ChosenRun]) -> str:
    """The catalogue that all runs were trained on.

    Raises:
        SpecError: there are several.
    """
    names = sorted({one.run.spec.data.name for one in chosen})
    if len(names) > 1:
        raise SpecError(f"the runs are of several catalogues ({', '.join(names)}). Try: --competition NAME")
    return names[0]


def _at(run: FinishedRun, epoch: int | None) -> ChosenRun:
    epochs = run.folder.ledger(run.key).epochs()
    if epoch is not None and epoch > len(epochs):
        raise SpecError(f"{run.where} has {len(epochs)} epochs, not {epoch}. Try: @{len(epochs)} or less")
    kept = int(epochs[-1]["kept_epoch"])
    return ChosenRun(run, epoch or kept, kept)
