"""Tempo and pitch, each without the other."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from trainers.augmentation.context import WaveformContext
from trainers.augmentation.rows import on_chosen, uniform
from trainers.augmentation.spec import PitchShiftSpec, TimeStretchSpec
from trainers.augmentation.vocoder import stretched

WINDOW_S = 0.064
"""Of the vocoder's window, about: it has the nearest power of two of samples."""

ROWS = 16
"""Rows at a time: spectra with four-fold overlap are large, about 30 MiB a row at 5 s of 32 kHz."""


def time_stretch(waveform: Tensor, spec: TimeStretchSpec, context: WaveformContext) -> Tensor:
    """Change the tempo of each chosen row of (batch, samples) by a factor of its own (BirdCLEF 2025: 0.8 .. 1.2).

    What gets longer is cut at the segment's end, what gets shorter is followed by silence. Phase vocoder.
    """
    samples, n_fft = waveform.shape[-1], _window(context.sample_rate)

    def change(rows: Tensor) -> Tensor:
        rates = uniform(spec.min_rate, spec.max_rate, rows, context.rng)[:, 0]
        parts = zip(torch.split(rows, ROWS), torch.split(rates, ROWS), strict=True)
        return torch.cat([stretched(some, rate, samples, n_fft) for some, rate in parts])

    return on_chosen(waveform, spec.p, context.rng, change)


def pitch_shift(waveform: Tensor, spec: PitchShiftSpec, context: WaveformContext) -> Tensor:
    """Change the pitch of each chosen row of (batch, samples) by semitones of its own (BirdCLEF 2025: -4 .. 4).

    Phase vocoder, then resampling to the old length. What would come to lie above half the sample rate is gone.
    Resampling is exact at any ratio (`resized`). `torchaudio.functional.pitch_shift` takes one shift per call, and its
    resampler tabulates a filter per pair of coprime rates: for 1.3 semitones at 8 kHz a table of 8000 x 8637 floats
    (264 MiB), which takes seconds to compute.
    """
    n_fft = _window(context.sample_rate)

    def change(rows: Tensor) -> Tensor:
        semitones = uniform(spec.min_semitones, spec.max_semitones, rows, context.rng)[:, 0]
        parts = zip(torch.split(rows, ROWS), torch.split(semitones, ROWS), strict=True)
        return torch.cat([_shifted(some, shift, n_fft) for some, shift in parts])

    return on_chosen(waveform, spec.p, context.rng, change)


def _shifted(rows: Tensor, semitones: Tensor, n_fft: int) -> Tensor:
    samples = rows.shape[-1]
    factors = 2 ** (semitones.double() / 12)
    lengths = [max(1, round(samples * factor)) for factor in factors.tolist()]
    longer = stretched(rows, 1 / factors, max(lengths), n_fft)
    return torch.stack([resized(row[:length], samples) for row, length in zip(longer, lengths, strict=True)])


def resized(signal: Tensor, samples: int) -> Tensor:
    """(any number of samples,) -> (samples,) by its spectrum: band-limited, and as if the signal were periodic.

    `scipy.signal.resample`, less the one bin at half the lower of the two rates.
    """
    length = len(signal)
    kept = (min(length, samples) + 1) // 2
    spectrum = functional.pad(torch.fft.rfft(signal)[:kept], (0, samples // 2 + 1 - kept))
    return torch.fft.irfft(spectrum, samples) * (samples / length)  # type: ignore[no-any-return]


def _window(sample_rate: int) -> int:
    return int(2 ** round(math.log2(WINDOW_S * sample_rate)))
