"""How often the page of a sweep shows an effect that isn't there, and one that is.

    OMP_NUM_THREADS=1 python benchmarks/effect_errors.py [--sweeps 100] [--trials 60] [--rounds 1] [--json FILE]

Sweeps of six parameters are drawn with Optuna's samplers as a sweep draws them, two trials at once, and halved by
ASHA's rule or not; curves are made, nothing is trained. Either nothing matters, or the learning rate has its optimum
within the range, or a choice of the loss costs as much beside it. A false alarm is a sweep that shows any parameter
that does nothing; Holm's correction should keep those at 5 %.
"""

import itertools
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
import pandas as pd
from harness import Verdict, conclude, parser

from analysis.effects import associations
from analysis.records.sweep_tables import SweepTables

EPOCHS, RUNGS, FACTOR, SLOTS = 18, (2, 6), 3, 2
LOSSES = ["bce", "ce", "focal", "focal_bce"]
SEARCH = {
    "loss.name": {"choice": LOSSES},
    "loss.gamma": {"uniform": [0.5, 4.0], "when": {"loss.name": ["focal", "focal_bce"]}},
    "targets.mode": {"choice": ["soft", "hard"]},
    "optimizer.lr": {"loguniform": [1e-4, 1e-1]},
    "optimizer.weight_decay": {"loguniform": [1e-6, 1e-1]},
    "model.dropout": {"uniform": [0.0, 0.6]},
}
MATTERS: dict[str, set[str]] = {
    "nothing": set(),
    "the rate": {"optimizer.lr"},
    "rate and loss": {"optimizer.lr", "loss.name"},
}


def sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """As `tuneful.sweep.searchers.samplers` makes it."""
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


def draw(trial: optuna.Trial) -> dict[str, Any]:
    """One point of the space."""
    drawn: dict[str, Any] = {"loss.name": trial.suggest_categorical("loss.name", LOSSES)}
    if drawn["loss.name"].startswith("focal"):
        drawn["loss.gamma"] = trial.suggest_float("loss.gamma", 0.5, 4.0)
    drawn["targets.mode"] = trial.suggest_categorical("targets.mode", ["soft", "hard"])
    drawn["optimizer.lr"] = trial.suggest_float("optimizer.lr", 1e-4, 1e-1, log=True)
    drawn["optimizer.weight_decay"] = trial.suggest_float("optimizer.weight_decay", 1e-6, 1e-1, log=True)
    return drawn | {"model.dropout": trial.suggest_float("model.dropout", 0.0, 0.6)}


def curve(rng: np.random.Generator, drawn: Mapping[str, Any], matters: set[str]) -> np.ndarray:
    """The score after every epoch; the seed of a run is worth .015."""
    top = 0.93 + rng.normal(0, 0.015)
    top -= 0.05 * abs(math.log10(drawn["optimizer.lr"]) + 2.5) ** 1.5 * ("optimizer.lr" in matters)
    top -= 0.05 * drawn["loss.name"].startswith("focal") * ("loss.name" in matters)
    return np.asarray(top - 0.3 * np.exp(-0.3 * np.arange(1, EPOCHS + 1)) + rng.normal(0, 0.004, EPOCHS))


class Halving:
    """ASHA's rule, as Ray has it: at a rung a trial goes on that is not below the best third of those before it."""

    def __init__(self, rungs: tuple[int, ...]) -> None:
        self._seen: dict[int, list[float]] = {rung: [] for rung in rungs}

    def stops(self, epoch: int, score: float) -> bool:
        """Tell whether a trial ends with this epoch."""
        seen = self._seen.get(epoch)
        if seen is None:
            return False
        cutoff = np.percentile(seen, 100 * (1 - 1 / FACTOR)) if seen else -math.inf
        seen.append(score)
        return bool(score < cutoff)


def made_sweep(study: optuna.Study, halving: Halving, matters: set[str], trials: int, seed: int) -> SweepTables:
    """Run a search of made curves, a few trials at once, epoch by epoch in turns."""
    rng = np.random.default_rng(10_000 + seed)
    waiting, running, rows = trials, list[tuple[optuna.Trial, dict[str, Any], np.ndarray, Any]](), []
    while waiting or running:
        while waiting and len(running) < SLOTS:
            trial = study.ask()
            drawn = draw(trial)
            running.append((trial, drawn, curve(rng, drawn, matters), itertools.count(1)))
            waiting -= 1
        for entry in list(running):
            trial, drawn, scores, epochs = entry
            epoch = next(epochs)
            score = float(scores[epoch - 1])
            trial.report(score, epoch)
            stopped = halving.stops(epoch, score)
            if stopped or epoch == EPOCHS:
                running.remove(entry)
                state = "pruned" if stopped else "complete"
                study.tell(trial, *((None, optuna.trial.TrialState.PRUNED) if stopped else (score,)))
                row = {"trial": trial.number, "state": state, "score": score, "epochs": epoch}
                rows.append(row | {f"param.{path}": drawn.get(path) for path in SEARCH})
    return SweepTables({"search": SEARCH}, pd.DataFrame(rows), pd.DataFrame())


def shown(name: str, scheduler: str, matters: set[str], trials: int, seed: int) -> set[str]:
    """The parameters that the page of one made sweep says go with the score."""
    study = optuna.create_study(direction="maximize", sampler=sampler(name, seed))
    tables = made_sweep(study, Halving(RUNGS if scheduler == "asha" else ()), matters, trials, seed)
    return {each.parameter for each in associations(tables) if each.shown}


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("--sweeps", type=int, default=100, help="of each kind, in each round")
    options.add_argument("--trials", type=int, default=60)
    asked = options.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    found = []
    for name, scheduler, (what, matters) in itertools.product(("random", "tpe"), ("fifo", "asha"), MATTERS.items()):
        seeds = range(asked.rounds * asked.sweeps)
        sets = [shown(name, scheduler, matters, asked.trials, seed) for seed in seeds]
        kind = f"{name}, {scheduler}, {what} matters"
        found.append(Verdict(f"{kind}: false alarms", float(np.mean([bool(each - matters) for each in sets]))))
        found += [Verdict(f"{kind}: {path} shown", float(np.mean([path in each for each in sets]))) for path in matters]
    conclude([], found, asked.json)


if __name__ == "__main__":
    main()
