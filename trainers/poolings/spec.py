"""Poolings of (batch, channels, bands, frames) feature maps."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class AvgPoolingSpec(Section):
    """Mean over bands and frames."""

    name: Literal["avg"] = "avg"


class MaxPoolingSpec(Section):
    """Maximum over bands and frames."""

    name: Literal["max"] = "max"


class AvgMaxPoolingSpec(Section):
    """Half the mean plus half the maximum (timm's `avgmax`)."""

    name: Literal["avg_max"] = "avg_max"


class GemPoolingSpec(Section):
    """Generalised mean (Radenovic et al. 2018) with a learnt exponent."""

    name: Literal["gem"] = "gem"
    p: float = Field(3.0, ge=1, le=100, description="exponent at the start; 1: mean, large: maximum")
    eps: float = Field(1e-6, gt=0, description="features are clamped to at least this")


class AttentionPoolingSpec(Section):
    """Sound event detection head: per class, attention over frames (Kong et al. 2019; BirdCLEF 2023, 1st place)."""

    name: Literal["attention"] = "attention"
    hidden: int | None = Field(512, ge=1, description="width of the layer before attention; null: none")
    frame_share: float = Field(
        0.0, ge=0, le=1, description="w: prediction = (1 - w) clip-wise + w maximum of the frame-wise, in evaluation"
    )


class MelMeanTimeMaxSpec(Section):
    """Mean over bands, then maximum plus mean over frames (PANNs; Mix2)."""

    name: Literal["mel_mean_time_max"] = "mel_mean_time_max"


PoolingSpec = Annotated[
    AvgPoolingSpec | MaxPoolingSpec | AvgMaxPoolingSpec | GemPoolingSpec | AttentionPoolingSpec | MelMeanTimeMaxSpec,
    Field(discriminator="name"),
]
