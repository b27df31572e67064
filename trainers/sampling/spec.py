"""Samplers as tagged variants. Frequencies are those of the run's own training fold."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class _Sampling(Section):
    extra_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="share of an epoch drawn from `data.extra_train` (pseudo-labels); null: by their number",
    )


class ShuffleSpec(_Sampling):
    """Every clip once per epoch, in random order."""

    name: Literal["shuffle"] = "shuffle"


class TemperatureSpec(_Sampling):
    """Drawn with replacement, weights (n_c / N)^-T by class frequency (BirdCLEF 2025: T = 0.5)."""

    name: Literal["temperature"] = "temperature"
    temperature: float = Field(0.5, ge=0, le=4, description="T; 0: uniform, 1: classes equally often")
    multi_label: Literal["rarest", "mean", "first"] = Field(
        "rarest", description="weight of a clip with several labels: of its rarest, their mean, or its first label's"
    )


class BalancedSpec(_Sampling):
    """Classes take turns, so that every batch is balanced; each turn a random clip of the class."""

    name: Literal["balanced"] = "balanced"


class OversampleSpec(_Sampling):
    """Every clip once, and random repeats until each class has as many as the largest (RandomOverSampler)."""

    name: Literal["oversample"] = "oversample"


class RareCombinationsSpec(_Sampling):
    """Drawn with replacement, weights (n_s / N)^-T by the frequency of a clip's *set* of labels (tried by Mix2)."""

    name: Literal["rare_combinations"] = "rare_combinations"
    temperature: float = Field(1.0, ge=0, le=4, description="T; 1: sets of labels equally often")


SamplingSpec = Annotated[
    ShuffleSpec | TemperatureSpec | BalancedSpec | OversampleSpec | RareCombinationsSpec, Field(discriminator="name")
]
