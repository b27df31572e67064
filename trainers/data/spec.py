"""Which data a run sees: catalogue, sample rate, split, segments."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from trainers.config.section import Section

SchemeName = Literal["stratified", "group", "stratified_group", "multilabel", "multilabel_group", "official", "none"]


class SplitSpec(Section):
    """How training and validation clips are told apart, and which are neither.

    Clips are split, never windows: all windows of a clip are on its side. What is cut depends on the catalogue's
    labelled training clips, this section and nothing else; the order of the catalogue's rows doesn't matter.

    ICBHI 2017 (fabiocat93) splits patients by their chest location into 60/20/20: `scheme: stratified_group, n_folds:
    5, group_by: [subject], stratify_by: [site], test_fold: 4`. Freesound 2018 (daisukelab) validates on what was
    verified by hand: `validate_where: {verified: true}`.
    """

    scheme: SchemeName = Field(
        "stratified",
        description="stratified: random by class; multilabel: random by all labels of a clip; group: no group on two "
        "sides; stratified_group and multilabel_group: both; official: the catalogue's column `fold`; none: train on "
        "all, no validation",
    )
    n_folds: int = Field(4, ge=2, le=100, description="number of folds; official: as many as the catalogue gives")
    seed: int = Field(0, ge=0, description="seed of the shuffle; not the seed of the training")
    group_by: tuple[str, ...] = Field(
        ("author",),
        min_length=1,
        description="catalogue columns whose values must not cross a split, for group, stratified_group and "
        "multilabel_group; recordings and near-duplicates never cross one there",
    )
    stratify_by: tuple[str, ...] = Field(
        (),
        description="catalogue columns whose joined values are spread evenly in place of the first label; for "
        "multilabel and multilabel_group beside the labels",
    )
    holdout: float | None = Field(
        None, gt=0, lt=1, description="share of the clips that is fold 0, the only one to validate on; null: n_folds"
    )
    test_fold: int | None = Field(
        None, ge=0, description="a fold that is neither trained nor validated on: the third part; null: two parts"
    )
    validate_where: dict[str, Any] = Field(
        {},
        description="column: value, or a list of them; clips of a held-out fold without it are neither validated nor "
        "trained on",
    )
    rare_class: Literal["as_split", "every_fold", "train_only", "drop"] = Field(
        "as_split",
        description="every_fold: clips or groups are moved until each fold has each class that has as many of them as "
        "there are folds; train_only: clips of classes with fewer clips than folds, and their groups, never leave "
        "training; drop: those clips are left out",
    )

    @property
    def pieces(self) -> int:
        """Into how many pieces the clips are cut: the folds, or the two sides of a holdout."""
        return self.n_folds if self.holdout is None else 2

    @field_validator("validate_where")
    @classmethod
    def _plain_values(cls, where: dict[str, Any]) -> dict[str, Any]:
        for column, value in where.items():
            values = value if isinstance(value, list | tuple) else [value]
            if not values or not all(isinstance(one, bool | int | float | str) for one in values):
                raise ValueError(
                    f"data.split.validate_where must have a text, number, true, false or a list of them for {column}, "
                    f"got {value!r}"
                )
        return where

    @model_validator(mode="after")
    def _parts_agree(self) -> "SplitSpec":
        for refusal in (self._refused_by_scheme(), self._refused_third_part()):
            if refusal:
                raise ValueError(refusal)
        return self

    def _refused_by_scheme(self) -> str | None:
        """Settings that a split which is given, or none at all, can't follow."""
        if self.scheme not in ("official", "none"):
            return None
        allowed: dict[str, Any] = {"holdout": None, "rare_class": "as_split"}
        if self.scheme == "none":
            allowed |= {"test_fold": None, "validate_where": {}}
        for name, only in allowed.items():
            value = getattr(self, name)
            if value != only:
                written = "null" if only is None else only
                return f"data.split.{name} must be {written} for data.split.scheme={self.scheme}, got {value!r}"
        return None

    def _refused_third_part(self) -> str | None:
        if self.test_fold is None or self.scheme == "official":
            return None
        if self.holdout is not None:
            return f"data.split.test_fold must be null for data.split.holdout, got {self.test_fold}"
        if self.test_fold >= self.n_folds:
            return f"data.split.test_fold must be < data.split.n_folds ({self.n_folds}), got {self.test_fold}"
        return "data.split.n_folds must be >= 3 for data.split.test_fold, got 2" if self.n_folds < 3 else None


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
        split, fold = self.split, self.fold
        if fold > 0 and (split.holdout is not None or split.scheme == "none"):
            only = "data.split.holdout" if split.holdout is not None else "data.split.scheme=none"
            raise ValueError(f"data.fold must be 0 for {only}, got {fold}")
        if fold >= split.n_folds and split.scheme != "official":  # how many are given, only the catalogue knows
            raise ValueError(f"data.fold must be < data.split.n_folds ({split.n_folds}), got {fold}")
        if fold == split.test_fold:
            raise ValueError(f"data.fold must not be data.split.test_fold, got {fold} for both")
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
