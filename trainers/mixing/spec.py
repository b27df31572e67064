"""The mixing of samples within a batch. Every variant is a convex combination of samples and of their targets."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trainers.config.section import Section

Variant = Annotated[
    Literal["as_described", "as_released"],
    Field(
        description="as_described: lambda per sample, in the loss too; as_released: the code of Mix2, "
        "whose loss weighs the whole batch by the mean lambda",
    ),
]


class NoMixingSpec(Section):
    """Every sample stays as it is."""

    name: Literal["none"] = "none"


class MixupSpec(Section):
    """Mixup of waveforms or spectrograms (Zhang et al. 2018): x = lam a + (1 - lam) b."""

    name: Literal["mixup"] = "mixup"
    on: Literal["waveform", "spectrogram"] = Field("waveform", description="what is mixed")
    alpha: float | None = Field(
        1.0, gt=0, description="lambda ~ Beta(alpha, alpha); null: lambda is always 0.5 (BirdCLEF 2025)"
    )
    p: float = Field(0.5, ge=0, le=1, description="probability that a sample is mixed")
    draw: Literal["sample", "batch"] = Field("sample", description="one lambda per sample, or one for the batch")
    partner: Literal["batch", "uniform", "balanced", "same_site", "same_hour"] = Field(
        "batch",
        description="batch: another of the batch, so as the sampler draws; of the training clips: uniform: any; "
        "balanced: any of a uniformly drawn class; same_site, same_hour: of the same site or hour of day",
    )


class ManifoldMixupSpec(Section):
    """Mixup of a hidden layer (Verma et al. 2019), of one of `layers` drawn anew for each step."""

    name: Literal["manifold_mixup"] = "manifold_mixup"
    layers: tuple[str, ...] = Field(
        ("embedding",), min_length=1, description="`embedding` (after pooling; Mix2) or `stage0`, `stage1`, ..."
    )
    alpha: float | None = Field(1.0, gt=0, description="lambda ~ Beta(alpha, alpha); null: always 0.5")
    p: float = Field(1.0, ge=0, le=1, description="probability that a sample is mixed")
    variant: Variant = "as_described"

    @model_validator(mode="after")
    def _layers_exist(self) -> "ManifoldMixupSpec":
        for layer in self.layers:
            if layer != "embedding" and not (layer.startswith("stage") and layer[5:].isdigit()):
                raise ValueError(f"mixing.layers must be embedding, stage0, stage1, ..., got {layer!r}")
        return self


class _DirichletSpec(Section):
    n_mixes: int | None = Field(None, ge=1, le=65_536, description="combinations per step; null: the batch size")
    alpha_min: float = Field(
        0.2, gt=0, description="weights ~ Dirichlet(a_1 .. a_batch), a_i ~ U(alpha_min, alpha_max)"
    )
    alpha_max: float = Field(0.2, gt=0, description="at least alpha_min")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.alpha_max < self.alpha_min:
            raise ValueError(f"mixing.alpha_max must be >= alpha_min ({self.alpha_min:g}), got {self.alpha_max:g}")
        return self


class MultiMixSpec(_DirichletSpec):
    """MultiMix (Venkataramanan et al. 2023): embeddings become convex combinations of the whole (local) batch."""

    name: Literal["multimix"] = "multimix"


class Mix2Spec(_DirichletSpec):
    """Mix2 (Moummad et al. 2024): mixup, manifold mixup or MultiMix, one of them drawn for each step."""

    name: Literal["mix2"] = "mix2"
    p_mixup: float = Field(0.25, ge=0, le=1, description="probability of mixup")
    p_manifold: float = Field(0.5, ge=0, le=1, description="probability of manifold mixup of the embedding")
    p_multimix: float = Field(0.25, ge=0, le=1, description="probability of MultiMix; the three must sum to 1")
    on: Literal["waveform", "spectrogram"] = Field("spectrogram", description="what its mixup mixes")
    alpha: float = Field(1.0, gt=0, description="lambda ~ Beta(alpha, alpha) of mixup and manifold mixup")
    variant: Variant = "as_described"

    @model_validator(mode="after")
    def _probabilities(self) -> "Mix2Spec":
        total = self.p_mixup + self.p_manifold + self.p_multimix
        if abs(total - 1) > 1e-6:
            raise ValueError(f"mixing.p_mixup + p_manifold + p_multimix must be 1, got {total:g}")
        if self.variant == "as_released" and self.on != "spectrogram":
            raise ValueError("mixing.on must be spectrogram for mixing.variant=as_released, got waveform")
        return self


MixingSpec = Annotated[
    NoMixingSpec | MixupSpec | ManifoldMixupSpec | MultiMixSpec | Mix2Spec, Field(discriminator="name")
]
