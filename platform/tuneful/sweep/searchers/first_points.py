"""At which trials the published points are tried: the first ones, and those with which an extension began.

`points.json` of the sweep's folder holds each block of points with the number of its first trial, once points were
added to a sweep that had begun. `sweep.yaml`, which is written after it, says which points count: a block of a start
that was killed between the two does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from analysis.errors import RecordsError
from analysis.records.files import read_record, write_record
from analysis.records.sweep import SCHEMA_VERSION, SEARCH, SweepFolder
from tuneful.space.conditions import show_value

FILE = "points.json"
Points = Sequence[Mapping[str, Any]]
"""Settings by path of each point, complete or in part."""


@dataclass(frozen=True)
class Block:
    """Points that are tried one after the other."""

    first: int
    """the trial of the first of them"""
    points: tuple[Mapping[str, Any], ...]

    @property
    def end(self) -> int:
        """The first trial after them."""
        return self.first + len(self.points)


def points_by_number(folder: SweepFolder, published: Points) -> dict[int, Mapping[str, Any]]:
    """The point of each trial that has one, for a sweep with these points.

    Raises:
        RecordsError: the record of the points is damaged.
    """
    blocks = _blocks(folder, published)
    return {number: point for block in blocks for number, point in enumerate(block.points, block.first)}


def keep_added(folder: SweepFolder, old: Points, new: Points) -> None:
    """Put on record that the points of `new` that `old` has not got are tried next.

    They come after all trials on record, and after the points that still wait for their turn.

    Raises:
        RecordsError: the record of the points is damaged.
    """
    added = tuple(point for point in new if point not in old)
    if not added:
        return
    blocks = _blocks(folder, old)
    first = max(folder.next_number(SEARCH), *(block.end for block in blocks))
    rows = [asdict(block) for block in (*blocks, Block(first, added))]
    write_record(folder.path / FILE, {"schema": SCHEMA_VERSION, "blocks": rows})


def lost_point(old: Points, new: Points) -> str | None:
    """Which of the `old` points is none of the `new`, in words; None: all are there still."""
    lost = next((point for point in old if point not in new), None)
    if lost is None:
        return None
    text = ", ".join(f"{path}: {show_value(value)}" for path, value in lost.items())
    return f"published held {{{text}}}, and does not any more"


def _blocks(folder: SweepFolder, published: Points) -> list[Block]:
    """The blocks of the points that a sweep has, in the order of their trials."""
    path = folder.path / FILE
    if not path.exists():
        return [Block(0, tuple(published))]
    body = read_record(path)
    if body is None:
        raise RecordsError(f"{path}: damaged. Try: --name for a new sweep")
    blocks = (Block(row["first"], tuple(row["points"])) for row in body["blocks"])
    return [block for block in blocks if all(point in published for point in block.points)]
