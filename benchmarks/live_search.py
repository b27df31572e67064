"""Does a live sweep get to the best configuration as fast as the simulator says? TPE + ASHA on the recorded space.

    OMP_NUM_THREADS=1 python benchmarks/live_search.py curves.parquet [--searches 5] [--seeds 100] [--json FILE]

Each search is a `platform sweep` of the space of `benchmarks/record_curves.py` as a process, trained from nothing on
every core; search k has seed k for the sampler and for its trainings, since which configuration looks best hangs on the
seed that all are trained with. It is judged as in `benchmarks/search_algorithms.py`: by the epochs trained until
the best of the trials that have ended by themselves is a configuration whose true score (of the recording) reaches the
best one's, less its standard error. Beside it are the same search and random search with full trials in the simulator.
Epochs of trials that were still under way at that moment are not counted; there are at most as many as there are slots.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness import Goal, Verdict, conclude, console, parser
from search_algorithms import BASELINE

from analysis.objective import Objective
from analysis.records.sweep import SEARCH, SweepFolder, sweep_folder
from tuneful.simulator.algorithms import Algorithm
from tuneful.simulator.comparison import Searches, Setting, compare, expected
from tuneful.simulator.recorded import load_curves
from tuneful.simulator.world import Reality
from tuneful.space.schedulers import FifoSpec
from tuneful.space.sweep import load_sweep

SWEEP = """\
extends: {space}
name: live-{seed}
set: {{seed: {seed}}}
search_algorithm: {{name: optuna, sampler: tpe, seed: {seed}}}
"""


def run(space: Path, seed: int, results: Path) -> SweepFolder:
    """Search live with one seed, as a process."""
    file = results / f"live-{seed}.yaml"
    file.write_text(SWEEP.format(space=space.absolute(), seed=seed))
    platform = Path(sys.executable).with_name("platform")
    subprocess.run([platform, "sweep", file, "--results", results, "--no-dashboard", "--no-reuse"], check=True)
    return sweep_folder(results, f"live-{seed}")


def epochs_to(target: float, folder: SweepFolder, reality: Reality) -> tuple[float, int]:
    """(epochs until the target, infinite where it was not reached; epochs in all) of a search on record."""
    ends = [(plan, end) for plan, end in folder.trials(SEARCH) if end is not None]
    ends.sort(key=lambda one: (folder.path / "trials" / f"{one[0].name}.end.json").stat().st_mtime_ns)
    best, epochs, reached = -np.inf, 0, np.inf
    for plan, end in ends:
        epochs += len(end.scores)
        if end.has_score and reality.sign * end.score > best:
            best = reality.sign * end.score
            if reality.sign * (reality.true_score(plan.params) - target) >= 0:
                reached = min(reached, epochs)
    return float(reached), epochs


def verdicts(live: Sequence[tuple[float, int]], simulated: Searches, baseline: Searches) -> list[Verdict]:
    """The live searches against both simulations."""
    reached = np.array([found for found, _ in live])
    spent = np.where(np.isfinite(reached), reached, [epochs for _, epochs in live])
    cost = expected(spent, np.isfinite(reached))
    totals = np.array([trace.epochs for trace in simulated.traces])
    return [
        Verdict(
            f"epochs to the target: live / simulated {BASELINE}", cost / baseline.expected_epochs, Goal.at_most(0.5)
        ),
        Verdict("epochs to the target, live", cost, None, float(spent.min()), float(spent.max())),
        Verdict("epochs to the target, simulated", simulated.expected_epochs),
        Verdict(f"epochs to the target, simulated {BASELINE}", baseline.expected_epochs),
        Verdict("live searches that reached it", float(np.isfinite(reached).mean())),
        Verdict("epochs of a whole search, live", float(np.mean([epochs for _, epochs in live]))),
        Verdict(
            "epochs of a whole search, simulated", float(totals.mean()), None, float(totals.min()), float(totals.max())
        ),
    ]


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("table", type=Path)
    options.add_argument("--space", type=Path, default=Path(__file__).with_name("curves.yaml"))
    options.add_argument("--searches", type=int, default=5, help="live ones")
    options.add_argument("--seeds", type=int, default=100, help="of the simulations")
    options.add_argument("--results", type=Path, help="folder of the live sweeps, which go on where they were stopped")
    asked = options.parse_args()
    sweep = load_sweep(asked.space)
    objective = Objective.of(sweep.resolved())
    reality = Reality(load_curves(str(asked.table), sweep, Path("results")), objective.sign)
    target = reality.best - reality.sign * reality.standard_error
    results = asked.results or Path(tempfile.mkdtemp(prefix="live-search-"))
    results.mkdir(parents=True, exist_ok=True)
    live = [epochs_to(target, run(asked.space, seed, results), reality) for seed in range(asked.searches)]
    console.print(f"live: {live}")
    curves = reality.curves
    setting = Setting(asked.seeds, os.cpu_count() or 1, len(curves.whole) * curves.epochs, target)
    algorithms = [Algorithm.of(sweep, BASELINE, FifoSpec()), Algorithm.of(sweep, "tpe", sweep.definition.scheduler)]
    baseline, simulated = compare(algorithms, reality, setting)
    conclude([], verdicts(live, simulated, baseline), asked.json)


if __name__ == "__main__":
    main()
