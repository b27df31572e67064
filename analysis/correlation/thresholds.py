"""The thresholds of the verdicts, named and versioned: two verdicts of one version rest on the same rules."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Change one, change the version, and run `benchmarks/verdicts.py` again."""

    version: str = "1"
    alpha: float = 0.05
    """Two-sided level of the permutation test: under no relation, 2.5 % of verdicts are usable and 2.5 % misleading."""
    fewest_pairs: int = 5
    """Below it nothing is called usable or misleading."""
    weakest: float = 0.3
    """Spearman's coefficient below which even a sure relation orders too few pairs right (six in ten) to choose by."""
    power: float = 0.8
    """With which the number of submissions still needed would find the relation."""
    plausible: float = 0.5
    """The relation that a plan is made for when the observed one is no guide."""


THRESHOLDS = Thresholds()
