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
    label_map: Literal["none", "icbhi_normal_abnormal", "icbhi_abnormal", "icbhi_four", "icbhi_diagnosis"] = Field(
        "none", description="other classes made of the catalogue's (ICBHI 2017's scenarios)"
    )
    exclude_classes: tuple[str, ...] = Field((), description="labels taken off every clip; the clips stay")
    drop_empty: bool = Field(False, description="leave out clips with nothing active")
    split: SplitSpec = SplitSpec()
    fold: int = Field(0, ge=0, description="the fold held out for validation")
    extra_train: tuple[str, ...] = Field(
        (),
        description="further labelled subsets to train on, never validated on (pseudo-labels); without clips of "
        "recordings, or groups, that validation has",
    )
    predict: tuple[str, ...] = Field(
        ("target",), description="unlabelled subsets whose logits are stored with the kept checkpoint, where present"
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> "DataSpec":
        if self.fold >= self.split.n_folds:
            raise ValueError(f"data.fold must be < data.split.n_folds ({self.split.n_folds}), got {self.fold}")
        return self

    @model_validator(mode="after")
    def _extra_is_extra(self) -> "DataSpec":
        names = self.extra_train
        if "train" in names or len(set(names)) < len(names):
            raise ValueError(f"data.extra_train must name other subsets than train, each once, got {list(names)}")
        return self


class SegmentsSpec(Section):
    """How fixed-length segments are cut from clips of any length."""

    duration_s: float = Field(5.0, gt=0, le=120, description="s; length of a segment")
    trim_db: float | None = Field(
        None, gt=0, description="dB; cut off what is that far below a clip's loudest frame at both ends; null: nothing"
    )
    context_clips: int = Field(
        0, ge=0, le=10, description="neighbouring clips of the recording that a clip is extended by on each side"
    )
    train_crop: Literal["random", "center", "head", "windows"] = Field(
        "random", description="which segment training sees; windows: every window of a clip is an item of its own"
    )
    crops_per_clip: int = Field(1, ge=1, le=64, description="segments drawn from each clip in an epoch")
    eval_windows: Literal["all", "center", "head", "crops"] = Field(
        "all", description="all: the whole clip in windows; crops: `eval_crops` evenly spaced"
    )
    eval_crops: int = Field(5, ge=1, le=64, description="segments per clip for eval_windows=crops")
    stride: float = Field(1.0, gt=0, le=1, description="step between windows, in durations; 1: no overlap")
    min_rest: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="what is left after the last whole window gets one, right-aligned, if it is longer than this share "
        "of a duration",
    )
    aggregate: Literal["mean", "max", "geometric"] = Field(
        "mean", description="a clip's probability from those of its windows"
    )
    smoothing: Literal[
        "none", "neighbor_average", "moving", "triangular", "savitzky_golay", "median", "exponential"
    ] = Field("none", description="of probabilities over the consecutive windows of a recording, before aggregation")
    smoothing_width: int = Field(3, ge=3, le=101, description="windows; odd; for moving, triangular, ..., median")
    padding: Literal["zero", "repeat", "reflect"] = Field(
        "zero", description="what fills up a clip shorter than a segment"
    )
    padding_side: Literal["right", "left", "both"] = Field("right", description="where it is filled up")

    @model_validator(mode="after")
    def _odd(self) -> "SegmentsSpec":
        if self.smoothing_width % 2 == 0:
            raise ValueError(f"segments.smoothing_width must be odd, got {self.smoothing_width}")
        return self
