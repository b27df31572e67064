"""Random frequency responses."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainers.augmentation.rows import on_chosen
from trainers.augmentation.spec import FilteringSpec

N_FFT, HOP = 1024, 512


def filtering(waveform: Tensor, spec: FilteringSpec, rng: np.random.Generator) -> Tensor:
    """Give each chosen row of (batch, samples) a frequency response of its own (BirdCLEF 2023's RandomFiltering).

    Gains uniform in min_db .. 0 stand at the centres of n_gains equal bands of 0 .. sample_rate / 2, joined by straight
    lines in decibels; beyond the outermost they stay. Applied to a short-time spectrum (1024 samples, Hann, hop 512).
    The level falls with the gains: the original can divide by the peak afterwards, here that is
    `front_end.peak_normalize`.
    """

    def filtered(rows: Tensor) -> Tensor:
        gains_db = torch.from_numpy(rng.uniform(spec.min_db, 0, (len(rows), spec.n_gains))).to(rows)
        return _through(rows, 10 ** (_over_bins(gains_db) / 20))

    return on_chosen(waveform, spec.p, rng, filtered)


def _over_bins(gains_db: Tensor) -> Tensor:
    """(n, gains) -> (n, bins)."""
    return functional.interpolate(gains_db[:, None], N_FFT // 2 + 1, mode="linear")[:, 0]


def _through(rows: Tensor, response: Tensor) -> Tensor:
    """(n, samples) by (n, bins) factors."""
    samples = rows.shape[-1]
    # a whole window more at the end: what only the edge of a window covers would be divided by nearly 0
    padded = functional.pad(rows, (0, N_FFT))
    window = torch.hann_window(N_FFT, device=rows.device, dtype=rows.dtype)
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    return torch.istft(spectrum * response[..., None], N_FFT, HOP, window=window, length=samples)
