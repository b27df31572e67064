"""What all augmentations share: some rows of a batch are chosen, each with draws of its own."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def on_chosen(batch: Tensor, p: float, rng: np.random.Generator, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Change each row with probability `p`; the others stay bit for bit.

    Args:
        batch: (batch, ...)
        p: with 0, nothing is drawn and the batch itself comes back.
        rng: draws who is chosen.
        change: the chosen rows -> as many rows of the same shape and dtype.
    """
    if p == 0:
        return batch
    chosen = np.flatnonzero(rng.random(len(batch)) < p)
    if len(chosen) == 0:
        return batch
    index = torch.from_numpy(chosen).to(batch.device)
    return batch.index_copy(0, index, change(batch[index]))


def uniform(low: float, high: float, rows: Tensor, rng: np.random.Generator) -> Tensor:
    """One draw from low .. high for each of (n, samples): (n, 1), with the rows' dtype and device."""
    return torch.from_numpy(rng.uniform(low, high, (len(rows), 1))).to(rows)


def device_generator(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    """A generator on the device, seeded by one draw: millions of values of noise are slow to draw on the host.

    Noise depends on `rng` alone, but a GPU's differs from a CPU's.
    """
    return torch.Generator(device).manual_seed(int(rng.integers(2**63)))


def placed(widths: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Stretches of the given widths (<= size) at uniform places of an axis: (*widths.shape, size) bool."""
    starts = (rng.random(widths.shape) * (size - widths + 1)).astype(np.int64)[..., None]
    place = np.arange(size)
    return (place >= starts) & (place < starts + widths[..., None])  # type: ignore[no-any-return]
