"""A sweep of 16 short trials against the sum of their training times: what the orchestration costs.

    OMP_NUM_THREADS=1 python benchmarks/sweep_overhead.py [--trials 16] [--epochs 3] [--json FILE]

`platform sweep` runs as a process on chorus-small, without a scheduler and without a confirm stage, on every core (a
trial takes one). What training takes is read from its tables: seconds and eval_seconds of every epoch. The ideal wall
time is their sum by the number of slots; the process is held against it twice: as a whole, and from the start of the
first epoch to the last epoch on record, without the start of Python and of Ray. When a run's epochs were published is
told by the times of its files.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from harness import Goal, Verdict, conclude, parser

from analysis.records.sweep import sweep_folder
from trainers.config.build import build_spec, load_recipe
from trainers.data.prepare import open_catalogue, prepare_store

NAME = "overhead"
SWEEP = """\
version: 1
recipe: chorus
set: {{data.name: chorus-small, training.epochs: {epochs}}}
search:
  optimizer.lr: {{loguniform: [1.0e-3, 1.0e-2]}}
objective: {{metric: val/macro_auc, mode: max, epoch: last}}
search_algorithm: {{name: optuna, sampler: tpe, seed: 0}}
scheduler: {{name: fifo}}
trials: {trials}
folds: [0]
repeats: 1
resources: {{workers: 1, cpus_per_worker: 1, gpus_per_worker: 0}}
"""


@dataclass(frozen=True)
class Run:
    """One trial's run on the clock, in seconds."""

    begun: float
    """when its first epoch began"""
    ended: float
    """when its last checkpoint was published"""
    training: float
    """seconds and eval_seconds of all its epochs"""


def run_sweep(folder: Path, trials: int, epochs: int) -> float:
    """Run the sweep as a process; returns its wall seconds."""
    file = folder / f"{NAME}.yaml"
    file.write_text(SWEEP.format(trials=trials, epochs=epochs))
    command = [Path(sys.executable).with_name("platform"), "sweep", file, "--results", folder / "results"]
    started = time.perf_counter()
    subprocess.run([*map(str, command), "--no-dashboard"], check=True)
    return time.perf_counter() - started


def read_runs(results: Path) -> list[Run]:
    """Every run by when it began; `run.json` is written when its first epoch is reported."""
    table = pd.read_parquet(results / "runs" / NAME / "epochs.parquet")
    table["training"] = table["seconds"] + table["eval_seconds"]
    runs = []
    for key, epochs in table.groupby("run"):
        ledger = sweep_folder(results, NAME).ledger(str(key))
        first = epochs.loc[epochs["epoch"] == 1, "training"].item()
        begun = (ledger.folder / "run.json").stat().st_mtime - first
        last = ledger.checkpoint(int(epochs["epoch"].max()))
        assert last is not None, f"run {key} kept no checkpoint"
        runs.append(Run(begun, (last / "MANIFEST.json").stat().st_mtime, epochs["training"].sum()))
    return sorted(runs, key=lambda run: run.begun)


def start_costs(runs: list[Run], slots: int) -> list[float]:
    """Seconds between the end of a run and the begin of the next one in its slot; none for the first in a slot."""
    free = [run.ended for run in runs[:slots]]
    costs = []
    for run in runs[slots:]:
        slot = max((one for one in free if one <= run.begun), default=min(free))  # the slot that was freed last
        costs.append(run.begun - slot)
        free[free.index(slot)] = run.ended
    return costs


def verdicts(runs: list[Run], wall: float, slots: int) -> list[Verdict]:
    """Both ratios, and where the rest went."""
    ideal = sum(run.training for run in runs) / slots
    span = max(run.ended for run in runs) - runs[0].begun
    starts = start_costs(runs, slots)
    within = [run.ended - run.begun - run.training for run in runs]
    return [
        Verdict("whole process / (training / slots)", wall / ideal, Goal.at_most(1.15)),
        Verdict("first epoch's start to last epoch / (training / slots)", span / ideal, Goal.at_most(1.15)),
        Verdict("seconds of training / slots", ideal),
        Verdict("seconds of the process", wall),
        Verdict("seconds before the first epoch and after the last", wall - span),
        Verdict("seconds from one trial's end to the next one's start", np.median(starts), None, *_range(starts)),
        Verdict("seconds of a trial between its epochs", np.median(within), None, *_range(within)),
    ]


def _range(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("--trials", type=int, default=16)
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--slots", type=int, default=os.cpu_count(), help="trials at a time: the machine's cores")
    asked = options.parse_args()
    spec = build_spec(load_recipe("chorus"))
    prepare_store(open_catalogue("chorus-small"), spec.data.sample_rate)  # making the data is no part of a sweep
    found: list[Verdict] = []
    for _ in range(asked.rounds):
        folder = Path(tempfile.mkdtemp(prefix="sweep-overhead-"))
        wall = run_sweep(folder, asked.trials, asked.epochs)
        found += verdicts(read_runs(folder / "results"), wall, asked.slots)
        shutil.rmtree(folder)
    conclude([], found, asked.json)


if __name__ == "__main__":
    main()
