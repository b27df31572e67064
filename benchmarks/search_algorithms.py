"""Which search gets to the best configuration with the fewest epochs? A hundred searches each, on recorded curves.

    OMP_NUM_THREADS=1 python benchmarks/search_algorithms.py curves.parquet [--seeds 100] [--slots 2] [--json FILE]

The curves are those of `benchmarks/record_curves.py`: 64 configurations with five seeds. The searchers and schedulers
are those of a sweep, in simulated time (`platform simulate` is the same for anybody's curves). Search seed k seeds the
sampler and draws, for each configuration, which of its five trainings the search gets to see; it is the same for every
algorithm, so that they are compared in pairs.

What counts as reaching the best configuration's true score: a search names the best of the trials that ended by
themselves, by the scores it saw. The first time that the configuration it names has a true score (the mean over all
recorded seeds) no worse than the best configuration's, less the standard error of that mean, it is there. A search may
end without it: all 64 are taken once, and a scheduler may have stopped the right one. So the figure is the expected
number of epochs of somebody who then starts anew (all epochs spent over the number of searches that got there), as a
ratio to random search that trains every trial to its end, with a bootstrap interval over paired search seeds. How much
hangs on the standard error is shown beside it: the ratios for the best configuration itself, and for twice the error.

The scheduler of the claim is ASHA as a sweep file has it by default; rungs from the first epoch on are shown, too.
"""

from dataclasses import replace
from pathlib import Path

from harness import Goal, Verdict, conclude, console, parser
from rich.table import Table

from analysis.objective import Objective
from tuneful.simulator.algorithms import Algorithm
from tuneful.simulator.comparison import Searches, Setting, compare, epochs_ratio
from tuneful.simulator.recorded import load_curves
from tuneful.simulator.text import COLUMNS, basis, row
from tuneful.simulator.verdict import verdict
from tuneful.simulator.world import Reality
from tuneful.space.schedulers import AshaSpec, FifoSpec, HyperBandSpec, MedianSpec, SchedulerSpec
from tuneful.space.sweep import Sweep, load_sweep

BASELINE, CLAIM = "random", "tpe + asha"


def compared(sweep: Sweep) -> list[Algorithm]:
    """The baseline first; the file's scheduler, and others with the defaults of a sweep file."""
    own = sweep.definition.scheduler
    ways: list[tuple[str, SchedulerSpec]] = [
        ("random", FifoSpec()),
        ("tpe", FifoSpec()),
        ("random", own),
        ("tpe", own),
        ("qmc", FifoSpec()),
        ("grid", FifoSpec()),
        ("tpe", HyperBandSpec()),
        ("tpe", MedianSpec()),
    ]
    return [Algorithm.of(sweep, sampler, scheduler) for sampler, scheduler in ways]


def verdicts(found: list[Searches], early: Searches, reality: Reality) -> list[Verdict]:
    """Every algorithm's ratio to the baseline; the one of the claim with its goal, and by other targets."""
    baseline, claim = (next(one for one in found if one.name == name) for name in (BASELINE, CLAIM))
    lines = [
        _ratio(one.name, one, baseline, Goal.at_most(0.5) if one is claim else None)
        for one in found
        if one is not baseline
    ]
    lines.append(_ratio(f"{CLAIM}, rungs from epoch 1", early, baseline))
    for text, errors in (("to the best itself", 0), ("to within 2 standard errors", 2)):
        target = reality.best - reality.sign * errors * reality.standard_error
        lines.append(_ratio(f"{CLAIM}, {text}", replace(claim, target=target), replace(baseline, target=target)))
    return lines


def _ratio(text: str, one: Searches, baseline: Searches, goal: Goal | None = None) -> Verdict:
    ratio = epochs_ratio(one, baseline)
    return Verdict(f"epochs: {text} / {BASELINE}", ratio.value, goal, ratio.low, ratio.high)


def main() -> None:
    options = parser(__doc__, rounds=1)
    options.add_argument("table", type=Path)
    options.add_argument("--space", type=Path, default=Path(__file__).with_name("curves.yaml"))
    options.add_argument("--seeds", type=int, default=100)
    options.add_argument("--slots", type=int, default=2)
    asked = options.parse_args()
    sweep = load_sweep(asked.space)
    objective = Objective.of(sweep.resolved())
    reality = Reality(load_curves(str(asked.table), sweep, Path("results")), objective.sign)
    curves, target = reality.curves, reality.best - reality.sign * reality.standard_error
    setting = Setting(asked.seeds, asked.slots, len(curves.whole) * curves.epochs, target)
    *found, early = compare([*compared(sweep), Algorithm.of(sweep, "tpe", AshaSpec(grace_period=1))], reality, setting)
    table = Table(box=None)
    for name in COLUMNS:
        table.add_column(name)
    for one in found:
        table.add_row(*row(one, found[0]))
    for line in basis(reality, setting):
        console.print(line)
    console.print(table, verdict(found))
    conclude([], verdicts(found, early, reality), asked.json)


if __name__ == "__main__":
    main()
