"""Losses as tagged variants: a field that means nothing for a loss can't be set."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class BceSpec(Section):
    """Binary cross-entropy, mean over classes."""

    name: Literal["bce"] = "bce"


class CeSpec(Section):
    """Cross-entropy over a softmax with the targets as probabilities; hard unions are not normalised."""

    name: Literal["ce"] = "ce"


class FocalSpec(Section):
    """Sigmoid focal loss (Lin et al. 2017) on float targets, mean over classes."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, description="how much easy samples count less")
    alpha: float = Field(0.25, ge=0, le=1, description="weight of positives, 1 - alpha of negatives")


class FocalBceSpec(Section):
    """A weighted sum of BCE and focal loss (BirdCLEF 2025)."""

    name: Literal["focal_bce"] = "focal_bce"
    gamma: float = Field(2.0, ge=0, description="of the focal part")
    alpha: float = Field(0.25, ge=0, le=1, description="of the focal part")
    bce_weight: float = Field(1.0, ge=0, description="factor of the BCE part")
    focal_weight: float = Field(1.0, ge=0, description="factor of the focal part")


LossSpec = Annotated[BceSpec | CeSpec | FocalSpec | FocalBceSpec, Field(discriminator="name")]
