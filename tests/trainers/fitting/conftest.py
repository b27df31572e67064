"""Runs of the tiny dataset of tones."""

import pytest


@pytest.fixture(autouse=True)
def everything_at_home(at_home: None) -> None:
    """Every test here trains on `tones`."""
