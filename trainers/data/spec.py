"""Which data a run sees: catalogue, sample rate, split, segments."""

from typing import Literal

from pydantic import Field, model_validator

from trainers.config.section import Section


class SplitSpec(Section):
    """How training and validation clips are told apart."""

    scheme: Literal["stratified", "stratified_group"] = Field(
        "stratified", description="stratified: random by class; stratified_group: no group on both sides"
    )
    n_folds: int = Field(4, ge=2, le=100, description="number of folds")
    seed: int = Field(0, ge=0, description="seed of the shuffle; not the seed of the training")
    group_by: tuple[str, ...] = Field(
        ("author",), min_length=1, description="catalogue columns whose values must not cross a stratified_group split"
    )


class DataSpec(Section):
    """The catalogue, and which part of it this run trains on."""

    name: str = Field("chorus", min_length=1, description="name of a catalogue (`platform data list`)")
    sample_rate: int = Field(16_000, ge=1_000, le=384_000, description="Hz; recordings are resampled to it once")
    split: SplitSpec = SplitSpec()
    fold: int = Field(0, ge=0, description="the fold held out for validation")
    predict: tuple[str, ...] = Field(
        ("target",), description="unlabelled subsets whose logits are stored with the kept checkpoint, where present"
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> "DataSpec":
        if self.fold >= self.split.n_folds:
            raise ValueError(f"data.fold must be < data.split.n_folds ({self.split.n_folds}), got {self.fold}")
        return self


class SegmentsSpec(Section):
    """How fixed-length segments are cut from clips of any length."""

    duration_s: float = Field(5.0, gt=0, le=120, description="s; length of a segment")
    train_crop: Literal["random", "center", "head"] = Field("random", description="which segment training sees")
    crops_per_clip: int = Field(1, ge=1, le=64, description="segments drawn from each clip in an epoch")
    eval_windows: Literal["all", "center", "head"] = Field(
        "all", description="all: the whole clip in windows without overlap, the last one right-aligned"
    )
    aggregate: Literal["mean", "max"] = Field("mean", description="a clip's probability from those of its windows")
    padding: Literal["zero", "repeat"] = Field("zero", description="what follows a clip shorter than a segment")
