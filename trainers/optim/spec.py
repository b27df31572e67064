"""Optimizers and schedules."""

from typing import Annotated, Literal

from pydantic import Field

from trainers.config.section import Section


class AdamWSpec(Section):
    """AdamW (Loshchilov & Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    lr: float = Field(1e-3, gt=0, le=10, description="peak learning rate")
    weight_decay: float = Field(1e-2, ge=0, description="decoupled, on all parameters")
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the second moment")


OptimizerSpec = AdamWSpec


class ConstantSpec(Section):
    """The learning rate stays at its peak after the warm-up."""

    name: Literal["constant"] = "constant"
    warmup_steps: int = Field(0, ge=0, description="steps of linear warm-up from 0")


class CosineSpec(Section):
    """One half cosine per run, a step at a time."""

    name: Literal["cosine"] = "cosine"
    warmup_steps: int = Field(0, ge=0, description="steps of linear warm-up from 0")
    eta_min: float = Field(1e-6, ge=0, description="learning rate at the last step")


ScheduleSpec = Annotated[ConstantSpec | CosineSpec, Field(discriminator="name")]
