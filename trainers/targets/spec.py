"""What the targets are: soft shares or hard unions, secondary labels, ratings, smoothing."""

from typing import Literal

from pydantic import Field

from trainers.config.section import Section


class TargetsSpec(Section):
    """How labels become `(batch, classes)` float targets, and what mixing does to them."""

    mode: Literal["soft", "hard"] = Field(
        "soft",
        description="soft: a mixture's target is the weighted sum of its parts; hard: their union, all ones",
    )
    secondary_weight: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="soft: the share w of a clip's secondary labels together, its labels get 1 - w; "
        "hard: secondary labels count as labels when w > 0",
    )
    smoothing: float = Field(0.0, ge=0, lt=1, description="e: target = (1 - e) target + e / classes")
    sample_weight: Literal["none", "rating"] = Field(
        "none", description="rating: a clip's loss weighs its rating / the highest, scaled to a mean of 1"
    )
    rating_floor: float = Field(0.1, gt=0, le=1, description="least such weight; clips without a rating weigh 1")
