"""Poolings of feature maps: (batch, channels, bands, frames) -> (batch, channels).

The attention pooling keeps time, (batch, channels, frames): its head pools per class (`trainers.poolings.attention`).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainers.poolings.spec import GemPoolingSpec, PoolingSpec


class Pooling(nn.Module):
    """Base of all poolings; made from their section of the spec."""

    def __init__(self, spec: PoolingSpec) -> None:
        super().__init__()
        self.spec = spec


class AvgPooling(Pooling):
    """Mean over bands and frames (Lin et al. 2014)."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels)."""
        return x.mean((-2, -1))


class MaxPooling(Pooling):
    """Maximum over bands and frames."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels)."""
        return x.amax((-2, -1))


class AvgMaxPooling(Pooling):
    """Half the mean plus half the maximum, as timm's `avgmax`."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels)."""
        return 0.5 * (x.mean((-2, -1)) + x.amax((-2, -1)))


class GemPooling(Pooling):
    """Generalised mean (Radenovic et al. 2018): mean(x^p)^(1/p), one learnt p for all channels."""

    def __init__(self, spec: GemPoolingSpec) -> None:
        super().__init__(spec)
        self.p = nn.Parameter(torch.tensor(float(spec.p)))
        self.eps = spec.eps

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels); features below `eps` count as `eps`."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float().clamp(min=self.eps)
            # The mean is homogeneous: by the largest feature first, so that a large p doesn't overflow.
            largest = x.detach().amax((-2, -1), keepdim=True)
            mean = (x / largest).pow(self.p).mean((-2, -1))
            return largest.flatten(1) * mean.pow(1 / self.p)


class BandMeanPooling(Pooling):
    """Mean over bands alone: what an attention head takes (Kong et al. 2019)."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels, frames)."""
        return x.mean(-2)


class MelMeanTimeMaxPooling(Pooling):
    """Mean over bands, then maximum plus mean over frames (PANNs, Kong et al. 2019; Mix2, Moummad et al. 2024)."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) -> (batch, channels)."""
        x = x.mean(-2)
        return x.amax(-1) + x.mean(-1)


POOLINGS: dict[str, Callable[..., Pooling]] = {
    "avg": AvgPooling,
    "max": MaxPooling,
    "avg_max": AvgMaxPooling,
    "gem": GemPooling,
    "attention": BandMeanPooling,
    "mel_mean_time_max": MelMeanTimeMaxPooling,
}


def join(pooled: Sequence[Tensor]) -> Tensor:
    """Several stages' features, side by side: (batch, channels), or (batch, channels, frames) of the finest frame rate.

    Coarser stages are brought to that rate by linear interpolation between the centres of their frames.
    """
    if len(pooled) == 1:
        return pooled[0]
    if pooled[0].ndim == 3:
        frames = max(x.shape[-1] for x in pooled)
        pooled = [functional.interpolate(x, size=frames, mode="linear", align_corners=False) for x in pooled]
    return torch.cat(list(pooled), dim=1)
