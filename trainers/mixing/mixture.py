"""Mixtures: drawn once per step, then applied alike to the inputs, the targets and the sample weights of a batch.

A batch has `rows = size + pool` rows: `size` samples and, where partners come from the training set, as many partner
clips behind them. Every mixture is a convex combination of these rows.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainers.errors import SpecError


@dataclass(frozen=True, eq=False)
class Mixture(ABC):
    """A convex combination of the rows of a batch.

    Its numbers are float32 however exact the inputs are, so that a target is mixed by just what its input was.
    Combinations are computed in float32 at least, under autocast too.
    """

    at: str
    """Where in the network `inputs` is applied: none, waveform, spectrogram, embedding, or stage0, stage1, ..."""

    @abstractmethod
    def inputs(self, x: Tensor) -> Tensor:
        """Mix waveforms, spectrograms or features: (rows, ...) -> (out, ...), of the same float type."""

    @abstractmethod
    def targets(self, targets: Tensor, mode: str) -> Tensor:
        """Mix targets.

        Args:
            targets: (rows, classes)
            mode: soft: the sum of the parts' targets by their shares, so a class that several have keeps its mass;
                hard: the union (largest target) of all that have a share.

        Returns:
            (out, classes)
        """

    @abstractmethod
    def weights(self, weights: Tensor) -> Tensor:
        """Mix sample weights by the shares of the targets: (rows,) -> (out,)."""


@dataclass(frozen=True, eq=False)
class Unmixed(Mixture):
    """The samples as they came."""

    size: int

    def inputs(self, x: Tensor) -> Tensor:
        """(rows, ...) -> (size, ...)."""
        return x[: self.size]

    def targets(self, targets: Tensor, mode: str) -> Tensor:
        """(rows, classes) -> (size, classes), whatever the mode."""
        del mode
        return targets[: self.size]

    def weights(self, weights: Tensor) -> Tensor:
        """(rows,) -> (size,)."""
        return weights[: self.size]


@dataclass(frozen=True, eq=False)
class Pairs(Mixture):
    """Each sample with one partner: lambda of itself and 1 - lambda of the other (mixup, arXiv:1710.09412)."""

    partner: np.ndarray
    """(size,) the partners' rows"""
    lam: np.ndarray
    """(size,) float32; 1: not mixed"""

    @property
    def shares(self) -> np.ndarray:
        """(size,) how much of its own target a sample keeps."""
        return self.lam

    def inputs(self, x: Tensor) -> Tensor:
        """(rows, ...) -> (size, ...); one lambda per sample, over all its further dimensions."""
        return _interpolate(x, self.partner, self.lam.reshape(-1, *[1] * (x.ndim - 1)))

    def targets(self, targets: Tensor, mode: str) -> Tensor:
        """(rows, classes) -> (size, classes)."""
        shares = self.shares[:, None]
        if mode == "soft":
            return _interpolate(targets, self.partner, shares)
        own, other = _like(shares > 0, targets), _like(shares < 1, targets)
        return torch.maximum(own * targets[: len(shares)], other * targets[self.partner])

    def weights(self, weights: Tensor) -> Tensor:
        """(rows,) -> (size,)."""
        return _interpolate(weights, self.partner, self.shares)


@dataclass(frozen=True, eq=False)
class BatchWeightedPairs(Pairs):
    """Pairs whose loss is weighed for the batch as a whole, as in the code of Mix2 (`as_released`).

    The code computes mean_i(lam_i L_a + (1 - lam_i) L_b) of two losses L_a and L_b that are means over the batch
    already, so mean(lam) L_a + (1 - mean(lam)) L_b: a sample's lambda mixes its input and not its own target. Losses
    that are linear in the targets (bce, ce) have the same value and gradient at targets mixed by mean(lam), which
    is what is done here; RunSpec refuses others.
    """

    @property
    def shares(self) -> np.ndarray:
        """(size,) the mean lambda, for every sample."""
        return np.full_like(self.lam, self.lam.mean(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class BandPairs(BatchWeightedPairs):
    """Mixup of spectrograms as in the code of Mix2: lambda i is applied to mel band i of all samples.

    Its lambdas of shape (batch, 1) meet spectrograms of shape (batch, 1, mels, frames), where they broadcast to
    (1, 1, batch, 1): that runs for as many mel bands as samples only.
    """

    def inputs(self, x: Tensor) -> Tensor:
        """(rows, channels, mels, frames) -> (size, channels, mels, frames).

        Raises:
            SpecError: the mel bands are not as many as this worker's samples.
        """
        if x.shape[2] != len(self.lam):
            raise SpecError(
                f"mixing.variant=as_released applies one lambda per sample to the mel bands, so a worker's batch must "
                f"be front_end.n_mels ({x.shape[2]}), got {len(self.lam)}. "
                "Try: mixing.variant=as_described, or training.batch_size = front_end.n_mels and resources.workers=1"
            )
        return _interpolate(x, self.partner, self.lam[None, None, :, None])


@dataclass(frozen=True, eq=False)
class Convex(Mixture):
    """Combinations of all samples (MultiMix, arXiv:2206.14868)."""

    combination: np.ndarray
    """(out, size) float32; rows sum to 1"""

    def inputs(self, x: Tensor) -> Tensor:
        """(rows, ...) -> (out, ...)."""
        out, size = self.combination.shape
        rows = _wide(x[:size]).reshape(size, -1)
        with torch.autocast(x.device.type, enabled=False):  # it would round the combination to 8 bits
            mixed = _like(self.combination, rows) @ rows
        return mixed.reshape(out, *x.shape[1:]).to(x.dtype)

    def targets(self, targets: Tensor, mode: str) -> Tensor:
        """(rows, classes) -> (out, classes)."""
        if mode == "soft":
            return self.inputs(targets)
        present = _like(self.combination > 0, targets)
        union = targets.new_zeros(len(present), targets.shape[1])
        for sample in range(present.shape[1]):  # one at a time: all at once would be out x size x classes numbers
            union = torch.maximum(union, present[:, sample, None] * targets[sample])
        return union

    def weights(self, weights: Tensor) -> Tensor:
        """(rows,) -> (out,)."""
        return self.inputs(weights)


def _interpolate(rows: Tensor, partner: np.ndarray, lam: np.ndarray) -> Tensor:
    """lam * sample + (1 - lam) * partner; `lam` broadcasts against the samples."""
    own, other = _wide(rows[: len(partner)]), _wide(rows[torch.from_numpy(partner).to(rows.device)])
    return torch.lerp(other, own, _like(lam, own)).to(rows.dtype)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _like(values: np.ndarray, x: Tensor) -> Tensor:
    return torch.from_numpy(values).to(x.device, x.dtype)
