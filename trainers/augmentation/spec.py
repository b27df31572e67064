"""Augmentation on the device, drawn per sample. Each one has its probability `p`; 0 turns it off."""

from typing import Literal

from pydantic import Field, model_validator

from trainers.config.section import Section


class _Augmentation(Section):
    p: float = Field(0.0, ge=0, le=1, description="probability that a sample is changed; 0 turns it off")


def _ordered(section: Section, low: str, high: str) -> None:
    if getattr(section, high) < getattr(section, low):
        raise ValueError(f"{high} must be >= {low} ({getattr(section, low):g}), got {getattr(section, high):g}")


class ConcatenateSpec(_Augmentation):
    """A second, random clip follows where a segment has room for it; the target is the union of both (ICBHI 2017)."""

    on: Literal["all", "repeats"] = Field(
        "all", description="repeats: only what the sampler shows again in an epoch (over-sampling by concatenation)"
    )


class GainSpec(_Augmentation):
    """A factor drawn uniformly in decibels."""

    min_db: float = Field(-15.0, ge=-120, le=120, description="dB")
    max_db: float = Field(15.0, ge=-120, le=120, description="dB")

    @model_validator(mode="after")
    def _range(self) -> "GainSpec":
        _ordered(self, "min_db", "max_db")
        return self


class TimeShiftSpec(_Augmentation):
    """A circular shift in time."""

    on: Literal["waveform", "spectrogram"] = Field("waveform", description="what is shifted")
    min_fraction: float = Field(0.0, ge=0, le=1, description="of the segment's length")
    max_fraction: float = Field(1.0, ge=0, le=1, description="of the segment's length")

    @model_validator(mode="after")
    def _range(self) -> "TimeShiftSpec":
        _ordered(self, "min_fraction", "max_fraction")
        return self


class ReverseSpec(_Augmentation):
    """Time runs backwards."""

    on: Literal["waveform", "spectrogram"] = Field("waveform", description="what is reversed")


class NoiseSpec(_Augmentation):
    """White or pink noise at a signal-to-noise ratio or of an amplitude."""

    color: Literal["white", "pink"] = Field("white", description="white: flat spectrum; pink: 1/f power")
    level: Literal["snr", "amplitude"] = Field("snr", description="what is drawn")
    min_snr_db: float = Field(5.0, ge=-60, le=120, description="dB")
    max_snr_db: float = Field(40.0, ge=-60, le=120, description="dB")
    min_amplitude: float = Field(0.001, gt=0, le=1, description="standard deviation, full scale is 1")
    max_amplitude: float = Field(0.015, gt=0, le=1, description="standard deviation, full scale is 1")

    @model_validator(mode="after")
    def _range(self) -> "NoiseSpec":
        _ordered(self, "min_snr_db", "max_snr_db")
        _ordered(self, "min_amplitude", "max_amplitude")
        return self


class BackgroundSpec(_Augmentation):
    """A random stretch of another subset's clips at a signal-to-noise ratio; none of recordings that validate."""

    subset: str = Field("background", min_length=1, description="subset of the catalogue")
    min_snr_db: float = Field(0.0, ge=-60, le=120, description="dB")
    max_snr_db: float = Field(20.0, ge=-60, le=120, description="dB")

    @model_validator(mode="after")
    def _range(self) -> "BackgroundSpec":
        _ordered(self, "min_snr_db", "max_snr_db")
        return self


class FilteringSpec(_Augmentation):
    """A random frequency response: gains at evenly spaced frequencies, joined by straight lines (BirdCLEF 2023)."""

    n_gains: int = Field(4, ge=2, le=64, description="gains drawn over 0 .. sample_rate / 2")
    min_db: float = Field(-20.0, ge=-120, le=0, description="dB; gains are drawn from min_db .. 0")


class PitchShiftSpec(_Augmentation):
    """Pitch changes, duration stays: phase vocoder and resampling."""

    min_semitones: float = Field(-4.0, ge=-24, le=24, description="semitones")
    max_semitones: float = Field(4.0, ge=-24, le=24, description="semitones")

    @model_validator(mode="after")
    def _range(self) -> "PitchShiftSpec":
        _ordered(self, "min_semitones", "max_semitones")
        return self


class TimeStretchSpec(_Augmentation):
    """Tempo changes, pitch stays: phase vocoder; cut or padded to the segment's length."""

    min_rate: float = Field(0.8, gt=0.1, le=10, description="below 1: slower")
    max_rate: float = Field(1.2, gt=0.1, le=10, description="above 1: faster")

    @model_validator(mode="after")
    def _range(self) -> "TimeStretchSpec":
        _ordered(self, "min_rate", "max_rate")
        return self


class SpecAugmentSpec(_Augmentation):
    """SpecAugment (Park et al. 2019): bands and stretches of a spectrogram are hidden, drawn per sample."""

    freq_masks: int = Field(2, ge=0, le=20, description="masks over bands")
    freq_width: int = Field(8, ge=0, description="bands; a mask's width is drawn from 0..freq_width")
    time_masks: int = Field(2, ge=0, le=20, description="masks over frames")
    time_width: int = Field(20, ge=0, description="frames; a mask's width is drawn from 0..time_width")
    count: Literal["up_to", "exact"] = Field(
        "up_to", description="up_to: the number of masks is drawn from 1 to that given; exact: always that number"
    )
    fill: Literal["min", "mean", "zero"] = Field("min", description="the sample's minimum, its mean, or 0")


class RandomErasingSpec(_Augmentation):
    """A rectangle of the spectrogram becomes uniform noise or one value (Zhong et al. 2020)."""

    min_area: float = Field(0.02, gt=0, le=1, description="of the spectrogram's")
    max_area: float = Field(0.4, gt=0, le=1, description="of the spectrogram's")
    min_aspect: float = Field(0.3, gt=0, description="height / width")
    max_aspect: float = Field(3.33, gt=0, description="height / width")
    fill: Literal["noise", "constant"] = Field(
        "noise", description="noise: a value per cell (Zhong et al.); constant: one for the rectangle (LH)"
    )
    low: float = Field(-1.0, description="values are drawn from low .. high")
    high: float = Field(1.0, description="values are drawn from low .. high")

    @model_validator(mode="after")
    def _range(self) -> "RandomErasingSpec":
        for part in ("area", "aspect"):
            _ordered(self, f"min_{part}", f"max_{part}")
        _ordered(self, "low", "high")
        return self


class AugmentationSpec(Section):
    """What is changed before the network sees a sample, in the order of the fields."""

    before_mixing: bool = Field(
        False, description="false: mixtures are changed (BirdCLEF 2025, LH); true: their parts, each by itself (Mix2)"
    )
    concatenate: ConcatenateSpec = ConcatenateSpec()
    time_stretch: TimeStretchSpec = TimeStretchSpec()
    pitch_shift: PitchShiftSpec = PitchShiftSpec()
    time_shift: TimeShiftSpec = TimeShiftSpec()
    reverse: ReverseSpec = ReverseSpec()
    filtering: FilteringSpec = FilteringSpec()
    noise: NoiseSpec = NoiseSpec()
    background: BackgroundSpec = BackgroundSpec()
    gain: GainSpec = GainSpec()
    spec_augment: SpecAugmentSpec = SpecAugmentSpec()
    random_erasing: RandomErasingSpec = RandomErasingSpec()
