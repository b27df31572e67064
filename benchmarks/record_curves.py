"""Record learning curves that searches are then replayed on: every configuration of a finite space, with every seed.

    OMP_NUM_THREADS=1 python benchmarks/record_curves.py FOLDER [--space benchmarks/curves.yaml] [--seeds 5] [--slots 2]

Each of the 64 configurations is trained five times for eight epochs, on one thread, two runs at a time: 320 runs of
about ten CPU seconds. Finished runs are appended to FOLDER/runs.jsonl and never run again; FOLDER/curves.parquet is the
table of all that is on file, a row per epoch: the searched settings by path, seed, epoch, seconds and every metric of
the validation; --table writes it at any time. Seconds are the CPU's: those of a free core, whoever shares the machine.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import pandas as pd
from judged_runs import read_rows

from trainers.data.prepare import open_catalogue, prepare_store
from trainers.spec import RunSpec
from tuneful.space.sweep import Sweep, load_sweep

RUNS, TABLE = "runs.jsonl", "curves.parquet"


@dataclass(frozen=True)
class Job:
    """One run to record."""

    settings: dict[str, Any]
    """what is searched, by path"""
    spec: RunSpec
    key: str
    """the run's key: what is on file under it needs no training"""


def jobs_of(sweep: Sweep, seeds: int) -> list[Job]:
    """Every configuration with every seed, a configuration's seeds after each other.

    Raises:
        SystemExit: the space is not finite.
    """
    if sweep.space.size() is None:
        sys.exit("the space has continuous ranges. Try: choice or int for every parameter")
    digest, jobs = open_catalogue(sweep.spec_for({}).data.name).digest, []
    for settings in sweep.space.combinations():
        for seed in range(seeds):
            spec = sweep.spec_for(settings, seed=seed)
            jobs.append(Job(settings, spec, spec.key(digest, 1, "fp32")))
    return jobs


def train(job: Job) -> dict[str, Any]:
    """Train one run on one thread."""
    import torch

    from trainers.data.catalogue import load_catalogue
    from trainers.data.dataset import load_run_data
    from trainers.fit import fit
    from trainers.training.session import NoSession

    torch.set_num_threads(1)
    wall, began = perf_counter(), process_time()
    data = load_run_data(job.spec, load_catalogue(job.spec.data.name))
    epochs = []
    for report in fit(job.spec, data, NoSession(torch.device("cpu"))):
        now = process_time()
        epochs.append({**report.metrics, "epoch": report.epoch, "cpu_seconds": now - began})
        began = now
    return {
        "key": job.key,
        "settings": job.settings,
        "seed": job.spec.seed,
        "epochs": epochs,
        "wall_seconds": perf_counter() - wall,
    }


def record(jobs: Sequence[Job], folder: Path, slots: int) -> int:
    """Train what the folder hasn't got and append every run as it ends; returns how many failed."""
    known = {row["key"] for row in read_rows(folder / RUNS)}
    missing = [job for job in jobs if job.key not in known]
    failed = 0
    with ProcessPoolExecutor(slots, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(train, job) for job in missing]
        for number, done in enumerate(as_completed(running), 1):
            failed += not _kept(done, folder, f"{number}/{len(missing)}")
    return failed


def _kept(done: "Future[dict[str, Any]]", folder: Path, count: str) -> bool:
    """Append a run to the file; False where it failed, which the next start tries again."""
    try:
        row = done.result()
    except Exception as error:
        print(f"{count}  {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    with (folder / RUNS).open("a") as out:
        out.write(json.dumps(row) + "\n")
    shown = ", ".join(str(value) for value in row["settings"].values())
    auc, cpu = row["epochs"][-1]["val/macro_auc"], sum(epoch["cpu_seconds"] for epoch in row["epochs"])
    line = f"{count}  {shown}, seed {row['seed']}: {auc:.3f}, {cpu:.1f} CPU s, {row['wall_seconds']:.1f} s"
    print(line, file=sys.stderr, flush=True)
    return True


def table_of(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A row per epoch of every run on file, by seed and then as they were recorded."""
    epochs = [
        {
            **row["settings"],
            "seed": row["seed"],
            "epoch": epoch["epoch"],
            "seconds": epoch["cpu_seconds"],
            **{name: value for name, value in epoch.items() if name.startswith("val/")},
        }
        for row in sorted(rows, key=lambda row: (row["seed"], json.dumps(row["settings"], sort_keys=True)))
        for epoch in row["epochs"]
    ]
    return pd.DataFrame(epochs)


def write_table(folder: Path) -> None:
    """Write the table of all that is on file."""
    rows = read_rows(folder / RUNS)
    partial = folder / f"{TABLE}.tmp"
    table_of(rows).to_parquet(partial, index=False)
    partial.replace(folder / TABLE)
    print(f"{len(rows)} runs on file: {folder / TABLE}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--space", type=Path, default=Path(__file__).with_name("curves.yaml"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="train nothing, write the table of what is on file")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = 0
    if not options.table:
        sweep = load_sweep(options.space)
        spec = sweep.spec_for({})
        prepare_store(open_catalogue(spec.data.name), spec.data.sample_rate)
        options.folder.mkdir(parents=True, exist_ok=True)
        failed = record(jobs_of(sweep, options.seeds), options.folder, options.slots)
    write_table(options.folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
