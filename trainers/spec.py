"""RunSpec: the only configuration of a run."""

import hashlib
import json
from typing import Any

from pydantic import Field, model_validator

from trainers.augmentation.spec import AugmentationSpec
from trainers.config.agreement import RULES
from trainers.config.content import content_of
from trainers.config.section import Section
from trainers.data.spec import DataSpec, SegmentsSpec
from trainers.front_end.spec import MelSpec
from trainers.losses.spec import BceSpec, LossSpec
from trainers.mixing.spec import MixingSpec, NoMixingSpec
from trainers.models.spec import ModelSpec, StartSpec, TimmSpec
from trainers.optim.spec import AdamWSpec, CosineSpec, OptimizerSpec, ScheduleSpec
from trainers.poolings.spec import AvgPoolingSpec, PoolingSpec
from trainers.proxies.spec import ProxySpec
from trainers.sampling.spec import SamplingSpec, ShuffleSpec
from trainers.targets.spec import TargetsSpec
from trainers.training.spec import EvaluationSpec, TrainingSpec

WEIGHTS = (("model", "weights"), ("model", "checkpoint"), ("start", "checkpoint"))
"""Fields that can name a local file or folder: sections and names."""

SCHEMA_VERSION = 3
"""Raised when the same fields come to mean another computation: old keys then name old runs only."""


class RunSpec(Section):
    """One training run, completely: everything that its result depends on but the data and the world size."""

    data: DataSpec = DataSpec()
    segments: SegmentsSpec = SegmentsSpec()
    sampling: SamplingSpec = ShuffleSpec()
    front_end: MelSpec = MelSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    targets: TargetsSpec = TargetsSpec()
    mixing: MixingSpec = NoMixingSpec()
    model: ModelSpec = TimmSpec()
    pooling: PoolingSpec = AvgPoolingSpec()
    start: StartSpec = StartSpec()
    loss: LossSpec = BceSpec()
    optimizer: OptimizerSpec = AdamWSpec()
    schedule: ScheduleSpec = CosineSpec()
    training: TrainingSpec = TrainingSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    proxies: tuple[ProxySpec, ...] = Field(
        (), description="scores of the unlabelled target, computed for the checkpoint that is kept"
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of weights, order, crops, mixing, dropout")

    @property
    def segment_samples(self) -> int:
        """Samples of a segment."""
        return round(self.segments.duration_s * self.data.sample_rate)

    @model_validator(mode="after")
    def _sections_agree(self) -> "RunSpec":
        for rule in RULES:
            if refusal := rule(self):
                raise ValueError(refusal)
        return self

    def resolved(self) -> dict[str, Any]:
        """The spec as plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    def key(self, data_digest: str, world_size: int, precision: str) -> str:
        """The run's identity: 16 hexadecimal digits.

        A hash of the resolved spec (fold and seed among it), the schema version, the training data's digest, the
        world size and the precision really used. Paths, devices and numbers of CPUs don't enter: weights that a run
        starts from count by their content.
        """
        spec = self.resolved()
        spec["training"]["precision"] = precision
        if not spec["proxies"]:  # what is computed afterwards changes no run that doesn't ask for it
            del spec["proxies"]
        for section, name in WEIGHTS:
            if spec[section].get(name):
                spec[section][name] = content_of(spec[section][name])
        identity = {"schema": SCHEMA_VERSION, "spec": spec, "data": data_digest, "world_size": world_size}
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
