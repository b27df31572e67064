"""SpecAugment."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.rows import placed
from trainers.augmentation.spec import SpecAugmentSpec

FILLS: dict[str, Callable[[Tensor], Tensor]] = {
    "min": lambda spectrogram: spectrogram.amin((-2, -1), keepdim=True),
    "mean": lambda spectrogram: spectrogram.mean((-2, -1), keepdim=True),
    "zero": lambda spectrogram: spectrogram.new_zeros(()),
}
"""What hidden cells become, by name; of each sample's channels by themselves."""


def spec_augment(spectrogram: Tensor, spec: SpecAugmentSpec, rng: np.random.Generator) -> Tensor:
    """Hide bands and stretches of (batch, channels, mels, frames), the same in all channels.

    SpecAugment (Park et al. 2019, arXiv:1904.08779) without its time warping. Per sample, with probability p: masks of
    0..freq_width bands and of 0..time_width frames at uniform places, as many as freq_masks and time_masks (`exact`) or
    1 to that number (`up_to`; BirdCLEF 2025). torchaudio's masks have one draw for the whole batch, as Mix2 used them.
    """
    if spec.p == 0:
        return spectrogram
    batch, _, mels, frames = spectrogram.shape
    chosen = rng.random(batch) < spec.p
    bands = _hidden((batch, mels), spec.freq_masks, spec.freq_width, spec.count, rng)
    times = _hidden((batch, frames), spec.time_masks, spec.time_width, spec.count, rng)
    of_bands, of_times = (torch.from_numpy(m & chosen[:, None]).to(spectrogram.device) for m in (bands, times))
    hidden = of_bands[:, None, :, None] | of_times[:, None, None, :]  # on the device: as large as the spectrogram
    return torch.where(hidden, FILLS[spec.fill](spectrogram), spectrogram)


def _hidden(shape: tuple[int, int], most: int, width: int, count: str, rng: np.random.Generator) -> np.ndarray:
    """(batch, size) bool: where a sample is masked along one axis."""
    batch, size = shape
    if most == 0:
        return np.zeros(shape, bool)
    used = rng.integers(1, most + 1, (batch, 1)) if count == "up_to" else np.full((batch, 1), most)
    masks = placed(rng.integers(0, min(width, size) + 1, (batch, most)), size, rng)
    return np.any(masks & (np.arange(most) < used)[..., None], 1)  # type: ignore[no-any-return]
