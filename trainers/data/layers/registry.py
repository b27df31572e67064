"""The layers of a catalogue, in the order in which they are applied."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trainers.data.layers.duplicates import with_duplicates


@dataclass(frozen=True)
class Layer:
    """A file in the catalogue's folder, and what it makes of the clips.

    The table that was added stays as it is: taking a layer's file away takes back what it did, digest included.
    """

    file: str
    apply: Callable[[pd.DataFrame, Path], pd.DataFrame]
    """(clips, path of the file) -> clips; raises DataError where the file can't be read"""


LAYERS = {
    "duplicates": Layer("duplicates.parquet", with_duplicates),
}


def apply_layers(clips: pd.DataFrame, folder: Path) -> pd.DataFrame | None:
    """The clips as the layers in `folder` leave them; None where there are none."""
    there = [layer for layer in LAYERS.values() if (folder / layer.file).exists()]
    for layer in there:
        clips = layer.apply(clips, folder / layer.file)
    return clips if there else None
