"""What people decided about the clips of a catalogue, as a log that only grows.

    {"seq": 1, "decision": "drop", "clip_id": "XC1", "content": "9f...", "before": ["wren"], "runs": ["0123..."], ...}
    {"seq": 2, "decision": "relabel", "clip_id": "XC2", ..., "labels": ["owl"], "before": ["wren"]}
    {"seq": 3, "decision": "undo", "undoes": 2, "time": "2025-05-01T12:00:00+00:00"}

What holds is found by replaying the log: of each clip, its last decision that wasn't undone. `seq` gives the order;
`time` is for people. A last line that was cut off (a kill, a full disk) was never confirmed to anybody: it doesn't
count.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from trainers.errors import DataError

KEEP, DROP, RELABEL, UNDO = "keep", "drop", "relabel", "undo"
DECISIONS = (KEEP, DROP, RELABEL)


@dataclass(frozen=True)
class Review:
    """A log of decisions, replayed."""

    entries: tuple[dict[str, Any], ...]
    """every line, in order"""
    torn: bool
    """the last line was cut off, and is ignored"""

    @property
    def standing(self) -> list[dict[str, Any]]:
        """The decisions that were not undone, in order."""
        undone = {entry["undoes"] for entry in self.entries if entry["decision"] == UNDO}
        return [entry for entry in self.entries if entry["decision"] != UNDO and entry["seq"] not in undone]

    @property
    def effective(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By (clip_id, content): the decision that holds."""
        return {(entry["clip_id"], entry["content"]): entry for entry in self.standing}

    @property
    def runs(self) -> set[str]:
        """The runs whose predictions led to decisions."""
        return {run for entry in self.entries for run in entry.get("runs", ())}

    @property
    def next_seq(self) -> int:
        """Of the next line."""
        return self.entries[-1]["seq"] + 1 if self.entries else 1


def decision(
    clip: Mapping[Any, Any], kind: str, labels: Sequence[str] | None = None, runs: Sequence[str] = ()
) -> dict[str, Any]:
    """What `append` writes of a decision about a row of a catalogue.

    Args:
        clip: the row: clip_id, content, and its labels, which are kept as `before`.
        kind: keep, drop or relabel.
        labels: of a relabelled clip; empty: nothing is active.
        runs: keys of those whose predictions led to it.
    """
    about = {"decision": kind, "clip_id": clip["clip_id"], "content": clip["content"]}
    return about | {"labels": _listed(labels), "before": _listed(clip["labels"]), "runs": [*runs]}


def read_review(path: Path) -> Review:
    """Read a log; there may be none yet.

    Raises:
        DataError: a line other than the last is damaged.
    """
    try:
        return _parse(path.read_bytes(), path)
    except FileNotFoundError:
        return Review((), False)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}). Try: mend the file's permissions") from None


def append(path: Path, decisions: Iterable[dict[str, Any]]) -> Review:
    """Add decisions (or undos) to the log, on the disk when this returns. A line that was cut off is removed first.

    Raises:
        DataError: the log is damaged or can't be written.
    """
    try:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two people may review one catalogue at a time
            return _append(file, path, decisions)
    except OSError as error:
        raise DataError(f"{path}: can't be written ({error.strerror}). Try: free some space") from None


def undo(path: Path, count: int = 1) -> list[dict[str, Any]]:
    """Take back the last decisions that stand, the latest first; returns them.

    Raises:
        DataError: fewer than `count` stand, or as `append`.
    """
    standing = read_review(path).standing
    if not 1 <= count <= len(standing):
        raise DataError(f"{count} decisions can't be undone, {len(standing)} stand. Try: --log shows them")
    taken_back = standing[: -count - 1 : -1]
    append(path, [{"decision": UNDO, "undoes": entry["seq"]} for entry in taken_back])
    return taken_back


def _parse(content: bytes, path: Path) -> Review:
    *lines, rest = content.split(b"\n")
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            entries.append(_entry(line, entries))
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{path}:{number}: damaged, and what follows depends on it. Try: a copy of the file, or remove it to "
                "start the review again"
            ) from None
    return Review(tuple(entries), bool(rest))


def _entry(line: bytes, before: list[dict[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(line)
    if entry["seq"] != len(before) + 1:
        raise ValueError
    if entry["decision"] == UNDO:
        int(entry["undoes"])
    elif entry["decision"] not in DECISIONS or (entry["labels"] is None) == (entry["decision"] == RELABEL):
        raise ValueError
    else:
        _ = entry["clip_id"], entry["content"]
    return entry


def _append(file: IO[bytes], path: Path, decisions: Iterable[dict[str, Any]]) -> Review:
    file.seek(0)
    content = file.read()
    review = _parse(content, path)
    whole = content[: content.rfind(b"\n") + 1]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new = [{"seq": seq, **entry, "time": now} for seq, entry in enumerate(decisions, review.next_seq)]
    file.truncate(len(whole))
    try:
        file.write(b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in new))
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        file.truncate(len(whole))
        raise
    return Review((*review.entries, *new), False)


def _listed(labels: Iterable[str] | None) -> list[str] | None:
    return None if labels is None else [str(name) for name in labels]
