"""What of a sweep is mirrored already: kept beside the runs, so that nothing is sent twice."""

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.records.files import read_record, write_record

SCHEMA_VERSION = 2


@dataclass
class MirrorState:
    """The runs of one sweep at Weights & Biases."""

    prefix: str
    """of the runs' ids: the same sweep's name in two results folders must not be one run"""
    epochs: dict[str, int] = field(default_factory=dict)
    """trial -> epochs mirrored, in parts that are whole"""
    ended: dict[str, str] = field(default_factory=dict)
    """trial that is mirrored whole -> how it ended; one that failed may run once more"""
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    """trial -> the leaderboard scores that were added to it"""
    tables: str = ""
    """a digest of the tables mirrored last"""
    parts: set[str] = field(default_factory=set)
    """folders of wandb's runs that were written to their end; what a kill cut off is not among them"""

    def run_id(self, trial: str) -> str:
        """The id of a trial's run, the same whenever it is asked for."""
        return f"{self.prefix}-{plain_name(trial)}"


def plain_name(text: str) -> str:
    """`text` with what W&B doesn't take in the name of a run or an artifact replaced by `-`."""
    return re.sub(r"[^a-zA-Z0-9_.-]", "-", text)


def state_file(folder: Path) -> Path:
    """Where the state of a sweep's mirror is kept."""
    return folder / "wandb" / "mirrored.json"


def read_state(folder: Path) -> MirrorState:
    """The state of a sweep's mirror; a new one where there is none that can be read: all is then written anew."""
    body = read_record(state_file(folder))
    if body is None or body["schema"] != SCHEMA_VERSION:
        state = MirrorState(uuid.uuid4().hex[:8])
        write_state(folder, state)
        return state
    return MirrorState(
        body["prefix"], body["epochs"], body["ended"], body["scores"], body["tables"], set(body["parts"])
    )


def write_state(folder: Path, state: MirrorState) -> None:
    """Keep the state of a sweep's mirror."""
    body: dict[str, Any] = {**vars(state), "parts": sorted(state.parts)}
    write_record(state_file(folder), {"schema": SCHEMA_VERSION, **body})


def offline_parts(folder: Path) -> list[Path]:
    """Folders of wandb's offline runs, oldest first, whole or not. A trial that went on has several."""
    return sorted((folder / "wandb").glob("offline-run-*"))
