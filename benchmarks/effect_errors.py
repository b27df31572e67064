"""How often the page of a sweep shows an effect that isn't there, and one that is.

    OMP_NUM_THREADS=1 python benchmarks/effect_errors.py [--sweeps 100] [--trials 60] [--only KIND ...] [--json FILE]

Sweeps of six parameters are played in simulated time with tuneful's own searcher and scheduler, two trials at once;
curves are made, nothing is trained. Either nothing matters, or the learning rate has its optimum within the range, or a
choice of the loss costs as much beside it. A false alarm is a sweep that shows any parameter that does nothing. Random
trials that run to their end should raise one in 5 % of the sweeps at most (Holm's correction). What adapts may exceed
that: TPE draws by earlier scores, ASHA stops by them.
The spread is the exact 95 % interval of the share (Clopper and Pearson 1934).
"""

import itertools
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pandas as pd
from harness import Verdict, conclude, parser
from pydantic import TypeAdapter
from scipy import stats

from analysis.effects import associations
from analysis.records.sweep_tables import SweepTables
from tuneful.simulator.curves import Curve
from tuneful.simulator.replay import Replay, Step
from tuneful.space.parameters import Parameter, Space
from tuneful.space.ranges import AnyEntry
from tuneful.space.sample import to_settings
from tuneful.space.schedulers import AshaSpec, FifoSpec, SchedulerSpec
from tuneful.sweep.schedulers.scheduler import build_scheduler
from tuneful.sweep.searchers.search import LedgerOptunaSearch, SamplerSpec

EPOCHS, SLOTS = 18, 2
SEARCH = {
    "loss.name": {"choice": ["bce", "ce", "focal", "focal_bce"]},
    "loss.gamma": {"uniform": [0.5, 4.0], "when": {"loss.name": ["focal", "focal_bce"]}},
    "targets.mode": {"choice": ["soft", "hard"]},
    "optimizer.lr": {"loguniform": [1e-4, 1e-1]},
    "optimizer.weight_decay": {"loguniform": [1e-6, 1e-1]},
    "model.dropout": {"uniform": [0.0, 0.6]},
}
ENTRIES = TypeAdapter(dict[str, AnyEntry]).validate_python(SEARCH, strict=False)
SPACE = Space({path: Parameter(path, (entry,)) for path, entry in ENTRIES.items()})
SCHEDULERS: dict[str, SchedulerSpec] = {"fifo": FifoSpec(), "asha": AshaSpec()}
MATTERS: dict[str, set[str]] = {
    "nothing matters": set(),
    "the rate matters": {"optimizer.lr"},
    "rate and loss matter": {"optimizer.lr", "loss.name"},
}


@dataclass(frozen=True)
class Kind:
    """Sweeps that differ in their seed alone."""

    sampler: str
    scheduler: str
    what: str
    """of MATTERS"""

    def __str__(self) -> str:
        return f"{self.sampler}, {self.scheduler}, {self.what}"


KINDS = {str(kind): kind for kind in itertools.starmap(Kind, itertools.product(("random", "tpe"), SCHEDULERS, MATTERS))}


def made_curve(rng: np.random.Generator, params: Mapping[str, Any], matters: set[str]) -> Curve:
    """The score after every epoch; the seed of a run is worth .015."""
    top = 0.93 + rng.normal(0, 0.015)
    top -= 0.05 * abs(math.log10(params["optimizer.lr"]) + 2.5) ** 1.5 * ("optimizer.lr" in matters)
    top -= 0.05 * params["loss.name"].startswith("focal") * ("loss.name" in matters)
    scores = top - 0.3 * np.exp(-0.3 * np.arange(1, EPOCHS + 1)) + rng.normal(0, 0.004, EPOCHS)
    return Curve(params, tuple(scores.tolist()), (1.0,) * EPOCHS, whole=True)


def made_sweep(kind: Kind, trials: int, seed: int) -> SweepTables:
    """The first trials of a search as the page reads them."""
    rng = np.random.default_rng(10_000 + seed)
    scheduler = {"objective": {"mode": "max"}, "scheduler": SCHEDULERS[kind.scheduler].model_dump()}
    replay = Replay(
        lambda params: made_curve(rng, params, MATTERS[kind.what]),
        SLOTS,
        lambda *make: LedgerOptunaSearch(SPACE, "max", SamplerSpec(kind.sampler, seed), *make),
        build_scheduler(scheduler, EPOCHS, ()),
    )
    ended = (step for step in replay.steps(sys.maxsize) if step.ends and step.trial.number < trials)
    return SweepTables({"search": SEARCH}, pd.DataFrame(map(row, itertools.islice(ended, trials))), pd.DataFrame())


def row(end: Step) -> dict[str, Any]:
    """A trial in the table of trials."""
    drawn = to_settings(end.trial.params)
    found = {"trial": end.trial.number, "state": end.ends, "score": end.score, "epochs": end.epoch}
    return found | {f"param.{path}": drawn.get(path) for path in SEARCH}


def shown(kind: Kind, trials: int, seed: int) -> set[str]:
    """The parameters that the page of one made sweep says go with the score."""
    return {each.parameter for each in associations(made_sweep(kind, trials, seed)) if each.shown}


def verdicts(kind: Kind, pages: list[set[str]]) -> list[Verdict]:
    """How many of the pages show what does nothing, and each parameter that matters."""
    matters = MATTERS[kind.what]
    found = {"false alarms": [bool(page - matters) for page in pages]}
    found |= {f"{path} shown": [path in page for page in pages] for path in sorted(matters)}
    return [share(f"{kind}: {text}", each) for text, each in found.items()]


def share(text: str, found: list[bool]) -> Verdict:
    """A share with its n and its interval."""
    interval = stats.binomtest(sum(found), len(found)).proportion_ci(0.95, method="exact")
    return Verdict(f"{text}, n = {len(found)}", float(np.mean(found)), None, interval.low, interval.high)


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("--sweeps", type=int, default=100, help="of each kind, in each round")
    options.add_argument("--trials", type=int, default=60)
    options.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help="; ".join(KINDS))
    asked = options.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seeds = range(asked.rounds * asked.sweeps)
    found = []
    for kind in map(KINDS.__getitem__, asked.only):
        found += verdicts(kind, [shown(kind, asked.trials, seed) for seed in seeds])
    conclude([], found, asked.json)


if __name__ == "__main__":
    main()
