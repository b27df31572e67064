"""Waveform to normalised mel spectrogram."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torchaudio.functional import amplitude_to_DB, compute_deltas
from torchaudio.transforms import MelSpectrogram

from trainers.front_end.normalize import NORMALIZATIONS, DatasetStatistics
from trainers.front_end.pcen import pcen
from trainers.front_end.spec import MelSpec
from trainers.front_end.waveform import WaveformFrontEnd


class MelFrontEnd(nn.Module):
    """(batch, samples) float waveforms in [-1, 1] -> (batch, in_chans, mels, frames).

    Filters, peak normalisation, mel spectrogram (torchaudio's), decibels or PCEN, normalisation, channels: in this
    order, which is that of ICBHI 2017 and, without filters, of BirdCLEF 2025. Filters and mel bands are designed for
    `sample_rate`, which must be the waveforms'. One front end serves training, evaluation and export. Always float32
    (filters float64): half precision is too coarse for the FFT and for decibels.
    """

    def __init__(self, spec: MelSpec, sample_rate: int) -> None:
        super().__init__()
        self.spec = spec
        self.waveform = WaveformFrontEnd(spec, sample_rate)
        self.mel = _mel_spectrogram(spec, sample_rate)
        self.statistics = DatasetStatistics() if spec.normalization == "dataset" else None

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, in_chans, mels, frames)."""
        with torch.autocast(waveform.device.type, enabled=False):
            return with_channels(self._normalized(self.spectrogram(waveform)), self.spec)

    def spectrogram(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, 1, mels, frames) before normalisation: decibels or PCEN."""
        mel = self.mel(self.waveform(waveform)).unsqueeze(1)
        return COMPRESSIONS[self.spec.compression](mel, self.spec)

    @torch.no_grad()
    def fit_statistics(self, waveforms: Iterable[Tensor]) -> None:
        """Fit `normalization: dataset` to the training fold; for the others, do nothing and read nothing.

        For the start of a new run; a run that goes on loads the statistics with the weights.

        Args:
            waveforms: batches of (batch, samples) floats, each clip of the training fold once.

        Raises:
            DataError: there are no waveforms.
        """
        if self.statistics is not None:
            device = self.statistics.mean.device
            with torch.autocast(device.type, enabled=False):
                self.statistics.fit(self.spectrogram(waveform.to(device)) for waveform in waveforms)

    def _normalized(self, spectrogram: Tensor) -> Tensor:
        if self.statistics is not None:
            return self.statistics(spectrogram, self.spec.eps)  # type: ignore[no-any-return]
        return NORMALIZATIONS[self.spec.normalization](spectrogram, self.spec.eps)


def decibels(mel: Tensor, spec: MelSpec) -> Tensor:
    """10 log10 of powers or 20 log10 of magnitudes, floored at amin and at top_db below each sample's maximum.

    Takes (batch, 1, mels, frames): of fewer axes, torchaudio takes the maximum of the whole batch.
    """
    return amplitude_to_DB(mel, 10.0 if spec.power == 2 else 20.0, spec.amin, 0.0, spec.top_db)  # type: ignore[no-any-return]


COMPRESSIONS: dict[str, Callable[[Tensor, MelSpec], Tensor]] = {"db": decibels, "pcen": pcen}
"""By name: ((batch, 1, mels, frames) energies, spec) -> the same shape."""


def with_channels(spectrogram: Tensor, spec: MelSpec) -> Tensor:
    """(batch, 1, mels, frames) -> (batch, in_chans, mels, frames): copies, or first and second slopes in time.

    A slope is torchaudio's: over five frames by least squares, the end frames repeated.
    """
    if spec.deltas:
        first = compute_deltas(spectrogram)
        return torch.cat([spectrogram, first, compute_deltas(first)], 1)
    return spectrogram.repeat(1, spec.in_chans, 1, 1)


def _mel_spectrogram(spec: MelSpec, sample_rate: int) -> MelSpectrogram:
    return MelSpectrogram(
        sample_rate=sample_rate,
        n_fft=spec.n_fft,
        win_length=spec.win_length,
        hop_length=spec.hop_length,
        f_min=spec.f_min,
        f_max=spec.f_max,
        n_mels=spec.n_mels,
        power=float(spec.power),
        normalized=spec.normalized,
        norm=spec.norm,
        mel_scale=spec.mel_scale,
    )
