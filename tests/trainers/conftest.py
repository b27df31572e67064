"""Small recordings, written where a test runs, and a home of their own for catalogues and samples."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainers.data import store

WriteAudio = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `$TUNEFUL_HOME`."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TUNEFUL_HOME", str(folder))
    return folder


@pytest.fixture
def decode_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in threads of this process: starting processes takes a second."""

    def threads(workers: int) -> Executor:
        return ThreadPoolExecutor(workers)

    monkeypatch.setattr(store, "_executor", threads)


@pytest.fixture
def audio(tmp_path: Path) -> WriteAudio:
    """`audio("a/b.flac", seconds=2, rate=8000, channels=1)`: a recording of noise below `tmp_path / "root"`."""

    def write(name: str, seconds: float = 1.0, rate: int = 8000, channels: int = 1, **options: object) -> Path:
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(name.encode()) + int(1000 * seconds)
        samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * rate), channels))
        soundfile.write(path, samples, rate, **options)
        return path

    return write
