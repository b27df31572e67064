"""All augmentations by name, and a whole AugmentationSpec applied."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from trainers.augmentation.context import Background, WaveformContext
from trainers.augmentation.filtering import filtering
from trainers.augmentation.loudness import gain
from trainers.augmentation.noise import background, noise
from trainers.augmentation.random_erasing import random_erasing
from trainers.augmentation.spec import AugmentationSpec
from trainers.augmentation.spec_augment import spec_augment
from trainers.augmentation.speed import pitch_shift, time_stretch
from trainers.augmentation.timing import reverse, time_shift

OfWaveform = Callable[[Tensor, Any, WaveformContext], Tensor]
OfSpectrogram = Callable[[Tensor, Any, np.random.Generator], Tensor]


def _by_draws_alone(change: OfSpectrogram) -> OfWaveform:
    return lambda waveform, spec, context: change(waveform, spec, context.rng)


WAVEFORM: dict[str, OfWaveform] = {
    "time_stretch": time_stretch,
    "pitch_shift": pitch_shift,
    "time_shift": _by_draws_alone(time_shift),
    "reverse": _by_draws_alone(reverse),
    "filtering": _by_draws_alone(filtering),
    "noise": _by_draws_alone(noise),
    "background": background,
    "gain": _by_draws_alone(gain),
}
"""In the order of application: ((batch, samples) float32, section, context) -> the same shape and dtype."""

SPECTROGRAM: dict[str, OfSpectrogram] = {
    "time_shift": time_shift,
    "reverse": reverse,
    "spec_augment": spec_augment,
    "random_erasing": random_erasing,
}
"""In the order of application: ((batch, channels, mels, frames), section, rng) -> the same shape."""


def augment_waveform(
    waveform: Tensor,
    spec: AugmentationSpec,
    sample_rate: int,
    rng: np.random.Generator,
    background: Background | None,
) -> Tensor:
    """Apply what a spec has for waveforms, each augmentation to rows of its own choice.

    Args:
        waveform: (batch, samples) float32; nothing is clipped.
        spec: `concatenate` is none of this module's: it happens where segments are cut.
        sample_rate: of the waveforms, Hz.
        rng: all draws.
        background: gives stretches of background; needed where `background.p` > 0.

    Returns:
        (batch, samples); `waveform` itself where all probabilities are 0.

    Raises:
        SpecError: background is asked for and there is none.
    """
    context = WaveformContext(sample_rate, rng, background)
    for name, change in WAVEFORM.items():
        if _applies(spec, name, "waveform"):
            waveform = change(waveform, getattr(spec, name), context)
    return waveform


def augment_spectrogram(spectrogram: Tensor, spec: AugmentationSpec, rng: np.random.Generator) -> Tensor:
    """Apply what a spec has for spectrograms (batch, channels, mels, frames), the same to all channels of a sample."""
    for name, change in SPECTROGRAM.items():
        if _applies(spec, name, "spectrogram"):
            spectrogram = change(spectrogram, getattr(spec, name), rng)
    return spectrogram


def _applies(spec: AugmentationSpec, name: str, domain: str) -> bool:
    section = getattr(spec, name)
    return section.p > 0 and getattr(section, "on", domain) == domain
