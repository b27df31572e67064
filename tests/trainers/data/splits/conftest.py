"""Made-up rows of a catalogue."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

MakeClips = Callable[..., pd.DataFrame]


def make(n: int = 60, classes: int = 3, authors: int = 12, seed: int = 0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    given = {
        "clip_id": [f"clip{i:03}" for i in range(n)],
        "recording_id": [f"r{i}" for i in range(n)],
        "labels": [[f"c{rng.integers(classes)}"] for _ in range(n)],
        "secondary_labels": [[] for _ in range(n)],
        "author": [f"a{rng.integers(authors)}" for _ in range(n)],
        "site": [None] * n,
        "duration_s": [36.0] * n,
        "fold": [str(i % 3) for i in range(n)],
    }
    return pd.DataFrame({**given, **columns})


@pytest.fixture(scope="session")
def make_clips() -> MakeClips:
    """`make_clips(60, classes=3, authors=12, site=[...])`: clips of one random label and author each."""
    return make
