"""A competition's list of classes against the labels of its training clips."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from trainers.data.catalogue import of_subset
from trainers.data.sources.table import read_header

MOST_NAMES = 5
ID_COLUMNS = frozenset({"row_id", "fname", "birds", "target", "label", ""})
"""Columns of a submission that are no classes."""


def submission_classes(path: Path) -> tuple[str, ...]:
    """The classes that the header of a `sample_submission.csv` names; none where it has one column for all.

    Raises:
        DataError: not UTF-8 text.
    """
    return tuple(name for name in read_header(path) if name not in ID_COLUMNS) if path.is_file() else ()


def class_notes(listed: Sequence[str], origin: str, clips: pd.DataFrame) -> list[str]:
    """What the list and the clips don't have in common.

    Args:
        listed: the competition's classes; empty: it has no list, so nothing is said.
        origin: where the list stands.
        clips: rows of a catalogue; those of the subset train count.
    """
    if not listed:
        return []
    training = of_subset(clips, "train")
    primary = set(training["labels"].explode().dropna())
    secondary = set(training["secondary_labels"].explode().dropna()) - primary
    return [
        *_note(set(listed) - primary - secondary, f"of {origin} have no training clip: they can't be learnt"),
        *_note(secondary & set(listed), f"of {origin} are only secondary labels of training clips"),
        *_foreign((primary | secondary) - set(listed), origin),
    ]


def _note(names: set[str], what: str) -> list[str]:
    return [f"{len(names)} classes {what}: {_few(names)}"] if names else []


def _foreign(names: set[str], origin: str) -> list[str]:
    if not names:
        return []
    fix = f"data.exclude_classes=[{', '.join(sorted(names))}]" if len(names) <= MOST_NAMES else "data.exclude_classes"
    return [f"{len(names)} labels of training clips are not in {origin}: {_few(names)}. Try: {fix}"]


def _few(names: set[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(sorted(names)[:MOST_NAMES]) + more
