"""`live.json`: the pace of a running sweep, for those who watch it from elsewhere. Gone when the sweep is at rest."""

import contextlib
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from tuneful.live.gpus import GpuUse
from tuneful.live.view import Pace

FILE = "live.json"


@dataclass(frozen=True)
class LiveStage:
    """The stage under way."""

    stage: str
    total: int
    epochs: int
    pace: Pace


def write_live(folder: Path, live: LiveStage) -> None:
    """Replace the file. It is no record: it may be lost, and a disk that can't take it stops nothing."""
    temporary = folder / f".{FILE}.tmp"
    with contextlib.suppress(OSError):
        temporary.write_text(json.dumps(dataclasses.asdict(live)))
        temporary.replace(folder / FILE)


def read_live(folder: Path) -> LiveStage | None:
    """What the sweep's process wrote last, or None."""
    try:
        body = json.loads((folder / FILE).read_text())
        pace = body["pace"]
        gpus = tuple(GpuUse(**gpu) for gpu in pace["gpus"])
        return LiveStage(
            body["stage"],
            body["total"],
            body["epochs"],
            Pace(**{**pace, "gpus": gpus, "running": tuple(pace["running"])}),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_live(folder: Path) -> None:
    """Remove the file."""
    with contextlib.suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)
