"""What do random folds promise that a new speaker does not keep? gcin-voice, split at random and by speaker.

    OMP_NUM_THREADS=1 python benchmarks/speaker_gap.py FOLDER [--seeds 4] [--json FILE]

Two folds of each kind, so that each speaker is held out once. A seed's score is the mean over both folds; the gap is
taken seed by seed, with Student's t interval. FOLDER is where `benchmarks/gcin_voice.py` keeps the recordings; finished
runs are appended to FOLDER/speaker_gap.jsonl and never run again. One thread a run, two at a time.
"""

import argparse
from pathlib import Path

import pandas as pd
from gcin_voice import fetch
from harness import console, write_json
from judged_runs import Job, run_missing, runs_of
from rich.table import Table

from analysis.uncertainty import Interval, paired_difference, t_interval
from trainers.config.build import build_spec, load_recipe
from trainers.data.catalogue import catalogue_names, load_catalogue, save_catalogue
from trainers.data.prepare import prepare_store
from trainers.data.sources.csv import read_csv

SETTINGS = (
    "data.name=gcin data.split.n_folds=2 data.split.group_by=[author] segments.duration_s=0.6 front_end.n_fft=512 "
    "front_end.hop_length=128 training.epochs=8"
)
SPLITS = {"random folds": "stratified", "by speaker": "stratified_group"}
METRICS = ("val/macro_auc", "val/lwlrap", "val/map")
FOLDS = (0, 1)


def jobs(seeds: int) -> list[Job]:
    """Every kind of folds, every fold, every seed."""
    return [
        Job(name, (SETTINGS, f"data.split.scheme={scheme} data.fold={fold}"), seed)
        for name, scheme in SPLITS.items()
        for seed in range(seeds)
        for fold in FOLDS
    ]


def prepare(folder: Path) -> None:
    """The catalogue `gcin`, decoded."""
    table = fetch(folder)
    if "gcin" not in catalogue_names():
        save_catalogue("gcin", "csv", table.parent, read_csv(table, table.parent).clips)
    prepare_store(load_catalogue("gcin"), build_spec(load_recipe("chorus")).data.sample_rate)


def by_seed(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """(seeds, kinds of folds) means over the folds."""
    scores = runs.assign(score=[metrics[metric] for metrics in runs["metrics"]])
    return scores.pivot_table("score", index="seed", columns="config", aggfunc="mean")


def figures(runs: pd.DataFrame) -> dict[str, dict[str, Interval]]:
    """Of each metric: its mean under both kinds of folds, and the gap between them."""
    found = {}
    for metric in METRICS:
        scores = by_seed(runs, metric)
        means = {name: t_interval(scores[name]) for name in SPLITS}
        found[metric] = {**means, "gap": paired_difference(*(scores[name] for name in SPLITS))}
    return found


def show(found: dict[str, dict[str, Interval]], seeds: int) -> None:
    """A row per metric, with 95 % intervals over seeds."""
    table = Table("metric", *SPLITS, "gap", title=f"gcin-voice, {seeds} seeds, {len(FOLDS)} folds each")
    for metric, columns in found.items():
        table.add_row(metric, *(f"{own.mean:.3f} [{own.low:.3f}, {own.high:.3f}]" for own in columns.values()))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the recordings of gcin-voice")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    prepare(options.folder)
    asked, file = jobs(options.seeds), options.folder / "speaker_gap.jsonl"
    run_missing(asked, file)
    found = figures(runs_of(asked, file))
    show(found, options.seeds)
    if options.json:
        plain = {metric: {name: vars(own) for name, own in columns.items()} for metric, columns in found.items()}
        write_json(options.json, plain)


if __name__ == "__main__":
    main()
