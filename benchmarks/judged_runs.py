"""Runs of named configurations with several seeds, trained two at a time and kept on file as JSON lines."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from harness import console

from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.spec import RunSpec


@dataclass(frozen=True)
class Job:
    """One run to train, and to judge where its catalogue is a competition of ours."""

    config: str
    layers: tuple[str, ...]
    """overrides, `path=value` joined by spaces; a later layer wins"""
    seed: int
    recipe: str = "chorus"

    @property
    def spec(self) -> RunSpec:
        """The recipe with this configuration's settings."""
        layers = [parse_overrides(layer.split()) for layer in (*self.layers, f"seed={self.seed}")]
        return build_spec(load_recipe(self.recipe), layers)

    @property
    def key(self) -> str:
        """The run's key: what is on file under it needs no training."""
        spec = self.spec
        return spec.key(load_catalogue(spec.data.name).digest, 1, "fp32")


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
        from trainers.training.checkpoint_files import PREDICTIONS

        if report.state == "finished" and save is not None:
            with tempfile.TemporaryDirectory() as folder:
                save(Path(folder))
                self.predictions, self.classes = read_predictions(Path(folder) / PREDICTIONS)


def train(job: Job) -> dict[str, Any]:
    """Train one run on one thread, and have it judged where it predicts a subset `test`."""
    import torch

    from trainers.data.dataset import load_run_data
    from trainers.fit import fit

    torch.set_num_threads(1)
    spec = job.spec
    catalogue = load_catalogue(spec.data.name)
    session = LastEpoch(torch.device("cpu"))
    started, wall = time.process_time(), time.perf_counter()
    epochs = [report.metrics for report in fit(spec, load_run_data(spec, catalogue), session)]
    return {
        "key": job.key,
        **vars(job),
        "data": spec.data.name,
        "metrics": epochs[-1],
        "val": epochs[-1]["val/macro_auc"],
        "epochs": [metrics["val/macro_auc"] for metrics in epochs],
        **judged(spec, catalogue, session),
        "cpu_seconds": time.process_time() - started,
        "wall_seconds": time.perf_counter() - wall,
    }


def judged(spec: RunSpec, catalogue: Catalogue, session: LastEpoch) -> dict[str, float]:
    """Public and private score of what the run predicts of the test, over all classes and over the rare ones."""
    import torch

    from trainers.losses.functions import probabilities
    from tuneful.leaderboard.judge import judge

    tests = [part for part in session.predictions if part.subset == "test"]
    if not tests:
        return {}
    scores = probabilities(torch.from_numpy(tests[0].logits).double(), spec.loss.name).numpy()
    table = pd.DataFrame(scores, columns=list(session.classes))
    table = table.assign(clip_id=tests[0].clip_ids, start_s=tests[0].start_s)
    found = judge(catalogue.folder, table)
    rare = rare_classes(catalogue, spec.evaluation.rare_below)
    return found | {f"{part}_rare": score for part, score in judge(catalogue.folder, table, rare).items() if rare}


def rare_classes(catalogue: Catalogue, below: int | None) -> list[str]:
    """Classes that fewer than `below` training clips have as a label."""
    counts = catalogue.subset("train")["labels"].explode().value_counts()
    return [str(name) for name in counts.index[counts < (below or 0)]]


def run_missing(jobs: Sequence[Job], file: Path) -> None:
    """Train what the file hasn't got, two runs at a time, and append every one as it ends."""
    known = {row["key"] for row in read_rows(file)}
    missing = [job for job in jobs if job.key not in known]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for number, done in enumerate(as_completed([pool.submit(train, job) for job in missing]), 1):
            row = done.result()
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")
            scores = "  ".join(f"{name} {row[name]:.3f}" for name in ("val", "private") if name in row)
            shown = f"{scores}  {row['wall_seconds']:.0f} s"
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


def runs_of(jobs: Sequence[Job], file: Path) -> pd.DataFrame:
    """The rows of these jobs, in their order and by their names."""
    by_key = {row["key"]: row for row in read_rows(file)}
    return pd.DataFrame([{**by_key[job.key], **vars(job)} for job in jobs])
