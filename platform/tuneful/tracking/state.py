"""What of a sweep is mirrored already: kept beside the runs, so that nothing is sent twice."""

import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.records.files import read_record, write_record

SCHEMA_VERSION = 1


@dataclass
class MirrorState:
    """The runs of one sweep at Weights & Biases."""

    prefix: str
    """of the runs' ids: the same sweep's name in two results folders must not be one run"""
    epochs: dict[str, int] = field(default_factory=dict)
    """trial -> epochs mirrored"""
    ended: set[str] = field(default_factory=set)
    """trials that are mirrored whole"""
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    """trial -> the leaderboard scores that were added to it"""

    def run_id(self, trial: str) -> str:
        """The id of a trial's run, the same whenever it is asked for."""
        return f"{self.prefix}-{re.sub(r'[^a-zA-Z0-9_.-]', '-', trial)}"


def state_file(folder: Path) -> Path:
    """Where the state of a sweep's mirror is kept."""
    return folder / "wandb" / "mirrored.json"


def read_state(folder: Path) -> MirrorState:
    """The state of a sweep's mirror; a new one where there is none."""
    body = read_record(state_file(folder))
    if body is None:
        state = MirrorState(uuid.uuid4().hex[:8])
        write_state(folder, state)
        return state
    return MirrorState(body["prefix"], body["epochs"], set(body["ended"]), body["scores"])


def write_state(folder: Path, state: MirrorState) -> None:
    """Keep the state of a sweep's mirror."""
    body: dict[str, Any] = {**vars(state), "ended": sorted(state.ended)}
    write_record(state_file(folder), {"schema": SCHEMA_VERSION, **body})
