"""Gain."""

import numpy as np
from torch import Tensor

from trainers.augmentation.rows import on_chosen, uniform
from trainers.augmentation.spec import GainSpec


def gain(waveform: Tensor, spec: GainSpec, rng: np.random.Generator) -> Tensor:
    """Multiply each chosen row of (batch, samples) by a factor uniform in decibels (ICBHI 2017: -15 .. 15 dB).

    Nothing is clipped: samples beyond full scale stay as they are, floats and the front end carry them.
    """

    def louder(rows: Tensor) -> Tensor:
        return rows * 10 ** (uniform(spec.min_db, spec.max_db, rows, rng) / 20)

    return on_chosen(waveform, spec.p, rng, louder)
