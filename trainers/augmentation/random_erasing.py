"""Random erasing."""

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.rows import device_generator, on_chosen, placed
from trainers.augmentation.spec import RandomErasingSpec

TRIES = 100
"""Rectangles drawn for one that fits, as in the authors' code."""


def random_erasing(spectrogram: Tensor, spec: RandomErasingSpec, rng: np.random.Generator) -> Tensor:
    """Replace a rectangle of each chosen (channels, mels, frames) by noise, the same in all channels.

    Random Erasing (Zhong et al. 2020, arXiv:1708.04896): a share of the area, uniform in min_area .. max_area, of
    height / width uniform in min_aspect .. max_aspect, at a uniform place, drawn again until it fits. Where none of
    TRIES fits, the first is cut to the spectrogram (the paper has square images, of which nearly all fit). LH's code
    draws the place before it tests the fit, so its rectangles are smaller in the mean.
    """

    def erased(rows: Tensor) -> Tensor:
        count, _, mels, frames = rows.shape
        heights, widths = _sizes(count, (mels, frames), spec, rng)
        places = placed(heights, mels, rng), placed(widths, frames, rng)
        of_bands, of_frames = (torch.from_numpy(place).to(rows.device) for place in places)
        hidden = of_bands[:, None, :, None] & of_frames[:, None, None, :]
        cells = (mels, frames) if spec.fill == "noise" else (1, 1)
        values = torch.empty(count, 1, *cells, device=rows.device, dtype=rows.dtype)
        values.uniform_(spec.low, spec.high, generator=device_generator(rng, rows.device))
        return torch.where(hidden, values, rows)

    return on_chosen(spectrogram, spec.p, rng, erased)


def _sizes(
    count: int, cells: tuple[int, int], spec: RandomErasingSpec, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Heights in bands and widths in frames, each (count,): the first of TRIES that fits into `cells`."""
    mels, frames = cells
    area = rng.uniform(spec.min_area, spec.max_area, (count, TRIES)) * mels * frames
    aspect = rng.uniform(spec.min_aspect, spec.max_aspect, (count, TRIES))
    heights, widths = np.sqrt(area * aspect).astype(int), np.sqrt(area / aspect).astype(int)
    fits = (heights >= 1) & (heights <= mels) & (widths >= 1) & (widths <= frames)
    first = np.arange(count), fits.argmax(1)
    return heights[first].clip(1, mels), widths[first].clip(1, frames)
