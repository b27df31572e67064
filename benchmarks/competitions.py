"""Which rule of choosing a run loses least on the hidden leaderboard? Twenty simulated competitions.

    OMP_NUM_THREADS=1 python benchmarks/competitions.py [--slots 2] [--only develop|judge] [--json FILE] [--tables]

Seeds 1 to 10 are for developing rules, 11 to 20 for judging them once; two of those have a kind of shift (telephone
sound, gaps) that no rule was developed on. Each has the sixteen runs of `tuneful.competitions.pool`. Finished runs are
kept under RESULTS/competitions and never run again. About 90 minutes on two cores. Nothing of the judging half is
shown before all of it is on file. `--tables` only compares what is on file.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import console
from rich.table import Table
from scipy import stats

from analysis.selection import rules as rules_module
from analysis.selection.compare import as_json, compare
from analysis.selection.rules import BASELINE
from tuneful.cli.rules_table import rules_table
from tuneful.competitions.rules import finished, outcomes_over
from tuneful.competitions.simulate import Competition, simulate

HALVES = {
    "develop": [Competition(seed) for seed in range(1, 11)],
    "judge": [
        *(Competition(seed) for seed in range(11, 19)),
        Competition(19, "telephone"),
        Competition(20, "gaps"),
    ],
}
FROZEN_IN, FROZEN = "6349c9a", "2f397c1d7d6e989c1d9849dc49b05b9ab2333916"
"""The commit in which the rules were frozen, before any of the judging half was looked at, and their file's hash."""
SINGLY = (BASELINE, "rerender/macro_auc", "scenes", "scenes + nuclear_norm")
"""Rules that are shown competition by competition."""
POWER, LEVEL = 0.8, 0.05


def rules_hash() -> str:
    """That by which git knows the file of the rules."""
    content = Path(rules_module.__file__).read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def detectable(differences: np.ndarray, baseline: float) -> float:
    """The ratio of regrets that so many competitions show with 80 % power, in a paired t-test of differences.

    Negative: not even a rule without any regret would be shown.
    """
    n = len(differences)
    shifts = np.linspace(0.01, 5, 500)  # in standard deviations of the differences
    power = stats.nct.sf(stats.t.ppf(1 - LEVEL / 2, n - 1), n - 1, shifts * np.sqrt(n))
    return float(1 - shifts[np.argmax(power >= POWER)] * differences.std(ddof=1) / baseline)


def half(results: Path, name: str, competitions: list[Competition]) -> dict[str, Any] | None:
    """Print what every rule did over one half, and return it; None where it isn't all on file."""
    names = [competition.name for competition in competitions]
    done = finished(results, names)
    if len(done) < len(names):
        console.print(f"{name}: {len(done)} of {len(names)} competitions are on file, nothing is shown")
        return None
    found = outcomes_over(results, names)
    ranked = compare(list(found.values()))
    console.print(f"\n{name}: {len(names)} competitions, mean over them [95 % bootstrap interval over competitions]")
    console.print(rules_table(ranked))
    regret = pd.DataFrame({one: table["regret"] for one, table in found.items()})
    base = regret.loc[BASELINE]
    shown = {rule: detectable((regret.loc[rule] - base).to_numpy(), base.mean()) for rule in SINGLY[1:]}
    console.print(singly(found))
    for rule, ratio in shown.items():
        console.print(f"{len(names)} competitions show with {POWER:.0%} power: {rule} at {ratio:.2f} of the baseline's")
    each = {one: table.to_dict("index") for one, table in found.items()}
    return {"rules": as_json(ranked), "competitions": each, "detectable_ratio": shown}


def singly(found: Mapping[str, pd.DataFrame]) -> Table:
    """Competition by competition, rank agreement and regret of some rules."""
    table = Table("Spearman / regret", *SINGLY, box=None, pad_edge=False)
    for name, outcome in found.items():
        table.add_row(name, *(f"{outcome.spearman[rule]:+.2f} / {outcome.regret[rule]:.3f}" for rule in SINGLY))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--only", choices=tuple(HALVES))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tables", action="store_true", help="of what is on file, without training")
    options = parser.parse_args()
    asked = {name: chosen for name, chosen in HALVES.items() if options.only in (name, None)}
    if not options.tables:
        chosen = [competition for competitions in asked.values() for competition in competitions]
        simulate(chosen, options.results, options.slots, lambda line: print(line, file=sys.stderr, flush=True))
    found = {name: half(options.results, name, competitions) for name, competitions in asked.items()}
    state = f"as frozen in {FROZEN_IN}" if rules_hash() == FROZEN else f"changed since {FROZEN_IN}"
    console.print(f"Rules: {rules_hash()[:12]}, {state}.")
    if options.json:
        options.json.write_text(json.dumps({"rules_hash": rules_hash(), "frozen": FROZEN, **found}, indent=1))


if __name__ == "__main__":
    main()
