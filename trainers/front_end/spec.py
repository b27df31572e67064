"""The mel front end's parameters, with torchaudio's names and meanings."""

from typing import Literal

from pydantic import Field, model_validator

from trainers.config.section import Section


class MelSpec(Section):
    """Filters, torchaudio's MelSpectrogram, decibels or PCEN, then a normalisation."""

    name: Literal["mel"] = "mel"
    highpass_hz: float | None = Field(None, gt=0, description="Hz; zero-phase Butterworth high pass; null: none")
    lowpass_hz: float | None = Field(None, gt=0, description="Hz; zero-phase Butterworth low pass; null: none")
    filter_order: int = Field(4, ge=1, le=12, description="of each pass; zero phase doubles it")
    peak_normalize: bool = Field(False, description="divide a segment by its largest absolute sample")
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
    compression: Literal["db", "pcen"] = Field("db", description="decibels, or per-channel energy normalisation")
    top_db: float | None = Field(80.0, gt=0, description="dB; floor below each sample's maximum; null: none")
    amin: float = Field(1e-10, gt=0, description="floor before the logarithm")
    pcen_s: float = Field(0.025, gt=0, le=1, description="weight of the newest frame in PCEN's smoother")
    pcen_alpha: float = Field(0.98, ge=0, le=1, description="strength of PCEN's gain control")
    pcen_delta: float = Field(2.0, ge=0, description="PCEN's bias")
    pcen_r: float = Field(0.5, gt=0, le=1, description="PCEN's root")
    normalization: Literal["none", "standard", "minmax", "standard_minmax", "per_band", "dataset", "batch_minmax"] = (
        Field(
            "standard",
            description="standard, minmax, standard_minmax: of each sample over bands and frames; per_band: of each "
            "sample's bands; dataset: mean and deviation of the training fold; batch_minmax: of the whole batch (Mix2)",
        )
    )
    eps: float = Field(1e-6, gt=0, description="added to deviations and ranges before dividing (LH: 1)")
    in_chans: Literal[1, 3] = Field(1, description="3: the spectrogram three times, or with its deltas")
    deltas: bool = Field(False, description="channels 2 and 3 are its first and second differences in time")

    @model_validator(mode="after")
    def _consistent(self) -> "MelSpec":
        if self.win_length is not None and self.win_length > self.n_fft:
            raise ValueError(f"front_end.win_length must be <= n_fft ({self.n_fft}), got {self.win_length}")
        if self.hop_length > self.n_fft:
            raise ValueError(f"front_end.hop_length must be <= n_fft ({self.n_fft}), got {self.hop_length}")
        if self.f_max is not None and self.f_max <= self.f_min:
            raise ValueError(f"front_end.f_max must be > f_min ({self.f_min} Hz), got {self.f_max} Hz")
        if self.deltas and self.in_chans != 3:
            raise ValueError(f"front_end.in_chans must be 3 for front_end.deltas=true, got {self.in_chans}")
        if self.highpass_hz and self.lowpass_hz and self.lowpass_hz <= self.highpass_hz:
            raise ValueError(
                f"front_end.lowpass_hz must be > highpass_hz ({self.highpass_hz:g} Hz), got {self.lowpass_hz:g} Hz"
            )
        return self
