"""The competition of a seed: other species, people and sites, and a shift from training to test of its own."""

from typing import Any

import numpy as np

from trainers.data.sources.chorus.spec import ChorusSpec

KINDS: dict[str, dict[str, Any]] = {
    "soundscapes": {},
    "telephone": {"telephone": 1.0},
    "gaps": {"gap_share": 0.25},
}
"""Beside distance, overlap, noise, recorders and repertoire, which every competition has. Rules are developed on
`soundscapes` alone; the others are for judging them."""

RANGES: dict[str, tuple[float, float]] = {
    "near_snr_db": (15.0, 23.0),
    "distance_loss_db": (10.0, 18.0),
    "singers_per_30_s": (1.8, 4.0),
    "reverb": (0.5, 1.6),
    "microphone": (0.5, 1.6),
    "insect_db": (-9.0, 3.0),
    "wind_share": (0.1, 0.8),
    "rain_share": (0.0, 0.5),
    "confuser_share": (0.2, 0.8),
    "dialect_pitch_sd_oct": (0.02, 0.09),
    "site_concentration": (0.4, 2.0),
    "tail_exponent": (0.4, 1.0),
}
"""Each drawn uniformly by seed."""


def competition_spec(seed: int, kind: str = "soundscapes") -> ChorusSpec:
    """The settings of a simulated competition: sizes of the built-in one, strengths of the shift drawn by `seed`."""
    rng = np.random.default_rng([seed, 20])
    drawn = {name: round(float(rng.uniform(*bounds)), 3) for name, bounds in RANGES.items()}
    return ChorusSpec(seed=seed, **drawn, **KINDS[kind])


def competition_name(seed: int, kind: str = "soundscapes") -> str:
    """What its catalogue is called: `competition-07`, `competition-19-gaps`."""
    return f"competition-{seed:02d}" + ("" if kind == "soundscapes" else f"-{kind}")
