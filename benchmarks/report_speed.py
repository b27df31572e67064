"""How long `platform report` takes over a large sweep: 200 runs of 100 epochs with 40 metrics, as a whole process.

    OMP_NUM_THREADS=1 python benchmarks/report_speed.py [--runs 200] [--epochs 100] [--metrics 40] [--folder DIR]

The results folder is made with the classes that write a real one: the search space `loss`, drawn by Optuna; trials put
on record; every epoch published to its run's ledger; scores that rise with noise. It is reported twice: as it lies
after a kill, every epoch a file of its own, and after the sweep's end, one file a run. Checkpoints are left out: a
report reads none. Files have just been written, so they are in the page cache. DIR holds them (default: a temporary
folder; in memory, such as /dev/shm, they are made quicker).
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna
from harness import Goal, Verdict, conclude, parser

from analysis.metrics.registry import METRICS
from analysis.records.ledger import RunLedger
from analysis.records.sweep import SweepFolder, TrialEnd, TrialPlan, sweep_folder
from tuneful.space.locate import find_sweep_file
from tuneful.space.options import SweepOptions
from tuneful.space.sample import DefineByRun
from tuneful.space.sweep import Sweep, load_sweep
from tuneful.sweep.plans import Planner

GOAL_S = 20.0
GROUPS = ("", "@rare", "@common", "@frequent", "@tuned")


def metric_names(count: int) -> list[str]:
    """Losses, seconds and registered metrics, then their groups."""
    plain = ["train/loss", "val/loss", "seconds", "eval_seconds"]
    names = itertools.chain(plain, (f"val/{name}{group}" for group in GROUPS for name in METRICS))
    return list(itertools.islice(names, count))


def make(folder: SweepFolder, sweep: Sweep, epochs: int, names: list[str]) -> list[TrialPlan]:
    """Put all trials of a sweep on record, as they lie before their ledgers are compacted."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    planner, draw = Planner(sweep, "0" * 16, "fp32"), DefineByRun(sweep.space)
    folder.write_definition(sweep.resolved())
    plans = []
    for number in range(sweep.definition.trials):
        trial = study.ask()
        draw(trial)
        plans.append(planner.search_trial(number, trial.params))
        folder.ask(plans[-1])
        scores = train(folder.ledger(plans[-1].runs[0].key), epochs, names, number)
        folder.end(plans[-1], TrialEnd("complete", tuple(enumerate(scores, 1))))
    return plans


def train(ledger: RunLedger, epochs: int, names: list[str], seed: int) -> list[float]:
    """Publish the epochs of one run; returns its macro AUC after each."""
    rng = np.random.default_rng(seed)
    values = 1 - 0.5 / np.arange(1, epochs + 1)[:, None] ** 0.5 + rng.normal(0, 0.01, (epochs, len(names)))
    ledger.begin({"split_digest": "0" * 16}, 0)
    for number, row in enumerate(values, 1):
        state = "finished" if number == epochs else "running"
        metrics = dict(zip(names, map(float, row), strict=True))
        record = {"epoch": number, "state": state, "metrics": metrics, "protocol": "0" * 12, "kept_epoch": number}
        ledger.publish(record, None)
    return [float(row[names.index("val/macro_auc")]) for row in values]


def report(results: Path, name: str) -> tuple[float, float]:
    """Wall and CPU seconds of `platform report` as a process."""
    command = [str(Path(sys.executable).with_name("platform")), "report", name, "--results", str(results)]
    started, used = time.perf_counter(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ended = os.times()
    cpu = ended.children_user + ended.children_system - used.children_user - used.children_system
    return time.perf_counter() - started, cpu


def verdicts(what: str, results: Path, name: str, rounds: int) -> list[Verdict]:
    """The medians over rounds, after one that doesn't count; on a shared machine the CPU tells more than the wall."""
    wall, cpu = zip(*[report(results, name) for _ in range(1 + rounds)][1:], strict=True)
    return [
        Verdict(f"seconds, {what}", float(np.median(wall)), Goal.at_most(GOAL_S), min(wall), max(wall)),
        Verdict(f"CPU seconds, {what}", float(np.median(cpu)), None, min(cpu), max(cpu)),
    ]


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--epochs", type=int, default=100)
    options.add_argument("--metrics", type=int, default=40)
    options.add_argument("--folder", type=Path, help="where the results are made")
    asked = options.parse_args()
    results = Path(tempfile.mkdtemp(prefix="report-speed-", dir=asked.folder))
    try:
        sweep = load_sweep(find_sweep_file("loss"), SweepOptions(trials=asked.runs))
        folder = sweep_folder(results, sweep.name)
        plans = make(folder, sweep, asked.epochs, metric_names(asked.metrics))
        found = verdicts("every epoch a file", results, sweep.name, asked.rounds)
        for plan in plans:
            folder.ledger(plan.runs[0].key).finish("finished", asked.epochs)
        found += verdicts("every run a file", results, sweep.name, asked.rounds)
        page = results / "reports" / f"{sweep.name}.html"
        found.append(Verdict("megabytes of the page", page.stat().st_size / 1e6))
        conclude([], found, asked.json)
    finally:
        shutil.rmtree(results)


if __name__ == "__main__":
    main()
