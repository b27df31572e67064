"""RunSpec: the only configuration of a run."""

import hashlib
import json
from typing import Any

from pydantic import Field, model_validator

from trainers.augmentation.spec import AugmentationSpec
from trainers.config.section import Section
from trainers.data.spec import DataSpec, SegmentsSpec
from trainers.front_end.spec import MelSpec
from trainers.losses.spec import BceSpec, LossSpec
from trainers.mixing.spec import MixingSpec, NoMixingSpec
from trainers.models.spec import ModelSpec
from trainers.optim.spec import AdamWSpec, CosineSpec, OptimizerSpec, ScheduleSpec
from trainers.targets.spec import TargetsSpec
from trainers.training.spec import TrainingSpec

SCHEMA_VERSION = 1
"""Raised when the same fields come to mean another computation: old keys then name old runs only."""


class RunSpec(Section):
    """One training run, completely: everything that its result depends on but the data and the world size."""

    data: DataSpec = DataSpec()
    segments: SegmentsSpec = SegmentsSpec()
    front_end: MelSpec = MelSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    targets: TargetsSpec = TargetsSpec()
    mixing: MixingSpec = NoMixingSpec()
    model: ModelSpec = ModelSpec()
    loss: LossSpec = BceSpec()
    optimizer: OptimizerSpec = AdamWSpec()
    schedule: ScheduleSpec = CosineSpec()
    training: TrainingSpec = TrainingSpec()
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of weights, order, crops, mixing, dropout")

    @model_validator(mode="after")
    def _front_end_fits(self) -> "RunSpec":
        nyquist, mel = self.data.sample_rate / 2, self.front_end
        if max(mel.f_min, mel.f_max or 0) > nyquist or mel.f_min == nyquist:
            name, value = ("f_max", mel.f_max) if (mel.f_max or 0) > nyquist else ("f_min", mel.f_min)
            raise ValueError(f"front_end.{name} must be below data.sample_rate / 2 ({nyquist:g} Hz), got {value:g} Hz")
        samples = round(self.segments.duration_s * self.data.sample_rate)
        if samples < mel.n_fft:
            raise ValueError(
                f"front_end.n_fft must be <= the samples of a segment ({samples} in {self.segments.duration_s:g} s), "
                f"got {mel.n_fft}"
            )
        return self

    def resolved(self) -> dict[str, Any]:
        """The spec as plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    def key(self, data_digest: str, world_size: int, precision: str) -> str:
        """The run's identity: 16 hexadecimal digits.

        A hash of the resolved spec (fold and seed among it), the schema version, the training data's digest, the
        world size and the precision really used. Paths, devices and numbers of CPUs don't enter.
        """
        spec = self.resolved()
        spec["training"]["precision"] = precision
        identity = {"schema": SCHEMA_VERSION, "spec": spec, "data": data_digest, "world_size": world_size}
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
