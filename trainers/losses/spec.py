"""Losses as tagged variants: a field that means nothing for a loss can't be set."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class _LossSpec(Section):
    class_weight_temperature: float = Field(
        0.0, ge=0, le=4, description="T: class c weighs (n_c / N)^-T by its frequency in the training fold; 0: none"
    )
    class_weight_scale: Literal["none", "mean_one"] = Field(
        "none", description="none: weights as they are (BirdCLEF 2025: 5 to 119); mean_one: divided by their mean"
    )


class BceSpec(_LossSpec):
    """Binary cross-entropy, mean over classes."""

    name: Literal["bce"] = "bce"


class CeSpec(_LossSpec):
    """Cross-entropy over a softmax with the targets as probabilities; hard unions are not normalised."""

    name: Literal["ce"] = "ce"


class FocalSpec(_LossSpec):
    """Sigmoid focal loss (Lin et al. 2017) on float targets, mean over classes."""

    name: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, description="how much easy samples count less")
    alpha: float = Field(0.25, ge=0, le=1, description="weight of positives, 1 - alpha of negatives")


class FocalBceSpec(_LossSpec):
    """A weighted sum of BCE and focal loss (BirdCLEF 2025)."""

    name: Literal["focal_bce"] = "focal_bce"
    gamma: float = Field(2.0, ge=0, description="of the focal part")
    alpha: float = Field(0.25, ge=0, le=1, description="of the focal part")
    bce_weight: float = Field(1.0, ge=0, description="factor of the BCE part")
    focal_weight: float = Field(1.0, ge=0, description="factor of the focal part")


class AsymmetricSpec(_LossSpec):
    """Asymmetric loss (Ridnik et al. 2021): negatives are focused harder, and easy ones dropped."""

    name: Literal["asymmetric"] = "asymmetric"
    gamma_positive: float = Field(0.0, ge=0, description="focusing of positives")
    gamma_negative: float = Field(4.0, ge=0, description="focusing of negatives")
    clip: float = Field(0.05, ge=0, lt=1, description="m: negatives of probability below m count nothing")


LossSpec = Annotated[BceSpec | CeSpec | FocalSpec | FocalBceSpec | AsymmetricSpec, Field(discriminator="name")]
