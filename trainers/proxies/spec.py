"""Which scores of the unlabelled target a run computes for the checkpoint that it keeps."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from trainers.config.section import Section


class _ProxySpec(Section):
    subset: str = Field("target", min_length=1, description="the unlabelled subset that stands for the target")


class _ScenesSpec(_ProxySpec):
    """Validation clips heard in the target's background (docs/leaderboard.md says what ranked well on chorus)."""

    label: str = Field("", description="name of its metrics, where several are asked for; empty: the proxy's own")
    scenes: int = Field(240, ge=10, le=20_000, description="number of segments that are rendered")
    far: bool = Field(True, description="with distance: treble lost in air, echoes; else as recorded")
    equalize: bool = Field(False, description="clips filtered to the mean spectrum of the target: its band limits")
    seed: int = Field(0, ge=0, description="of the scenes, which are the same for all runs of a fold")

    @field_validator("label")
    @classmethod
    def _plain(cls, label: str) -> str:
        if label and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", label):
            raise ValueError(f"proxies.label must be lower-case letters, digits and _, got {label!r}")
        if label in ("train", "val", "test"):
            raise ValueError(f"proxies.label must be another word than those of the split, got {label!r}")
        return label


class RerenderSpec(_ScenesSpec):
    """Scenes with several clips at once, near and far, and some with none."""

    name: Literal["rerender"] = "rerender"
    snr_db: tuple[float, float] = Field(
        (0.0, 20.0), description="dB above the background at the greatest and at no distance"
    )
    max_sources: int = Field(3, ge=1, le=20, description="most clips in a scene that isn't empty")
    empty_share: float = Field(0.3, ge=0, lt=1, description="share of scenes without any clip")

    @model_validator(mode="after")
    def _ordered(self) -> "RerenderSpec":
        if self.snr_db[0] > self.snr_db[1]:
            raise ValueError(f"proxies.snr_db must be from low to high, got {list(self.snr_db)}")
        return self


class RobustnessSpec(_ScenesSpec):
    """One clip in every scene, at each of several levels: the curve of a score against SNR."""

    name: Literal["robustness"] = "robustness"
    snr_db: tuple[float, ...] = Field(
        (20.0, 10.0, 5.0, 0.0, -5.0), min_length=1, max_length=12, description="dB above the background, a level each"
    )
    scenes: int = Field(120, ge=10, le=20_000, description="number of segments per level")

    @model_validator(mode="after")
    def _different(self) -> "RobustnessSpec":
        if len(set(self.snr_db)) < len(self.snr_db):
            raise ValueError(f"proxies.snr_db must name each level once, got {list(self.snr_db)}")
        return self


class UnlabelledSpec(_ProxySpec):
    """Confidence, entropy, ATC, DoC, nuclear norm, agreement of neighbouring windows: no further prediction needed."""

    name: Literal["unlabelled"] = "unlabelled"


class AugmentedSpec(_ProxySpec):
    """Agreement of predictions with those of the same windows shifted, louder or softer, with noise."""

    name: Literal["augmented"] = "augmented"
    gain_db: float = Field(6.0, ge=0, le=40, description="largest change of level, drawn per clip")
    noise_db: float = Field(20.0, ge=-20, le=80, description="dB that pink noise lies below a clip")
    shift_s: float = Field(0.5, ge=0, le=60, description="largest shift in time, circular, drawn per clip")
    seed: int = Field(0, ge=0, description="of the changes, which are the same for all runs")


class EmbeddingsSpec(_ProxySpec):
    """Distances of embeddings from validation to target, and validation weighted by likeness to the target."""

    name: Literal["embeddings"] = "embeddings"


ProxySpec = Annotated[
    RerenderSpec | RobustnessSpec | UnlabelledSpec | AugmentedSpec | EmbeddingsSpec, Field(discriminator="name")
]


def proxy_label(proxy: ProxySpec) -> str:
    """What the metrics of a proxy begin with: `rerender`."""
    return getattr(proxy, "label", "") or proxy.name
