"""Is chorus a competition? A fixed pool of 20 configurations, validated by random folds and judged on the hidden test.

    OMP_NUM_THREADS=1 python benchmarks/chorus_competition.py runs.jsonl [--competition-seed 1] [--json FILE]

Each configuration is the recipe `chorus` with more epochs, mixup and SpecAugment and a few settings of its own, trained
on fold 0 of 4 random folds; six of them with four seeds, for the spread that means nothing. Finished runs are appended
to runs.jsonl and never run again. Then a table, and three statements with their numbers: validation is saturated
(median macro AUC >= .95), the leaderboard lies below (every private score at least .15 lower), and what a configuration
does to the private score can be told from the seed (spread over configurations at least twice the spread over seeds).
How well validation predicts the leaderboard is printed too: it differs from one competition seed to the next. One
thread a run, two at a time.
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import Goal, Verdict, console, print_verdicts, write_json
from rich.table import Table
from scipy.stats import pearsonr, spearmanr

from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.data.prepare import add_chorus, open_catalogue, prepare_store
from trainers.data.sources.chorus import PRESETS
from trainers.spec import RunSpec

COMMON = [
    "training.epochs=12",
    "mixing.p=1.0",
    "augmentation.spec_augment.p=0.5",
    "data.predict=[test]",
    "data.fold=0",
    "data.split.scheme=stratified",
    "data.split.n_folds=4",
]

POOL: dict[str, str] = {
    "bce": "",
    "bce, hard": "targets.mode=hard",
    "bce, half and half": "mixing.alpha=null",
    "bce, not normalised": "front_end.normalization=none",
    "bce, MobileNet": "model.backbone=mobilenetv3_small_050",
    "focal": "loss.name=focal",
    "focal_bce": "loss.name=focal_bce",
    "ce": "loss.name=ce",
    "ce, hard": "loss.name=ce targets.mode=hard",
    "ce, mixup .5": "loss.name=ce mixing.p=0.5",
    "ce, no mixup": "loss.name=ce mixing.name=none",
    "ce, no SpecAugment": "loss.name=ce augmentation.spec_augment.p=0",
    "ce, minmax": "loss.name=ce front_end.normalization=minmax",
    "ce, lr 1e-3": "loss.name=ce optimizer.lr=1e-3",
    "ce, batch 32": "loss.name=ce training.batch_size=32 optimizer.lr=6e-3",
    "ce, n_fft 2048": "loss.name=ce front_end.n_fft=2048",
    "ce, n_fft 512, 32 mels": "loss.name=ce front_end.n_fft=512 front_end.n_mels=32",
    "ce, f_min 500 Hz": "loss.name=ce front_end.f_min=500",
    "ce, ResNet": "loss.name=ce model.backbone=test_resnet",
    "ce, MobileNet": "loss.name=ce model.backbone=mobilenetv3_small_050",
}
"""Name -> overrides. How the pool was chosen is told in docs/findings.md."""

REPEATED = ("bce", "ce", "ce, ResNet", "ce, MobileNet", "focal", "ce, no mixup")
REPEAT_SEEDS = (1, 2, 3)
"""Beside seed 0."""


@dataclass(frozen=True)
class Job:
    """One run to train and judge."""

    config: str
    seed: int
    data: str

    @property
    def spec(self) -> RunSpec:
        """The recipe with this configuration's settings."""
        run = [f"data.name={self.data}", f"seed={self.seed}", *POOL[self.config].split()]
        return build_spec(load_recipe("chorus"), [parse_overrides(COMMON), parse_overrides(run)])


@dataclass
class LastEpoch:
    """A session that keeps of a run what is judged: the last epoch's logits."""

    device: Any
    rank: int = 0
    world_size: int = 1
    predictions: list[Any] = field(default_factory=list)
    classes: tuple[str, ...] = ()

    def latest_checkpoint(self) -> None:
        """Always from the start."""

    def report(self, report: Any, save: Callable[[Path], None] | None) -> None:
        """Read back what the last checkpoint holds."""
        from analysis.records.predictions import read_predictions
        from trainers.training.checkpoint import PREDICTIONS

        if report.state == "finished" and save is not None:
            with tempfile.TemporaryDirectory() as folder:
                save(Path(folder))
                self.predictions, self.classes = read_predictions(Path(folder) / PREDICTIONS)


def train(job: Job) -> dict[str, Any]:
    """Train one run and have it judged."""
    import torch

    from trainers.data.dataset import load_run_data
    from trainers.fit import fit

    torch.set_num_threads(1)
    spec, catalogue = job.spec, load_catalogue(job.data)
    session = LastEpoch(torch.device("cpu"))
    started = time.process_time()
    epochs = [report.metrics for report in fit(spec, load_run_data(spec, catalogue), session)]
    return {
        "key": spec.key(catalogue.digest, 1, "fp32"),
        "config": job.config,
        "overrides": POOL[job.config],
        "seed": job.seed,
        "data": job.data,
        "val": epochs[-1]["val/macro_auc"],
        "epochs": [metrics["val/macro_auc"] for metrics in epochs],
        **judged(spec, catalogue, session),
        "cpu_seconds": time.process_time() - started,
    }


def judged(spec: RunSpec, catalogue: Catalogue, session: LastEpoch) -> dict[str, float]:
    """Public and private score of what the run predicts of the test."""
    import torch

    from trainers.losses.functions import probabilities
    from tuneful.leaderboard.judge import judge

    (test,) = (part for part in session.predictions if part.subset == "test")
    scores = probabilities(torch.from_numpy(test.logits).double(), spec.loss.name).numpy()
    table = pd.DataFrame(scores, columns=list(session.classes))
    return judge(catalogue.folder, table.assign(clip_id=test.clip_ids, start_s=test.start_s))


def competition(seed: int) -> Catalogue:
    """The catalogue of the competition with this seed, made and decoded where it isn't yet."""
    spec = PRESETS["chorus"]
    if seed == spec.seed:
        catalogue = open_catalogue("chorus")
    else:
        catalogue = add_chorus(f"chorus-seed-{seed}", spec.model_copy(update={"seed": seed}))
    prepare_store(catalogue, build_spec(load_recipe("chorus")).data.sample_rate)
    return catalogue


def run_missing(jobs: list[Job], digest: str, file: Path) -> None:
    """Train what the file hasn't got, two runs at a time, and append every one as it ends."""
    known = {row["key"] for row in read_rows(file)}
    missing = [job for job in jobs if job.spec.key(digest, 1, "fp32") not in known]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for number, done in enumerate(as_completed([pool.submit(train, job) for job in missing]), 1):
            row = done.result()
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")
            shown = f"val {row['val']:.3f}  private {row['private']:.3f}  {row['cpu_seconds']:.0f} s"
            console.print(f"{number}/{len(missing)}  {row['config']}, seed {row['seed']}: {shown}", highlight=False)


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The runs on file; a torn last line is a run that will be done again."""
    rows = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            console.print(f"{file}: a torn line is left out")
    return rows


def runs_of(jobs: list[Job], digest: str, file: Path) -> pd.DataFrame:
    """The rows of these jobs, in their order and by their names."""
    by_key = {row["key"]: row for row in read_rows(file)}
    rows = [by_key[job.spec.key(digest, 1, "fp32")] for job in jobs]
    return pd.DataFrame(
        [{**row, **vars(job), "overrides": POOL[job.config]} for row, job in zip(rows, jobs, strict=True)]
    )


def verdicts(runs: pd.DataFrame) -> Iterator[Verdict]:
    """The three statements with their numbers."""
    pool = runs[runs["seed"] == 0]
    yield Verdict("median validation macro AUC of the pool", pool["val"].median(), Goal.at_least(0.95))
    gap = pool["val"] - pool["private"]
    yield Verdict("smallest distance from validation down to the private score", gap.min(), Goal.at_least(0.15))
    over_configs, over_seeds = pool["private"].std(), seed_spread(runs)
    yield Verdict("sd over configurations / sd over seeds (private)", over_configs / over_seeds, Goal.at_least(2.0))


def seed_spread(runs: pd.DataFrame, column: str = "private") -> float:
    """Standard deviation over seeds at a fixed configuration, pooled over the repeated ones."""
    repeated = runs[runs["config"].isin(REPEATED)].groupby("config")[column]
    return float(np.sqrt(repeated.var().mean()))


def summary(runs: pd.DataFrame) -> dict[str, float]:
    """What else there is to say, none of it a goal."""
    pool = runs[runs["seed"] == 0]
    saturated = pool[pool["val"] >= 0.95]
    return {
        "sd of private over configurations": pool["private"].std(),
        "sd of private over seeds": seed_spread(runs),
        "sd of validation over seeds": seed_spread(runs, "val"),
        "median distance validation - private": (pool["val"] - pool["private"]).median(),
        "configurations with validation >= .95": float(len(saturated)),
        "Pearson validation, private": pearsonr(pool["val"], pool["private"])[0],
        "Spearman validation, private": spearmanr(pool["val"], pool["private"])[0],
        "Spearman where validation >= .95": spearmanr(saturated["val"], saturated["private"])[0],
        "Spearman public, private": spearmanr(pool["public"], pool["private"])[0],
        "CPU seconds in all": runs["cpu_seconds"].sum(),
    }


def print_runs(runs: pd.DataFrame) -> None:
    """The pool by its private score, then the repeats."""
    table = Table("configuration", "overrides", "val", "public", "private", "CPU s", title="seed 0, by private score")
    for row in runs[runs["seed"] == 0].sort_values("private", ascending=False).itertuples():
        scores = [f"{value:.3f}" for value in (row.val, row.public, row.private)]
        table.add_row(row.config, row.overrides, *scores, f"{row.cpu_seconds:.0f}")
    console.print(table)
    repeats = Table("configuration", "private, seed by seed", "sd", title="repeats")
    for name, group in runs[runs["config"].isin(REPEATED)].groupby("config", sort=False):
        repeats.add_row(str(name), " ".join(f"{value:.3f}" for value in group["private"]), f"{group.private.std():.3f}")
    console.print(repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="JSON lines of finished runs")
    parser.add_argument("--competition-seed", type=int, default=PRESETS["chorus"].seed)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    catalogue = competition(options.competition_seed)
    job = partial(Job, data=catalogue.name)
    repeats = itertools.product(REPEATED, REPEAT_SEEDS)
    jobs = [*(job(name, 0) for name in POOL), *(job(name, seed) for name, seed in repeats)]
    run_missing(jobs, catalogue.digest, options.runs)
    runs = runs_of(jobs, catalogue.digest, options.runs)
    print_runs(runs)
    found, figures = list(verdicts(runs)), summary(runs)
    print_verdicts(found)
    for name, value in figures.items():
        console.print(f"{name}: {value:.3f}", highlight=False)
    if options.json:
        write_json(options.json, {"verdicts": [verdict.as_dict() for verdict in found], "summary": figures})


if __name__ == "__main__":
    main()
