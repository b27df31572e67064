"""The mixing of samples within a batch."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class NoMixingSpec(Section):
    """Every sample stays as it is."""

    name: Literal["none"] = "none"


class MixupSpec(Section):
    """Mixup of waveforms (Zhang et al. 2018): x = lam a + (1 - lam) b, one lambda per sample."""

    name: Literal["mixup"] = "mixup"
    alpha: float | None = Field(
        1.0, gt=0, description="lambda ~ Beta(alpha, alpha); null: lambda is always 0.5 (BirdCLEF 2025)"
    )
    p: float = Field(0.5, ge=0, le=1, description="probability that a sample is mixed")


MixingSpec = Annotated[NoMixingSpec | MixupSpec, Field(discriminator="name")]
