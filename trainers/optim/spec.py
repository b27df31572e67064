"""Optimizers and schedules."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainers.config.section import Section


class _OptimizerSpec(Section):
    lr: float = Field(1e-3, gt=0, le=10, description="peak learning rate")
    weight_decay: float = Field(1e-2, ge=0, description="on all parameters")
    backbone_lr_factor: float = Field(
        1.0, ge=0, le=1, description="the backbone's rate is lr times this, the head's lr"
    )
    lr_scaling: Literal["none", "linear", "sqrt"] = Field(
        "none",
        description="lr is multiplied by (training.batch_size * accumulate / lr_reference_batch), or its root",
    )
    lr_reference_batch: int = Field(32, ge=1, description="batch size that lr is meant for, where it is scaled")


class _AdamFields(_OptimizerSpec):
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the first moment")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the second moment")


class AdamWSpec(_AdamFields):
    """AdamW (Loshchilov & Hutter 2019): decoupled weight decay."""

    name: Literal["adamw"] = "adamw"


class AdamSpec(_AdamFields):
    """Adam (Kingma & Ba 2015): weight decay as an L2 penalty."""

    name: Literal["adam"] = "adam"
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty on all parameters")


class RAdamSpec(_AdamFields):
    """RAdam (Liu et al. 2020): the adaptive rate is rectified in the first steps."""

    name: Literal["radam"] = "radam"
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty on all parameters")


class SgdSpec(_OptimizerSpec):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty on all parameters")
    momentum: float = Field(0.9, ge=0, lt=1, description="decay of the velocity")
    nesterov: bool = Field(False, description="Nesterov's momentum; needs momentum > 0")

    @model_validator(mode="after")
    def _has_momentum(self) -> "SgdSpec":
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.momentum must be > 0 for optimizer.nesterov=true, got 0")
        return self


OptimizerSpec = Annotated[AdamWSpec | AdamSpec | RAdamSpec | SgdSpec, Field(discriminator="name")]


class _ScheduleSpec(Section):
    warmup_steps: int = Field(0, ge=0, description="steps of linear warm-up from 0")


class ConstantSpec(_ScheduleSpec):
    """The learning rate stays at its peak after the warm-up."""

    name: Literal["constant"] = "constant"


class CosineSpec(_ScheduleSpec):
    """One half cosine per run."""

    name: Literal["cosine"] = "cosine"
    per: Literal["step", "epoch"] = Field("step", description="how often the rate changes")
    eta_min: float = Field(1e-6, ge=0, description="learning rate at the end")


class WarmRestartsSpec(_ScheduleSpec):
    """Half cosines that start anew (Loshchilov & Hutter 2017)."""

    name: Literal["warm_restarts"] = "warm_restarts"
    per: Literal["step", "epoch"] = Field("epoch", description="how often the rate changes")
    t_0: int = Field(10, ge=1, description="epochs of the first cosine")
    t_mult: int = Field(1, ge=1, description="each cosine is so many times as long as the one before")
    eta_min: float = Field(1e-6, ge=0, description="learning rate at the end of each cosine")


class OneCycleSpec(Section):
    """One rise and one fall, both half cosines (Smith & Topin 2019), as in torch's OneCycleLR."""

    name: Literal["one_cycle"] = "one_cycle"
    pct_start: float = Field(0.3, gt=0, lt=1, description="share of the run that rises")
    div_factor: float = Field(25.0, gt=1, description="the first rate is lr / div_factor")
    final_div_factor: float = Field(1e4, gt=1, description="the last rate is the first / final_div_factor")


class CyclicSpec(_ScheduleSpec):
    """Triangles between lr * base_factor and lr (Smith 2017; Freesound 2018)."""

    name: Literal["cyclic"] = "cyclic"
    base_factor: float = Field(0.1, ge=0, lt=1, description="the lowest rate is lr times this")
    half_cycle_epochs: float = Field(2.0, gt=0, description="epochs from the lowest rate to the peak")


class PlateauSpec(_ScheduleSpec):
    """The rate falls when `training.monitor` stops getting better (torch's ReduceLROnPlateau)."""

    name: Literal["plateau"] = "plateau"
    factor: float = Field(0.1, gt=0, lt=1, description="of each fall")
    patience: int = Field(10, ge=0, description="epochs without improvement before a fall")
    min_delta: float = Field(1e-4, ge=0, description="least improvement that counts")
    eta_min: float = Field(0.0, ge=0, description="lowest learning rate")


ScheduleSpec = Annotated[
    ConstantSpec | CosineSpec | WarmRestartsSpec | OneCycleSpec | CyclicSpec | PlateauSpec,
    Field(discriminator="name"),
]
