"""Catalogue rows and hidden labels of rendered recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from trainers.data.sources.chorus.focal import Focal
from trainers.data.sources.chorus.people import make_author, make_site, plan_clips
from trainers.data.sources.chorus.soundscapes import Soundscape
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.sources.chorus.species import make_species
from trainers.data.sources.chorus.streams import Stream, generator

Row = dict[str, Any]

COLUMNS = [
    "clip_id",
    "path",
    "recording_id",
    "start_s",
    "duration_s",
    "labels",
    "secondary_labels",
    "author",
    "site",
    "subject",
    "recorded_at",
    "rating",
    "collection",
    "subset",
    "verified",
    "latitude",
    "longitude",
]


@dataclass(frozen=True)
class Item:
    """One file to render: the subset (train, target or test) and its number there."""

    subset: str
    index: int

    @property
    def name(self) -> str:
        """Clip id and file name: says nothing about the content."""
        return f"{self.subset}-{self.index:05d}"

    @property
    def path(self) -> str:
        """Where the file lies, relative to the folder of the competition."""
        return f"audio/{self.subset}/{self.name}.flac"


def _when(rng: np.random.Generator, first_year: int, years: int) -> str:
    """Draw a moment, mostly in the early morning."""
    day = datetime(first_year, 1, 1) + timedelta(days=int(rng.integers(365 * years)))
    return (day + timedelta(minutes=int(rng.normal(7, 2.5) * 60) % 1440)).isoformat(timespec="minutes")


def _row(item: Item, duration_s: float, values: Row) -> Row:
    """Return a row with every column; those not given are None."""
    given = {"clip_id": item.name, "path": item.path, "recording_id": f"rec-{item.name}", "start_s": 0.0}
    row = dict.fromkeys(COLUMNS) | given | {"duration_s": duration_s, "subset": item.subset} | values
    return {column: row[column] for column in COLUMNS}


def focal_row(spec: ChorusSpec, item: Item, focal: Focal) -> Row:
    """Return the row of a training clip. ``songbank`` rates its clips, ``fieldnotes`` does not."""
    plan = plan_clips(spec)[item.index]
    author, rng = make_author(spec, plan.author), generator(spec, Stream.FOCAL, item.index, 1)
    songbank = rng.random() < 0.7
    place = int(rng.integers(3))
    stars = 1 + 4 * (focal.snr_db - spec.focal_snr_min_db) / max(spec.focal_snr_max_db - spec.focal_snr_min_db, 1e-9)
    values: Row = {
        "labels": [make_species(spec)[plan.species].code],
        "secondary_labels": list(focal.secondary_labels),
        "author": author.name,
        "site": f"{author.name}-{'abc'[place]}",
        "recorded_at": _when(rng, 2012, 12),
        "rating": float(np.clip(round(2 * (stars + rng.normal(0, 0.5))) / 2, 1, 5)) if songbank else None,
        "collection": "songbank" if songbank else "fieldnotes",
        "verified": bool(rng.random() < 0.7),
        "latitude": round(author.latitude + 0.05 * place, 4),
        "longitude": round(author.longitude - 0.05 * place, 4),
    }
    return _row(item, len(focal.audio) / spec.sample_rate, values)


def soundscape_row(spec: ChorusSpec, item: Item, soundscape: Soundscape) -> Row:
    """Return the row of a soundscape: nothing about what sings there."""
    site = make_site(spec, soundscape.site)
    rng = generator(spec, Stream.SITE, soundscape.site, item.index, int(item.subset == "test"))
    values: Row = {
        "secondary_labels": [],
        "site": site.name,
        "recorded_at": _when(rng, 2025, 1),
        "collection": "recorders",
        "latitude": site.latitude,
        "longitude": site.longitude,
    }
    return _row(item, len(soundscape.audio) / spec.sample_rate, values)


def hidden_rows(spec: ChorusSpec, item: Item, windows: Sequence[Sequence[str]]) -> list[Row]:
    """Return the true labels of a soundscape, one row per window."""
    return [
        {"clip_id": item.name, "start_s": number * spec.window_s, "labels": list(labels)}
        for number, labels in enumerate(windows)
    ]


def public_files(spec: ChorusSpec) -> set[int]:
    """Return the numbers of the test files behind the public score."""
    order = generator(spec, Stream.PARTS).permutation(spec.n_test_files)
    return set(order[: round(spec.public_share * spec.n_test_files)].tolist())
