"""What keeping freed memory saves: CPU seconds of an epoch of the recipe `chorus`, against glibc's default.

    OMP_NUM_THREADS=1 python benchmarks/allocator.py [--rounds 5] [--json FILE]

Each side is a process of its own, since the allocator can't be set back. Seconds are those of the epoch and its
evaluation, user and system; the peak of the process's memory is shown beside them.
"""

import json
import resource
import subprocess
import sys
import time

import torch
from harness import Comparison, Goal, Measured, conclude, parser

from trainers import fit as fitting
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.data.dataset import load_run_data
from trainers.data.prepare import open_catalogue, prepare_store
from trainers.training import allocator
from trainers.training.session import NoSession

SIDES = ("default", "kept")


def one_epoch(side: str) -> dict[str, float]:
    """Train an epoch; CPU and wall seconds, the peak memory (MiB), and the loss, which must not depend on the side."""
    if side == "default":
        allocator.keep_freed_memory = lambda: False  # type: ignore[assignment]
    torch.set_num_threads(1)
    spec = build_spec(load_recipe("chorus"), [parse_overrides(["training.epochs=1", "data.predict=[]"])])
    catalogue = open_catalogue(spec.data.name)
    prepare_store(catalogue, spec.data.sample_rate)
    data = load_run_data(spec, catalogue)
    cpu, wall = time.process_time(), time.perf_counter()
    report = next(iter(fitting.fit(spec, data, NoSession(torch.device("cpu")))))
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "loss": report.metrics["train/loss"],
    }


def main() -> None:
    """Both sides in turns."""
    options = parser(__doc__, rounds=5)
    options.add_argument("--side", choices=SIDES, help="run one side only and print its figures as JSON")
    asked = options.parse_args()
    if asked.side:
        print(json.dumps(one_epoch(asked.side)))
        return
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(asked.rounds):
        for side in SIDES:
            done = subprocess.run(
                [sys.executable, __file__, "--side", side], check=True, capture_output=True, text=True
            )
            found[side].append(json.loads(done.stdout.splitlines()[-1]))
    if len({row["loss"] for rows in found.values() for row in rows}) != 1:
        raise SystemExit("the two sides trained to different losses")
    sides = {side: Measured(side, [r["cpu"] for r in rows], [r["wall"] for r in rows]) for side, rows in found.items()}
    comparison = Comparison("an epoch of chorus", sides, "cpu")
    for side, rows in found.items():
        print(f"{side}: peak {max(row['peak_mib'] for row in rows):.0f} MiB")
    conclude([comparison], [comparison.ratio("default", "kept", Goal.at_least(1.0))], asked.json)


if __name__ == "__main__":
    main()
