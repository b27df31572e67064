"""Training the pool of a competition: two runs at a time, each judged, kept on file, and never run twice.

results/competitions/<competition>/runs.jsonl              one line per run: its epochs, proxies, hidden scores
results/competitions/<competition>/predictions/<key>.parquet   logits of validation, target, scenes and test
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.spec import RunSpec
from trainers.training.session import EpochReport, SaveCheckpoint
from tuneful.competitions.pool import pool_spec

RUNS = "runs.jsonl"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One run of a pool."""

    competition: str
    """its catalogue"""
    config: str
    seed: int
    folder: Path
    """of the competition's results"""
    changes: tuple[str, ...] = ()
    """to what all runs of the pool share"""

    @property
    def spec(self) -> RunSpec:
        """What is trained."""
        return pool_spec(self.config, self.competition, self.seed, self.changes)


@dataclass
class _KeepsPredictions:
    """A session that keeps of a run its last checkpoint's predictions, as a file."""

    target: Path
    device: Any
    rank: int = 0
    world_size: int = 1
    kept: bool = field(default=False, init=False)

    def latest_checkpoint(self) -> None:
        """Always from the start."""

    def report(self, report: EpochReport, save: SaveCheckpoint | None) -> None:
        """Keep the predictions of the last epoch."""
        from trainers.training.checkpoint_files import PREDICTIONS

        if report.state != "finished" or save is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder))
            self.target.parent.mkdir(parents=True, exist_ok=True)
            partial = self.target.with_suffix(".tmp")
            shutil.copyfile(Path(folder) / PREDICTIONS, partial)
            partial.replace(self.target)
        self.kept = True


def run_pool(
    competition: str, configs: Sequence[str], results: Path, slots: int, tell: Tell, changes: Sequence[str] = ()
) -> None:
    """Train what of the pool isn't on file yet.

    Args:
        competition: a catalogue whose test has a judge, decoded.
        configs: names of the pool.
        results: the results folder.
        slots: processes, one thread each.
        tell: called with a line about each finished run.
        changes: to what all runs of the pool share, `data.split.scheme=stratified_group`.
    """
    folder = competition_folder(results, competition)
    known = {(row["config"], row["seed"]) for row in read_runs(folder)}
    jobs = [Job(competition, config, 0, folder, tuple(changes)) for config in configs if (config, 0) not in known]
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(slots, mp_context=get_context("spawn")) as pool:
        for number, done in enumerate(as_completed([pool.submit(train, job) for job in jobs]), 1):
            row = done.result()
            with (folder / RUNS).open("a") as file:
                file.write(json.dumps(row) + "\n")
            val = row["epochs"][-1]["val/macro_auc"]
            tell(
                f"{competition} {number}/{len(jobs)}  {row['config']}: validation {val:.3f}, private "
                f"{row['private']:.3f}, {row['wall_seconds']:.0f} s"
            )


def train(job: Job) -> dict[str, Any]:
    """Train one run on one thread and have it judged."""
    import torch

    from trainers.data.dataset import load_run_data
    from trainers.fit import fit

    torch.set_num_threads(1)
    spec, catalogue = job.spec, load_catalogue(job.competition)
    key = spec.key(catalogue.digest, 1, "fp32")
    session = _KeepsPredictions(job.folder / "predictions" / f"{key}.parquet", torch.device("cpu"))
    cpu, wall = process_time(), perf_counter()
    epochs = [report.metrics for report in fit(spec, load_run_data(spec, catalogue), session)]
    if not session.kept:
        raise RuntimeError(f"{job.competition} {job.config}: diverged, there is nothing to judge")
    return {
        "key": key,
        "config": job.config,
        "seed": job.seed,
        "epochs": epochs,
        **_judged(session.target, spec, catalogue),
        "cpu_seconds": process_time() - cpu,
        "wall_seconds": perf_counter() - wall,
    }


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs on file; a torn last line is a run that will be done again."""
    path, rows = folder / RUNS, []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def competition_folder(results: Path, competition: str) -> Path:
    """Where the runs of a competition are kept."""
    return results / "competitions" / competition


def _judged(predictions: Path, spec: RunSpec, catalogue: Catalogue) -> dict[str, float]:
    """The hidden public and private scores."""
    import pandas as pd

    from analysis.records.predictions import read_predictions
    from trainers.training.evaluate import window_probabilities
    from tuneful.leaderboard.judge import judge

    parts, classes = read_predictions(predictions)
    test = next(part for part in parts if part.subset == "test")
    scores = pd.DataFrame(window_probabilities(spec, test.logits), columns=list(classes))
    return judge(catalogue.folder, scores.assign(clip_id=test.clip_ids, start_s=test.start_s))
