"""Sweep files written where a test runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tuneful.space.sweep import Sweep, SweepOptions, load_sweep

Load = Callable[..., Sweep]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load(text, sets=[...])`: the sweep of a file `loss.yaml` with that text."""

    def load_text(text: str, **options: object) -> Sweep:
        path = tmp_path / "loss.yaml"
        path.write_text(text, encoding="utf-8")
        return load_sweep(path, SweepOptions(**options))  # type: ignore[arg-type]

    return load_text
