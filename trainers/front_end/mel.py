"""Waveform to normalised log-mel spectrogram, by torchaudio."""

import torch
from torch import Tensor, nn
from torchaudio.transforms import AmplitudeToDB, MelSpectrogram

from trainers.front_end.spec import MelSpec

EPS = 1e-6


class MelFrontEnd(nn.Module):
    """(batch, samples) float waveforms in [-1, 1] -> (batch, 1, mels, frames).

    One front end serves training, evaluation and export. Always float32: half precision is too coarse for the FFT
    and for decibels.
    """

    def __init__(self, spec: MelSpec, sample_rate: int) -> None:
        super().__init__()
        self.mel = MelSpectrogram(
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
        self.to_db = AmplitudeToDB("power" if spec.power == 2 else "magnitude", spec.top_db)
        self.to_db.amin = spec.amin
        self.normalization = spec.normalization

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, 1, mels, frames)."""
        with torch.autocast(waveform.device.type, enabled=False):
            # AmplitudeToDB takes top_db from the maximum of each item only of a 4-D tensor, else of the whole batch.
            db = self.to_db(self.mel(waveform.float()).unsqueeze(1))
            return normalize(db, self.normalization)


def normalize(spectrogram: Tensor, how: str) -> Tensor:
    """Each sample of (batch, 1, mels, frames) by its own mean and deviation, or its own minimum and maximum."""
    over = (-2, -1)
    if how in ("standard", "standard_minmax"):
        mean = spectrogram.mean(over, keepdim=True)
        std = spectrogram.std(over, keepdim=True)
        spectrogram = (spectrogram - mean) / (std + EPS)
    if how in ("minmax", "standard_minmax"):
        low, high = spectrogram.amin(over, keepdim=True), spectrogram.amax(over, keepdim=True)
        spectrogram = (spectrogram - low) / (high - low + EPS)
    return spectrogram
