"""What checks look at and what they find."""

from dataclasses import dataclass

import pandas as pd

from trainers.data.catalogue import Catalogue
from trainers.spec import RunSpec


@dataclass(frozen=True)
class Subject:
    """A run with its data, split as the run would split it."""

    spec: RunSpec
    catalogue: Catalogue
    train: pd.DataFrame
    val: pd.DataFrame

    @property
    def where(self) -> str:
        """Which split is meant, for evidence."""
        data = self.spec.data
        return f"{data.name}, {data.split.scheme} fold {data.fold}"


@dataclass(frozen=True)
class Finding:
    """A mistake that was found, with what shows it and what mends it."""

    code: str
    severity: str
    title: str
    evidence: str
    fix: str

    def __str__(self) -> str:
        """`TF001 error: ...: evidence. Try: fix`."""
        return f"{self.code} {self.severity}: {self.title}: {self.evidence}. Try: {self.fix}"
