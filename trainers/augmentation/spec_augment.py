"""SpecAugment (Park et al. 2019), drawn per sample; torchaudio's masks have one count and one draw per batch."""

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.spec import SpecAugmentSpec


def spec_augment(spectrogram: Tensor, spec: SpecAugmentSpec, rng: np.random.Generator) -> Tensor:
    """Set bands and stretches of (batch, 1, mels, frames) to each sample's minimum.

    Per sample, with probability p: 1..freq_masks masks of 0..freq_width bands and 1..time_masks masks of
    0..time_width frames, at uniform places.
    """
    if spec.p == 0:
        return spectrogram
    batch, _, mels, frames = spectrogram.shape
    chosen = rng.random(batch) < spec.p
    bands = _masks(mels, spec.freq_masks, spec.freq_width, chosen, rng)
    times = _masks(frames, spec.time_masks, spec.time_width, chosen, rng)
    hidden = torch.from_numpy(bands[:, None, :, None] | times[:, None, None, :]).to(spectrogram.device)
    return torch.where(hidden, spectrogram.amin((-2, -1), keepdim=True), spectrogram)


def _masks(size: int, most: int, width: int, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(batch, size) bool: where a sample is masked along one axis."""
    if most == 0:
        return np.zeros((len(chosen), size), bool)
    count = rng.integers(1, most + 1, (len(chosen), 1))
    widths = rng.integers(0, min(width, size) + 1, (len(chosen), most))
    starts = (rng.random((len(chosen), most)) * (size - widths + 1)).astype(np.int64)
    used = (np.arange(most) < count) & chosen[:, None]
    place = np.arange(size)[None, None, :]
    inside = (place >= starts[..., None]) & (place < (starts + widths)[..., None]) & used[..., None]
    return inside.any(1)  # type: ignore[no-any-return]
