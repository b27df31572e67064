"""The competitions of `instruments.py`: phrases of single instruments from two collections, rendered, as catalogues.

Phrases of a part of the data (train, target, public, private) are of samples that are heard in no other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from soundfonts import CLIP_S, RATE, Audio, Collection, Note, fluid, freepats, play

from trainers.data.catalogue import Catalogue, catalogue_names, load_catalogue, save_catalogue
from trainers.data.prepare import with_content
from trainers.home import home

FEWEST_SAMPLES = 4
KEYS = range(28, 101)
CLIPS = {"train": 24, "target": 6, "public": 8, "private": 8}
"""Phrases of each instrument."""


@dataclass(frozen=True)
class Task:
    """A competition: train on one collection, be judged on the other."""

    name: str
    source: Collection
    target: Collection
    programs: tuple[int, ...]


def tasks(root: Path) -> list[Task]:
    """Two disjoint halves of the instruments, both ways; every other instrument, so that both have all families."""
    one, other = fluid(root), freepats(root)
    known = [program for program in sorted(other.zones) if _is_class(program, one, other)]
    return [
        Task(f"instruments-{half + 1}-{source.name}-{target.name}", source, target, tuple(known[half::2]))
        for source, target in ((one, other), (other, one))
        for half in (0, 1)
    ]


def shared_keys(program: int, *collections: Collection) -> list[int]:
    """The keys that the instrument has in each of them."""
    return [key for key in KEYS if all(key in collection.zones.get(program, {}) for collection in collections)]


def _is_class(program: int, *collections: Collection) -> bool:
    keys = shared_keys(program, *collections)
    return all(len({one.zones.get(program, {}).get(key) for key in keys}) >= FEWEST_SAMPLES for one in collections)


def samples_by_part(program: int, task: Task) -> dict[str, tuple[Collection, list[list[int]]]]:
    """Of each part of the data the collection, and the keys of every sample that is heard there and nowhere else."""
    keys = shared_keys(program, task.source, task.target)
    rng = np.random.default_rng([program, 0])
    away = [_keys_by_sample(task.target, program, keys)[n] for n in rng.permutation(_count(task.target, program, keys))]
    target = max(1, round(len(away) / 4))
    public = target + (len(away) - target) // 2
    return {
        "train": (task.source, _keys_by_sample(task.source, program, keys)),
        "target": (task.target, away[:target]),
        "public": (task.target, away[target:public]),
        "private": (task.target, away[public:]),
    }


def _count(collection: Collection, program: int, keys: Sequence[int]) -> int:
    return len(_keys_by_sample(collection, program, keys))


def _keys_by_sample(collection: Collection, program: int, keys: Sequence[int]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for key in keys:
        found.setdefault(collection.zones[program][key], []).append(key)
    return list(found.values())


def phrase(keys: Sequence[int], rng: np.random.Generator) -> list[Note]:
    """Three notes, one after the other, of keys that sound the same sample."""
    starts = 0.1 + 1.6 * np.arange(3) + rng.uniform(0, 0.2, 3)
    return [
        Note(int(rng.choice(keys)), int(rng.integers(50, 116)), float(start), float(rng.uniform(0.3, 1.3)))
        for start in starts
    ]


@dataclass(frozen=True)
class Clip:
    """A rendered phrase."""

    part: str
    label: str
    sample: str
    audio: Audio


def render(task: Task, labels: dict[int, str]) -> Iterator[Clip]:
    """All clips of a competition, instrument by instrument; the samples of a part take turns."""
    for program in task.programs:
        for number, (part, (collection, samples)) in enumerate(samples_by_part(program, task).items(), 1):
            rng = np.random.default_rng([program, number])
            turns = [n % len(samples) for n in range(CLIPS[part])]
            phrases = [phrase(samples[turn], rng) for turn in turns]
            for turn, audio in zip(turns, play(collection, program, phrases), strict=True):
                yield Clip(part, labels[program], f"{labels[program]} {part} {turn}", audio)


def make(task: Task, labels: dict[int, str]) -> Catalogue:
    """Render a competition and add it as a catalogue, once; the judge's labels lie beside the recordings."""
    if task.name in catalogue_names():
        return load_catalogue(task.name)
    folder = home() / "instruments" / task.name
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    clips = list(render(task, labels))
    rows, hidden = [], []
    for number in np.random.default_rng(0).permutation(len(clips)):
        clip, name = clips[number], f"clip-{len(rows):05d}"
        soundfile.write(folder / "audio" / f"{name}.flac", clip.audio, RATE, subtype="PCM_16")
        rows.append(_row(name, clip))
        if clip.part in ("public", "private"):
            answer = {"clip_id": name, "start_s": 0.0, "labels": [clip.label], "part": clip.part, "sample": clip.sample}
            hidden.append(answer)
    (folder / "judge").mkdir(exist_ok=True)
    pd.DataFrame(hidden).to_parquet(folder / "judge" / "labels.parquet")
    return save_catalogue(task.name, "csv", folder, with_content(pd.DataFrame(rows), folder))


def _row(name: str, clip: Clip) -> dict[str, Any]:
    """Of the catalogue: what isn't a training clip has no label, and no sample either."""
    trained = clip.part == "train"
    return {
        "clip_id": name,
        "path": f"audio/{name}.flac",
        "recording_id": name,
        "start_s": 0.0,
        "duration_s": CLIP_S,
        "labels": [clip.label] if trained else None,
        "author": clip.sample if trained else None,
        "subset": clip.part if clip.part in ("train", "target") else "test",
    }
