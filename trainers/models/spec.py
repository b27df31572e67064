"""The network: a timm backbone, a pooling, a linear head."""

from typing import Literal

from pydantic import Field

from trainers.config.section import Section


class ModelSpec(Section):
    """A timm backbone on one-channel spectrograms, pooled, with a linear head."""

    backbone: str = Field("mobilenetv3_small_050", min_length=1, description="any name timm.create_model knows")
    pretrained: bool = Field(False, description="start from timm's published weights")
    pooling: Literal["avg"] = Field("avg", description="mean over bands and frames")
    dropout: float = Field(0.0, ge=0, lt=1, description="before the head")
    drop_path: float = Field(0.0, ge=0, lt=1, description="stochastic depth, where the backbone has it")
