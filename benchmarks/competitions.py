"""Which rule of choosing a run loses least on the hidden leaderboard? Twenty simulated competitions.

    OMP_NUM_THREADS=1 python benchmarks/competitions.py [--slots 2] [--only develop|judge]

Seeds 1 to 10 are for developing rules, 11 to 20 for judging them once; two of those have a kind of shift (telephone
sound, gaps) that no rule was developed on. Each has the sixteen runs of `tuneful.competitions.pool`. Finished runs are
kept under results/competitions and never run again. About 70 minutes on two cores.
"""

import argparse
import sys
from pathlib import Path

from tuneful.competitions.simulate import Competition, simulate

DEVELOP = [Competition(seed) for seed in range(1, 11)]
JUDGE = [
    *(Competition(seed) for seed in range(11, 19)),
    Competition(19, "telephone"),
    Competition(20, "gaps"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--only", choices=("develop", "judge"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    chosen = {"develop": DEVELOP, "judge": JUDGE, None: DEVELOP + JUDGE}[options.only]
    simulate(chosen, options.results, options.slots, lambda line: print(line, file=sys.stderr, flush=True))


if __name__ == "__main__":
    main()
