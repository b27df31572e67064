"""Per-channel energy normalisation."""

import torch
from torch import Tensor

from trainers.front_end.spec import MelSpec

SCALE = 2.0**31
"""Waveforms in [-1, 1] are brought to the range of 32-bit samples, as librosa advises: PCEN's constants suit that."""

EPS = 1e-6
"""Added to the smoothed energy (Wang et al. 2017)."""

BLOCK = 128
"""Frames smoothed by one matrix product."""


def pcen(mel: Tensor, spec: MelSpec) -> Tensor:
    """PCEN (Wang et al. 2017, arXiv:1607.05666; Lostanlen et al. 2019, doi:10.1109/LSP.2018.2878620).

    (E / (EPS + M)^alpha + delta)^r - delta^r with E = SCALE * mel and M its running mean over frames. The scale is the
    same for magnitudes (`power: 1`) and for powers: alpha near 1 all but cancels it where it isn't silent.

    Args:
        mel: (..., frames) mel energies, >= 0.
        spec: pcen_s, pcen_alpha, pcen_delta, pcen_r.

    Returns:
        The same shape; 0 for silence.
    """
    energy = SCALE * mel
    gained = energy / (EPS + smooth(energy, spec.pcen_s)) ** spec.pcen_alpha
    if spec.pcen_delta == 0:
        return gained**spec.pcen_r
    # delta^r ((x / delta + 1)^r - 1), which keeps the small differences that the formula as written cancels
    return spec.pcen_delta**spec.pcen_r * torch.expm1(spec.pcen_r * torch.log1p(gained / spec.pcen_delta))  # type: ignore[no-any-return]


def smooth(energy: Tensor, s: float) -> Tensor:
    """M[t] = (1 - s) M[t - 1] + s E[t] with M[0] = E[0], over the last axis.

    Blocks of frames by a triangular matrix of weights, each block from the last value of the one before. Sums of
    positive terms, so as exact as the loop over frames, in a few kernels instead of hundreds.
    """
    frame = torch.arange(BLOCK, device=energy.device, dtype=torch.float64)
    faded = ((1 - s) ** (frame + 1)).to(energy.dtype)
    weights = (s * (1 - s) ** (frame - frame[:, None]).clamp_min(0)).triu().to(energy.dtype)
    last, blocks = energy[..., :1], []
    for block in torch.split(energy, BLOCK, -1):
        frames = block.shape[-1]
        blocks.append(block @ weights[:frames, :frames] + last * faded[:frames])
        last = blocks[-1][..., -1:]
    return torch.cat(blocks, -1)
