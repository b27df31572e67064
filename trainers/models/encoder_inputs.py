"""What audio encoders of transformers take: their own inputs, made from waveforms.

Those of most use are computed in batches where the waveforms are; any other by the checkpoint's own feature extractor.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.compliance.kaldi import get_mel_banks

from trainers.errors import SpecError

AUDIOSET_MEAN = -4.2677393
"""Mean of AudioSet's log-mel values (AST, Gong et al. 2021)."""
AUDIOSET_STD = 4.5689974
"""Their standard deviation."""

FRAME, HOP, FFT = 400, 160, 512
"""Samples at 16 kHz: Kaldi's frames of 25 ms every 10 ms."""


class WaveformInput(nn.Module):
    """(batch, samples) -> {input_values: (batch, samples)} for wav2vec 2.0 and its relatives.

    Each sample gets zero mean and unit variance, as their feature extractor does it, where the checkpoint asks for it.
    """

    def __init__(self, normalize: bool) -> None:
        super().__init__()
        self.normalize = normalize

    def forward(self, waveform: Tensor) -> dict[str, Tensor]:
        """(batch, samples) -> the encoder's arguments."""
        x = waveform.float()
        if self.normalize:
            variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
            x = (x - mean) / torch.sqrt(variance + 1e-7)
        return {"input_values": x}


class AstInput(nn.Module):
    """(batch, samples) at 16 kHz -> {input_values: (batch, frames, bands)} of the Audio Spectrogram Transformer.

    Kaldi's filter bank energies (`torchaudio.compliance.kaldi.fbank` with its defaults and a Hann window), in batches,
    padded with zeros to the frames that the encoder was built for, then (x - mean) / (2 std).
    """

    window: Tensor
    banks: Tensor

    def __init__(self, frames: int, bands: int, mean: float = AUDIOSET_MEAN, std: float = AUDIOSET_STD) -> None:
        super().__init__()
        self.frames, self.mean, self.std = frames, mean, std
        banks, _ = get_mel_banks(bands, FFT, 16_000.0, 20.0, 0.0, 100.0, -500.0, 1.0)
        self.register_buffer("window", torch.hann_window(FRAME, periodic=False), persistent=False)
        self.register_buffer("banks", functional.pad(banks, (0, 1)), persistent=False)

    def forward(self, waveform: Tensor) -> dict[str, Tensor]:
        """(batch, samples) -> the encoder's arguments."""
        with torch.autocast(waveform.device.type, enabled=False):
            energies = self._log_mel(waveform.float())
        energies = functional.pad(energies, (0, 0, 0, self.frames - energies.shape[1]))
        return {"input_values": (energies - self.mean) / (2 * self.std)}

    def _log_mel(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, frames, bands): centred, pre-emphasised by 0.97, windowed, power, mel, log."""
        x = waveform.unfold(-1, FRAME, HOP)
        x = x - x.mean(-1, keepdim=True)
        x = x - 0.97 * functional.pad(x, (1, 0), mode="replicate")[..., :-1]
        power = torch.fft.rfft(x * self.window, FFT).abs().square()
        return torch.clamp(power @ self.banks.T, min=torch.finfo(torch.float32).eps).log()


class ExtractorInput(nn.Module):
    """(batch, samples) -> what the checkpoint's own feature extractor makes of them, one by one on the CPU."""

    def __init__(self, extractor: Any) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, waveform: Tensor) -> dict[str, Tensor]:
        """(batch, samples) -> the encoder's arguments, on the waveforms' device."""
        samples = list(waveform.detach().float().cpu().numpy())
        made = self.extractor(samples, sampling_rate=self.extractor.sampling_rate, return_tensors="pt")
        return {
            name: value.float().to(waveform.device)
            for name, value in made.items()
            if isinstance(value, Tensor) and value.is_floating_point()
        }


def refuse_rate(model: str, rate: int, sample_rate: int) -> None:
    """Encoders are trained at one rate.

    Raises:
        SpecError: `sample_rate` is another one.
    """
    if sample_rate != rate:
        raise SpecError(
            f"data.sample_rate must be {rate} Hz for {model}, got {sample_rate}. Try: data.sample_rate={rate}"
        )


def refuse_length(model: str, samples: int, longest: int, rate: int) -> None:
    """Encoders with a fixed input would cut off the rest.

    Raises:
        SpecError: a segment has more than `longest` samples.
    """
    if samples > longest:
        raise SpecError(
            f"segments.duration_s must be <= {longest / rate:g} s for {model}, got {samples / rate:g}: "
            "the encoder takes no more"
        )
