"""The mel front end's parameters, with torchaudio's names and meanings."""

from typing import Literal

from pydantic import Field, model_validator

from trainers.config.section import Section


class MelSpec(Section):
    """torchaudio's MelSpectrogram and AmplitudeToDB, then a normalisation per sample."""

    name: Literal["mel"] = "mel"
    n_fft: int = Field(1024, ge=16, le=65_536, description="samples; length of the FFT")
    win_length: int | None = Field(None, ge=16, description="samples; null: n_fft")
    hop_length: int = Field(320, ge=1, description="samples between frames")
    n_mels: int = Field(64, ge=1, le=1024, description="mel bands")
    f_min: float = Field(50.0, ge=0, description="Hz; lower edge of the lowest band")
    f_max: float | None = Field(None, gt=0, description="Hz; upper edge of the highest band; null: sample_rate / 2")
    power: Literal[1, 2] = Field(2, description="1: magnitude, 2: power")
    normalized: bool = Field(False, description="divide the spectrogram by the window's norm")
    mel_scale: Literal["htk", "slaney"] = Field("htk", description="formula of the mel scale")
    norm: Literal["slaney"] | None = Field(None, description="slaney: bands of equal area")
    top_db: float | None = Field(80.0, gt=0, description="dB; floor below each sample's maximum; null: none")
    amin: float = Field(1e-10, gt=0, description="floor before the logarithm")
    normalization: Literal["none", "standard", "minmax", "standard_minmax"] = Field(
        "standard", description="of each sample over bands and frames"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "MelSpec":
        if self.win_length is not None and self.win_length > self.n_fft:
            raise ValueError(f"front_end.win_length must be <= n_fft ({self.n_fft}), got {self.win_length}")
        if self.hop_length > self.n_fft:
            raise ValueError(f"front_end.hop_length must be <= n_fft ({self.n_fft}), got {self.hop_length}")
        if self.f_max is not None and self.f_max <= self.f_min:
            raise ValueError(f"front_end.f_max must be > f_min ({self.f_min} Hz), got {self.f_max} Hz")
        return self
