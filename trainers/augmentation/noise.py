"""Noise and background sounds, added at a level."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.context import WaveformContext
from trainers.augmentation.rows import device_generator, on_chosen, uniform
from trainers.augmentation.spec import BackgroundSpec, NoiseSpec
from trainers.errors import SpecError


def noise(waveform: Tensor, spec: NoiseSpec, rng: np.random.Generator) -> Tensor:
    """Add noise to each chosen row of (batch, samples).

    `level: snr`: relative to the row's root mean square, so a silent row stays silent. `level: amplitude`: a deviation
    uniform in min_amplitude .. max_amplitude (audiomentations' AddGaussianNoise, as BirdCLEF 2025 has it).
    """

    def noisier(rows: Tensor) -> Tensor:
        sound = COLORS[spec.color](rows, device_generator(rng, rows.device))
        if spec.level == "amplitude":
            return rows + uniform(spec.min_amplitude, spec.max_amplitude, rows, rng) * _unit_rms(sound)
        return _added(rows, sound, uniform(spec.min_snr_db, spec.max_snr_db, rows, rng))

    return on_chosen(waveform, spec.p, rng, noisier)


def background(waveform: Tensor, spec: BackgroundSpec, context: WaveformContext) -> Tensor:
    """Add a stretch of background to each chosen row of (batch, samples) (BirdCLEF 2023, there by amplitude).

    The ratio is that of the root mean squares: a silent row stays silent, a silent background adds nothing.

    Raises:
        SpecError: there is no background to draw from.
    """
    source, rng = context.background, context.rng
    if spec.p > 0 and source is None:
        raise SpecError(
            f"augmentation.background.p is {spec.p:g}, but there are no recordings of the subset {spec.subset!r}. "
            "Try: augmentation.background.subset=... or augmentation.background.p=0"
        )

    def amid(rows: Tensor) -> Tensor:
        assert source is not None
        return _added(rows, source(len(rows), rng).to(rows), uniform(spec.min_snr_db, spec.max_snr_db, rows, rng))

    return on_chosen(waveform, spec.p, rng, amid)


def white(like: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise with a flat spectrum, shaped (n, samples) as `like`."""
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)


def pink(like: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise whose power falls as 1/f: white noise, shaped in frequency, without the constant."""
    spectrum = torch.fft.rfft(white(like, generator))
    bins = torch.arange(spectrum.shape[-1], device=like.device, dtype=like.dtype)
    shape = bins.clamp_min(1).rsqrt() * (bins > 0)
    return torch.fft.irfft(spectrum * shape, like.shape[-1])  # type: ignore[no-any-return]


COLORS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {"white": white, "pink": pink}
"""Noises by name: (rows for shape and device, generator) -> noise of any level."""


def _added(signal: Tensor, sound: Tensor, snr_db: Tensor) -> Tensor:
    return signal + _rms(signal) * 10 ** (-snr_db / 20) * _unit_rms(sound)


def _unit_rms(sound: Tensor) -> Tensor:
    level = _rms(sound)
    return sound / level.where(level > 0, 1.0)


def _rms(sound: Tensor) -> Tensor:
    """(n, samples) -> (n, 1)."""
    return sound.square().mean(-1, keepdim=True).sqrt()
