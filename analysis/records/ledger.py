"""The ledger of one run: every finished epoch an immutable segment, every checkpoint a folder with a manifest.

    <run key>/run.json                              what the run is: spec, fold, seed, data digest
    <run key>/attempt-0001/attempt.json             which epoch the attempt went on from
    <run key>/attempt-0001/epoch-0007.json          one finished epoch
    <run key>/attempt-0001/checkpoint-0007/         weights, optimizer, predictions, MANIFEST.json
    <run key>/reused.json                           where the run came from, if it was trained for another sweep
    <run key>/finished.json                         all epochs up to its attempt in one record (segments are gone)

An attempt can begin with the epoch of another run, its checkpoint among it (population based training): `attempt.json`
then holds an `exploit`, which says where it came from and which settings changed.

A checkpoint is published before the segment of its epoch, so an epoch that is on record can be resumed from.
A finished run can be gone on with: a later attempt adds to its record until `finish` compacts both.
The order of things is that of attempts and epochs, never that of clocks.
"""

import logging
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analysis.records.files import folder_is_whole, publish_folder, read_record, remove_temporaries, write_record

SCHEMA_VERSION = 1
REUSED = "reused.json"
KEPT_CHECKPOINTS = 2
"""Newest checkpoints kept while a run is going on: the second is the way back when the first is damaged."""

_log = logging.getLogger(__name__)


class RunLedger:
    """Reads and, within an attempt, writes what one run did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._attempt: Path | None = None

    # ---- reading

    @property
    def finished(self) -> dict[str, Any] | None:
        """The record of a finished run, or None."""
        return read_record(self.folder / "finished.json")

    @property
    def taken_from(self) -> str | None:
        """The sweep that trained the run, where it was taken over from another one; None where it was trained here."""
        mark = read_record(self.folder / REUSED)
        return None if mark is None else str(mark["sweep"])

    def identity(self) -> dict[str, Any] | None:
        """What the run is, as given to `begin`; the spec is that of what it took over last."""
        identity = read_record(self.folder / "run.json")
        exploits = self.exploits() if identity is not None else []
        return {**identity, "spec": exploits[-1]["spec"]} if identity is not None and exploits else identity

    def exploits(self) -> list[dict[str, Any]]:
        """What was taken over from other runs, in order, as given to `take_over`."""
        starts = (read_record(attempt / "attempt.json") for attempt in self._attempts())
        return [start["exploit"] for start in starts if start is not None and "exploit" in start]

    def epochs(self) -> list[dict[str, Any]]:
        """The finished epochs in order. Of an epoch done twice, the one of the newest attempt that counts."""
        found: dict[int, dict[str, Any]] = {}
        for limit, attempt in self._counting():
            for body in attempt:
                if body["epoch"] <= limit:
                    found.setdefault(body["epoch"], body)
        return list(_without_gaps(found))

    def newest_checkpoint(self) -> tuple[int, Path] | None:
        """The newest whole checkpoint as (epoch, folder). A damaged one is kept aside as `*.corrupt`."""
        on_record = len(self.epochs())
        for attempt in reversed(self._attempts()):
            for path in sorted(attempt.glob("checkpoint-[0-9][0-9][0-9][0-9]"), reverse=True):
                epoch = _number(path)
                if epoch > on_record:
                    continue  # killed between checkpoint and segment, or of a stale attempt
                if folder_is_whole(path):
                    return epoch, path
                aside = path.rename(path.with_name(f"{path.name}.corrupt"))
                _log.warning("%s is damaged: kept as %s, the run goes on from an older one", path, aside.name)
        return None

    def checkpoint(self, epoch: int) -> Path | None:
        """The whole checkpoint of an epoch, or None."""
        paths = (attempt / f"checkpoint-{epoch:04d}" for attempt in reversed(self._attempts()))
        return next((path for path in paths if folder_is_whole(path)), None)

    # ---- writing

    def begin(self, identity: dict[str, Any], resumed_from: int) -> int:
        """Open a new attempt that goes on after epoch `resumed_from` (0: from the start); returns its number."""
        remove_temporaries(self.folder)
        if self.identity() is None:
            write_record(self.folder / "run.json", {"schema": SCHEMA_VERSION, **identity})
        number = self._newest_attempt() + 1
        self._attempt = self.folder / f"attempt-{number:04d}"
        write_record(self._attempt / "attempt.json", {"attempt": number, "resumed_from": resumed_from})
        return number

    def take_over(self, epoch: dict[str, Any], fill: Callable[[Path], None], exploit: dict[str, Any]) -> None:
        """Put another run's epoch in the place of the own one of that number; the run goes on from there.

        All of it becomes a new attempt, which is there whole or not at all.

        Args:
            epoch: the other run's record.
            fill: writes its checkpoint into a folder.
            exploit: where it comes from, with the `spec` that the run goes on with.
        """
        remove_temporaries(self.folder)
        attempt, number = self._newest_attempt() + 1, epoch["epoch"]
        temporary = self.folder / f".attempt-{attempt:04d}.tmp"
        temporary.mkdir(parents=True)
        publish_folder(temporary / f"checkpoint-{number:04d}", fill)
        write_record(temporary / f"epoch-{number:04d}.json", {**epoch, "attempt": attempt})
        start = {"attempt": attempt, "resumed_from": number - 1, "exploit": exploit}
        write_record(temporary / "attempt.json", start)
        temporary.rename(self.folder / f"attempt-{attempt:04d}")

    def publish(self, epoch: dict[str, Any], save: Callable[[Path], None] | None) -> None:
        """Publish a finished epoch, its checkpoint (written by `save` into a folder) first.

        The checkpoint of its `kept_epoch`, the best so far, stays beside the newest ones; after the last epoch it is
        the only one.
        """
        attempt = self._writing()
        number = epoch["epoch"]
        if save is not None:
            publish_folder(attempt / f"checkpoint-{number:04d}", save)
        write_record(attempt / f"epoch-{number:04d}.json", {"attempt": _number(attempt), **epoch})
        going_on = epoch.get("state", "running") == "running"
        self._drop_checkpoints(up_to=number - KEPT_CHECKPOINTS if going_on else number, but=epoch.get("kept_epoch"))

    def finish(self, state: str, kept_epoch: int | None) -> None:
        """Compact a run that need not go on: one record for all epochs, one checkpoint."""
        record = {
            "schema": SCHEMA_VERSION,
            "state": state,
            "kept_epoch": kept_epoch,
            "attempt": self._newest_attempt(),
            "epochs": self.epochs(),
        }
        write_record(self.folder / "finished.json", record)
        for attempt in self._attempts():
            for path in attempt.glob("epoch-*.json"):
                path.unlink()
            for path in attempt.glob("checkpoint-*"):
                if path.name != f"checkpoint-{kept_epoch or 0:04d}":
                    shutil.rmtree(path)

    def _drop_checkpoints(self, up_to: int, but: int | None) -> None:
        for attempt in self._attempts():
            for path in attempt.glob("checkpoint-[0-9][0-9][0-9][0-9]"):
                if _number(path) <= up_to and _number(path) != but:
                    shutil.rmtree(path)

    def _writing(self) -> Path:
        if self._attempt is None:
            raise RuntimeError("RunLedger.begin opens an attempt before anything is published")
        return self._attempt

    def _attempts(self) -> list[Path]:
        return sorted(p for p in self.folder.glob("attempt-*") if re.fullmatch(r"attempt-\d{4}", p.name))

    def _newest_attempt(self) -> int:
        return max(map(_number, self._attempts()), default=0)

    def _counting(self) -> Iterator[tuple[float, list[dict[str, Any]]]]:
        """Epochs of every attempt, newest first, each with the last epoch of it that counts.

        What an attempt did beyond the epoch that a later one went on from is stale. `finished.json` stands for all
        attempts up to its own, whose segments, if a kill left some, count no more.
        """
        finished = self.finished
        limit = math.inf
        for attempt in reversed(self._attempts()):
            if finished is not None and _number(attempt) <= finished["attempt"]:
                break
            segments = map(read_record, sorted(attempt.glob("epoch-*.json")))
            yield limit, [body for body in segments if body is not None]
            start = read_record(attempt / "attempt.json")
            limit = min(limit, start["resumed_from"]) if start else limit
        if finished is not None:
            yield limit, finished["epochs"]


def _number(path: Path) -> int:
    """7 of `attempt-0007`, `checkpoint-0007`."""
    return int(path.name.rsplit("-", 1)[1])


def _without_gaps(epochs: dict[int, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Epochs 1, 2, 3, ...; what follows a missing one can't be relied on."""
    number = 1
    while number in epochs:
        yield epochs[number]
        number += 1
