"""Recordings with planted speech."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from trainers.data.catalogue import Catalogue, save_catalogue
from trainers.data.prepare import with_content
from trainers.data.voices import detect, pool
from trainers.data.voices.detect import Speech

RATE = 8000
PLANTED_S = {"talk": ((2.0, 3.0), (3.2, 4.0)), "song": (), "chat": ((0.0, 7.9),)}
"""stretches with speech of each recording of eight seconds"""


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    """Importing silero_vad sets the number of torch's threads for all tests that follow."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting processes takes seconds."""
    monkeypatch.setattr(pool, "_executor", ThreadPoolExecutor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings of noise, eight seconds each."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for seed, name in enumerate(PLANTED_S):
        noise = np.random.default_rng(seed).normal(0, 3000, 8 * RATE)
        soundfile.write(folder / f"{name}.wav", noise.astype(np.int16), RATE)
    return folder


@pytest.fixture
def birds(home: Path, folder: Path) -> Catalogue:
    """Four clips of them, two of `talk`: one with all its speech, one after it."""
    rows = pd.DataFrame(
        {
            "clip_id": ["talk-1", "talk-2", "song", "chat"],
            "path": ["talk.wav", "talk.wav", "song.wav", "chat.wav"],
            "recording_id": ["talk", "talk", "song", "chat"],
            "start_s": [1.0, 5.0, 0.0, 0.0],
            "duration_s": [4.0, 3.0, 8.0, 8.0],
            "labels": [["wren"], ["owl"], ["owl"], None],
            "author": ["ann", "ann", None, "bob"],
            "subset": ["train", "train", "train", "target"],
            "extra_country": ["NZ", None, "PE", "PE"],
        }
    )
    return save_catalogue("birds", "csv", folder, with_content(rows, folder))


@pytest.fixture
def speech(birds: Catalogue) -> Mapping[str, Speech]:
    """What was planted, by content."""
    names = dict(zip(birds.clips["content"], birds.clips["recording_id"], strict=True))
    return {content: as_speech(PLANTED_S[name]) for content, name in names.items()}


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch, in_threads: None) -> list[int]:
    """A detector that takes the first second of all for speech; the list grows with every recording it hears."""
    heard: list[int] = []

    def find(samples: np.ndarray, settings: object) -> Speech:
        heard.append(len(samples))
        return as_speech([(0.0, 1.0)])

    monkeypatch.setattr(detect, "find_speech", find)
    return heard


def as_speech(stretches: object) -> Speech:
    starts, ends = zip(*stretches, strict=True) if stretches else ((), ())  # type: ignore[misc]
    return Speech(tuple(starts), tuple(ends), (0.9,) * len(starts))
