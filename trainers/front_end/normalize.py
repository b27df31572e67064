"""Normalisations of spectrograms. `eps` is added to deviations and ranges, so silence becomes 0 and never NaN."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from trainers.errors import DataError

SAMPLE = (-2, -1)


def none(spectrogram: Tensor, eps: float) -> Tensor:
    """Decibels or PCEN as they are."""
    del eps
    return spectrogram


def standard(spectrogram: Tensor, eps: float) -> Tensor:
    """Each sample by its own mean and deviation (n - 1) over bands and frames (BirdCLEF 2025; LH with eps 1)."""
    mean, std = spectrogram.mean(SAMPLE, keepdim=True), spectrogram.std(SAMPLE, keepdim=True)
    return (spectrogram - mean) / (std + eps)


def minmax(spectrogram: Tensor, eps: float) -> Tensor:
    """Each sample to 0 .. 1 by its own minimum and maximum (ml-sound-classifier)."""
    low, high = spectrogram.amin(SAMPLE, keepdim=True), spectrogram.amax(SAMPLE, keepdim=True)
    return (spectrogram - low) / (high - low + eps)


def standard_minmax(spectrogram: Tensor, eps: float) -> Tensor:
    """`standard`, then `minmax` (BirdCLEF 2023 and 2025)."""
    return minmax(standard(spectrogram, eps), eps)


def per_band(spectrogram: Tensor, eps: float) -> Tensor:
    """Each band of each sample by its mean and deviation (n - 1) over frames: a steady band becomes 0."""
    mean, std = spectrogram.mean(-1, keepdim=True), spectrogram.std(-1, keepdim=True)
    return (spectrogram - mean) / (std + eps)


def batch_minmax(spectrogram: Tensor, eps: float) -> Tensor:
    """The whole batch to 0 .. 1 by its minimum and maximum (Mix2's released code).

    A sample's result depends on what else is in its batch, in evaluation too: another batch size or order gives other
    scores. For reproducing Mix2; `minmax` is the same per sample.
    """
    low, high = spectrogram.amin(), spectrogram.amax()
    return (spectrogram - low) / (high - low + eps)


NORMALIZATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "none": none,
    "standard": standard,
    "minmax": minmax,
    "standard_minmax": standard_minmax,
    "per_band": per_band,
    "batch_minmax": batch_minmax,
}
"""By name: ((batch, 1, mels, frames), eps) -> the same shape. `dataset` has a state: `DatasetStatistics`."""


class DatasetStatistics(nn.Module):
    """Normalisation by one mean and one deviation (n) of all the training fold's spectrograms (X).

    The two are buffers: saved with the weights and loaded with them. Until they are fitted or loaded they are NaN and
    so is what comes out, because any number in their place would train without a complaint.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(torch.nan))
        self.register_buffer("std", torch.tensor(torch.nan))

    def forward(self, spectrogram: Tensor, eps: float) -> Tensor:
        """(batch, 1, mels, frames) -> the same shape."""
        return (spectrogram - self.mean) / (self.std + eps)

    def fit(self, spectrograms: Iterable[Tensor]) -> None:
        """Set mean and deviation to those of all elements, in one pass and in float64 (Chan et al. 1983).

        Raises:
            DataError: there are no spectrograms.
        """
        count = 0
        mean = squares = torch.zeros((), dtype=torch.float64, device=self.mean.device)
        for spectrogram in spectrograms:
            values = spectrogram.double()
            size = values.numel()
            away = values.mean() - mean
            squares = squares + values.var(correction=0) * size + away**2 * (count * size / (count + size))
            mean = mean + away * (size / (count + size))
            count += size
        if count == 0:
            raise DataError("front_end.normalization=dataset needs training clips, got none")
        self.mean.copy_(mean)
        self.std.copy_((squares / count).sqrt())
