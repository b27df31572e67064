"""What a trial printed and how it failed, as far as it is kept beside the trial's record."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.records.sweep import CONFIRM, SEARCH, SweepFolder, TrialEnd, TrialPlan
from trainers.config.paths import nearest
from trainers.errors import SpecError


@dataclass(frozen=True)
class TrialLog:
    """The texts that are kept of one trial."""

    folder: SweepFolder
    plan: TrialPlan

    @property
    def outputs(self) -> list[Path]:
        """What its processes printed: the first worker's file, then those of the others."""
        stem = self.folder.path / "trials" / self.plan.name
        others = sorted(stem.parent.glob(f"{self.plan.name}.worker-*.log"), key=lambda path: int(_rank(path)))
        return [path for path in (stem.with_name(f"{self.plan.name}.log"), *others) if path.exists()]

    @property
    def end(self) -> TrialEnd | None:
        """How it ended, or None."""
        return next((end for plan, end in self.folder.trials(self.plan.stage) if plan.name == self.plan.name), None)

    @property
    def traceback(self) -> str | None:
        """Where it failed, if it failed unexpectedly."""
        path = self.folder.path / "trials" / f"{self.plan.name}.traceback.txt"
        return path.read_text(errors="replace") if path.exists() else None

    def record(self) -> dict[str, Any]:
        """For a script."""
        end = self.end
        return {
            "trial": self.plan.name,
            "state": end.state if end else None,
            "error": end.error if end else None,
            "traceback": self.traceback,
            "output": {path.name: path.read_text(errors="replace") for path in self.outputs},
        }


def trial_named(folder: SweepFolder, text: str) -> TrialPlan:
    """A trial by its number in the search (`7`) or its name (`confirm-0003`), whatever state it is in.

    Raises:
        SpecError: there is no such trial.
    """
    name = f"{SEARCH}-{int(text):04d}" if re.fullmatch(r"[0-9]{1,9}", text) else text
    plans = {plan.name: plan for stage in (SEARCH, CONFIRM) for plan, _ in folder.trials(stage)}
    if name not in plans:
        hint = nearest(name, list(plans)) if plans else "It has none yet."
        raise SpecError(f"{folder.name} has no trial {text!r}. {hint} Try: platform results {folder.name}")
    return plans[name]


def _rank(path: Path) -> str:
    return path.name.removesuffix(".log").rsplit("-", 1)[1]
