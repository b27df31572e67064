"""What happens to a waveform before any network's own input is made of it."""

import torch
from torch import Tensor, nn

from trainers.front_end.filters import butterworth_filters
from trainers.front_end.spec import MelSpec

INAUDIBLE = 2.0**-24
"""Peaks below this are rounding errors, as a filter leaves them of a constant: 48 dB below the last of 16 bits."""


class WaveformFrontEnd(nn.Module):
    """(batch, samples) -> (batch, samples) float32: the Butterworth filters, then peak normalisation.

    In this order ICBHI 2017 prepares recordings; BirdCLEF 2025 has no filters. The mel front end and the inputs of
    audio encoders begin with it.
    """

    def __init__(self, spec: MelSpec, sample_rate: int) -> None:
        super().__init__()
        self.filters = butterworth_filters(spec, sample_rate)
        self.peak_normalize = spec.peak_normalize

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, samples)."""
        waveform = waveform.float()
        for zero_phase in self.filters:
            waveform = zero_phase(waveform)
        return peak_normalized(waveform) if self.peak_normalize else waveform


def peak_normalized(waveform: Tensor) -> Tensor:
    """Each of (batch, samples) divided by its largest absolute sample; silence stays as it is."""
    peak = waveform.abs().amax(-1, keepdim=True)
    return waveform / peak.where(peak > INAUDIBLE, torch.ones_like(peak))
