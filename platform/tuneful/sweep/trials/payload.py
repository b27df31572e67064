"""What a trial's process needs, as Tune's configuration of the trial: paths and plain values, no data."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.objective import Objective
from analysis.records.sweep import SweepFolder, TrialPlan
from tuneful.sweep.plans import Planner


@dataclass(frozen=True)
class Payloads:
    """Makes the configurations of a sweep's trials."""

    folder: SweepFolder
    planner: Planner
    train_storage: Path
    """for Ray Train's own files"""

    def of(self, plan: TrialPlan) -> dict[str, Any]:
        """Tune's configuration of a trial."""
        definition = self.planner.sweep.definition
        objective, *further = Objective.all_of(self.planner.sweep.resolved())
        return {
            "trial": plan.name,
            "umask": _umask(),
            "folder": str(self.folder.path.absolute()),
            "runs": [vars(run) for run in plan.runs],
            "objective": vars(objective),
            "further_objectives": [vars(one) for one in further],
            "early_stop": definition.early_stop and definition.early_stop.model_dump(),
            "resources": definition.resources.model_dump(),
            "train_storage": str(self.train_storage),
            "ground": {"data_digest": self.planner.data_digest, "precision": self.planner.precision},
        }


def _umask() -> int:
    """The user's own: results are as open as their other files; Ray's processes start with a stricter one."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
