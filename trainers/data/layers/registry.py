"""The layers of a catalogue, in the order in which they are applied."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trainers.data.layers.duplicates import with_duplicates
from trainers.data.layers.review import REVIEW, with_review


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
    "review": Layer(REVIEW, with_review),
}


def apply_layers(clips: pd.DataFrame, folder: Path, without: str | None = None) -> pd.DataFrame | None:
    """The clips as the layers in `folder` leave them, but for the one called `without`; None where nothing changes."""
    layered = clips
    for name, layer in LAYERS.items():
        if name != without and (folder / layer.file).exists():
            layered = layer.apply(layered, folder / layer.file)
    return None if layered is clips else layered
