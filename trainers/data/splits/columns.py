"""Columns of a catalogue as splits read them."""

import numpy as np
import pandas as pd

from trainers.errors import DataError


def require_values(clips: pd.DataFrame, column: str, field: str) -> None:
    """Raise DataError, with the columns there are, unless a column exists and holds a value.

    Args:
        clips: rows of a catalogue.
        column: the name to look for.
        field: the setting that names it, such as `data.split.group_by`.
    """
    if column not in clips or clips[column].isna().all():
        filled = ", ".join(str(name) for name in clips if clips[name].notna().any())
        raise DataError(f"{field}: the column {column!r} is empty. Columns with values: {filled}")


def joined_values(clips: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """(clips,) texts: the values of several columns joined, so that equal texts are equal values in all of them.

    A missing value is a value of its own; a list counts as the set of what is in it.
    """
    texts = [[_text(value) for value in clips[column]] for column in columns]
    return np.array(["\x1f".join(row) for row in zip(*texts, strict=True)], dtype=object)


def _text(value: object) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return "+".join(sorted(map(str, value)))
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]  # a scalar here


def label_matrix(clips: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """(clips, classes) bool, which labels each clip has, and the classes; secondary labels don't count."""
    classes = sorted({label for labels in clips["labels"] for label in labels})
    number = {name: column for column, name in enumerate(classes)}
    matrix = np.zeros((len(clips), len(classes)), bool)
    for row, labels in enumerate(clips["labels"]):
        matrix[row, [number[label] for label in labels]] = True
    return matrix, classes
