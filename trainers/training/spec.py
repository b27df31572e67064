"""The loop: how long, how large, how exact, what is kept."""

from typing import Literal

from pydantic import Field

from trainers.config.section import Section


class TrainingSpec(Section):
    """Epochs, batches, precision."""

    epochs: int = Field(10, ge=1, le=100_000, description="passes over the training clips")
    batch_size: int = Field(32, ge=1, description="samples per step over all workers together")
    eval_batch_size: int = Field(64, ge=1, description="windows per evaluation step and worker")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="auto: bf16 where the GPU has it, else fp16 with loss scaling, fp32 on CPU"
    )
    channels_last: bool = Field(True, description="memory format of images; faster on CPUs and tensor cores")
    grad_clip: float | None = Field(None, gt=0, description="largest global gradient norm; null: none")
    keep: Literal["last", "best"] = Field("last", description="which epoch's checkpoint and logits are kept")
    monitor: Literal["val/macro_auc", "val/macro_f1", "val/map"] = Field(
        "val/macro_auc", description="the metric that `keep: best` maximises"
    )
