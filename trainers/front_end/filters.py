"""Zero-phase Butterworth filters, on the device and without a loop over samples."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import scipy.fft
import scipy.signal
import torch
from torch import Tensor

from trainers.errors import SpecError
from trainers.front_end.spec import MelSpec

DECAYED = 1e-12
"""An impulse response counts as over when its slowest pole has decayed to this."""


@dataclass(frozen=True)
class Butterworth:
    """A Butterworth high or low pass, run forwards and backwards so that nothing is delayed (as for ICBHI 2017).

    Equals `scipy.signal.sosfiltfilt` of `scipy.signal.butter(order, cutoff_hz, kind, fs=sample_rate)` with its default
    odd padding. The attenuation in decibels is twice that of one pass: 6 dB at the cutoff. Computed in float64.

    Raises:
        SpecError: the cutoff isn't below half the sample rate.
    """

    kind: Literal["highpass", "lowpass"]
    cutoff_hz: float
    order: int
    sample_rate: int

    def __post_init__(self) -> None:
        if self.cutoff_hz >= self.sample_rate / 2:
            raise SpecError(
                f"front_end.{self.kind}_hz must be below half the sample rate ({self.sample_rate / 2:g} Hz), "
                f"got {self.cutoff_hz:g} Hz. Try: a lower cutoff or a higher data.sample_rate"
            )

    def __call__(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> the same shape and dtype.

        Raises:
            SpecError: the samples aren't more than the padding at either end, 3 (order + 1).
        """
        samples, padding = waveform.shape[-1], 3 * (self.order + 1)
        if samples <= padding:
            raise SpecError(
                f"front_end.{self.kind}_hz with filter_order {self.order} needs segments of more than {padding} "
                f"samples, got {samples}. Try: a longer segments.duration_s or a lower front_end.filter_order"
            )
        padded = _odd_extension(waveform.double(), padding)
        backwards = self._causal(padded).flip(-1)
        filtered = self._causal(backwards).flip(-1)
        return filtered[..., padding:-padding].to(waveform.dtype)

    @cached_property
    def sections(self) -> np.ndarray:
        """The second-order sections, designed at the sample rate of the signal."""
        return self._designed("sos")  # type: ignore[no-any-return]

    @cached_property
    def settling(self) -> int:
        """Samples until the impulse response has decayed."""
        _, poles, _ = self._designed("zpk")
        slowest = max(np.abs(poles).max(), 0.1)
        return self.order + 1 + math.ceil(math.log(DECAYED) / math.log(slowest))

    def _designed(self, output: Literal["sos", "zpk"]) -> Any:
        return scipy.signal.butter(self.order, self.cutoff_hz, self.kind, fs=self.sample_rate, output=output)

    def _causal(self, signal: Tensor) -> Tensor:
        """One pass in the state of a filter that has seen the first sample for ever, as `sosfilt` with its `zi`.

        The signal less its first sample is zero before it starts, so a plain convolution filters it; the constant
        comes through with the filter's gain at 0 Hz.
        """
        samples = signal.shape[-1]
        taps = min(self.settling, samples)
        size = scipy.fft.next_fast_len(samples + taps - 1, real=True)
        first = signal[..., :1]
        spectrum = torch.fft.rfft(signal - first, size) * _transfer(self, taps, size, signal.device)
        at_zero_hz = 1.0 if self.kind == "lowpass" else 0.0
        return torch.fft.irfft(spectrum, size)[..., :samples] + at_zero_hz * first  # type: ignore[no-any-return]


def butterworth_filters(spec: MelSpec, sample_rate: int) -> list[Butterworth]:
    """The filters that a spec asks for, high pass first."""
    cutoffs: dict[Literal["highpass", "lowpass"], float | None]
    cutoffs = {"highpass": spec.highpass_hz, "lowpass": spec.lowpass_hz}
    return [Butterworth(kind, hz, spec.filter_order, sample_rate) for kind, hz in cutoffs.items() if hz is not None]


@lru_cache(maxsize=16)
def _transfer(design: Butterworth, taps: int, size: int, device: torch.device) -> Tensor:
    """The spectrum of the first `taps` samples of the impulse response: (size // 2 + 1,) complex128."""
    impulse = np.zeros(taps)
    impulse[0] = 1
    response = torch.from_numpy(scipy.signal.sosfilt(design.sections, impulse))
    return torch.fft.rfft(response, size).to(device)  # type: ignore[no-any-return]


def _odd_extension(signal: Tensor, padding: int) -> Tensor:
    """The signal with `padding` samples more at either end, turned by 180 degrees about the end."""
    left = 2 * signal[..., :1] - signal[..., 1 : padding + 1].flip(-1)
    right = 2 * signal[..., -1:] - signal[..., -padding - 1 : -1].flip(-1)
    return torch.cat([left, signal, right], -1)
