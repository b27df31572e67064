"""Small runs for tests of networks."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from trainers.config.build import build_spec, parse_overrides
from trainers.config.yamlfile import parse_document
from trainers.spec import RunSpec

SMALL = """
data: {sample_rate: 4000}
segments: {duration_s: 0.5, train_crop: center}
front_end: {n_fft: 128, hop_length: 32, n_mels: 32, f_min: 0.0}
model: {name: timm, backbone: test_efficientnet}
training: {batch_size: 2}
"""
SAMPLES = 2000


def small_spec(*overrides: str) -> RunSpec:
    return build_spec(parse_document(SMALL), [parse_overrides(overrides)])


def some_waveforms(batch: int, samples: int = SAMPLES) -> torch.Tensor:
    generator = torch.Generator().manual_seed(batch)
    return 0.1 * torch.randn(batch, samples, generator=generator)


@pytest.fixture(scope="session")
def run() -> Callable[..., RunSpec]:
    """`run("model.freeze=true", ...)`: half a second at 4 kHz as 32 bands of 63 frames, test_efficientnet."""
    return small_spec


@pytest.fixture(scope="session")
def waveforms() -> Callable[..., Any]:
    """`waveforms(batch)`: the same noise for the same batch size."""
    return some_waveforms
