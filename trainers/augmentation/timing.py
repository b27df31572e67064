"""Circular shifts and reversal in time, of waveforms and of spectrograms: time is the last axis."""

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.rows import on_chosen
from trainers.augmentation.spec import ReverseSpec, TimeShiftSpec


def time_shift(batch: Tensor, spec: TimeShiftSpec, rng: np.random.Generator) -> Tensor:
    """Roll each chosen row of (batch, ..., time) later by a fraction of its length; its end comes in at the start.

    ICBHI 2017 (audiomentations' Shift with rollover, 0.1 .. 0.9 of the waveform), Mix2 (0 .. 1 of the spectrogram, but
    one draw for the whole batch there).
    """

    def rolled(rows: Tensor) -> Tensor:
        steps = (rng.uniform(spec.min_fraction, spec.max_fraction, len(rows)) * rows.shape[-1]).astype(int)
        return torch.stack([row.roll(int(step), -1) for row, step in zip(rows, steps, strict=True)])

    return on_chosen(batch, spec.p, rng, rolled)


def reverse(batch: Tensor, spec: ReverseSpec, rng: np.random.Generator) -> Tensor:
    """Run each chosen row of (batch, ..., time) backwards (LH's horizontal flip)."""
    return on_chosen(batch, spec.p, rng, lambda rows: rows.flip(-1))
