"""What is looked at: the clips of a catalogue, its recordings as measured, a few examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

TRAIN = "train"


@dataclass(frozen=True)
class Example:
    """A spectrogram of a clip as an image."""

    label: str
    """the class that it stands for; "" of a clip without labels"""
    subset: str
    clip_id: str
    image: str
    """a `data:` URI"""
    seconds: float
    """how much of the clip the image shows"""


@dataclass(frozen=True)
class DataView:
    """A catalogue to be looked at."""

    name: str
    source: str
    digest: str
    clips: pd.DataFrame
    """the catalogue's columns and its `extra_*`; `labels` is missing where a clip isn't labelled"""
    audio: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"content": [], "reason": []}))
    """a row per measured recording, by `content`; `reason` says why one couldn't be measured"""
    examples: tuple[Example, ...] = ()
    max_hz: float = 0.0
    """highest frequency of the examples' spectrograms"""
    spellings: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """column -> values that look the same and aren't"""

    @cached_property
    def subset(self) -> pd.Series:
        """(clips,) names; clips without one are training clips."""
        return self.clips["subset"].fillna(TRAIN)

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """The labelled training clips: what classes are counted on."""
        return self.clips[self.clips["labels"].notna() & (self.subset == TRAIN)]

    @cached_property
    def classes(self) -> pd.DataFrame:
        """A row per class, indexed by its name: `clips` and `secondary` of training clips, most frequent first."""
        primary = self.labelled["labels"].explode().dropna().value_counts()
        secondary = self.labelled["secondary_labels"].explode().dropna().value_counts()
        table = pd.DataFrame({"clips": primary, "secondary": secondary}).fillna(0).astype(int)
        order = np.lexsort([table.index.to_numpy(str), -table["clips"].to_numpy()])
        return table.iloc[order]

    @cached_property
    def matrix(self) -> csr_array:
        """(labelled clips, classes) 0 or 1: the labels of `labelled`, secondary ones too, classes as in `classes`."""
        place = {name: index for index, name in enumerate(self.classes.index)}
        both = zip(self.labelled["labels"], self.labelled["secondary_labels"], strict=True)
        sets = [{*one, *(() if other is None else other)} for one, other in both]
        rows = np.repeat(np.arange(len(sets)), [len(each) for each in sets])
        columns = [place[name] for each in sets for name in each]
        return csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=(len(sets), len(place)))

    @cached_property
    def measured(self) -> pd.DataFrame:
        """The recordings that could be measured, with what the first clip of each says: a row per recording."""
        audio = self.audio[self.audio["reason"].isna()]
        about = self.clips.drop_duplicates("content").drop(columns="duration_s")
        return audio.drop(columns="reason").merge(about, on="content", how="inner")

    @property
    def n_recordings(self) -> int:
        """Recordings by content: copies once."""
        return int(self.clips["content"].nunique())
