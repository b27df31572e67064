"""What augmentations of waveforms may need besides the waveforms and their section of the spec."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

Background = Callable[[int, np.random.Generator], Tensor]
"""(n, rng) -> (n, samples) floats: random stretches of background, as long and on the same device as the waveforms."""


@dataclass(frozen=True)
class WaveformContext:
    """The waveforms' rate in Hz, the source of all draws, and where background comes from (None: from nowhere)."""

    sample_rate: int
    rng: np.random.Generator
    background: Background | None = None
