"""Several workers are one: the same global batch gives the same weights and the same scores."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from analysis.records.ledger import RunLedger
from trainers.data.dataset import load_run_data
from trainers.errors import SpecError
from trainers.fit import fit
from trainers.spec import RunSpec
from trainers.training.session import NoSession

CLOCK = ("seconds", "eval_seconds", "clips_per_second", "cost/inference_s_per_min")
ALIKE = ("training.epochs=2", "optimizer.lr=0.0003")  # LayerNorm, nothing random but order and crops
RANDOM = (
    "training.epochs=2",
    "model.backbone=test_resnet",
    "model.dropout=0.2",
    "mixing.name=mix2",
    "training.ema_decay=0.9",
)
Reported = list[list[dict[str, float]]]


def start_workers(specs: list[RunSpec], folder: Path) -> list[subprocess.Popen[str]]:
    job = {"specs": [s.resolved() for s in specs], "ledgers": str(folder), "world_size": 2, "meet": f"{folder}.meet"}
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py"), json.dumps({**job, "rank": rank})],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for rank in range(2)
    ]  # fmt: skip


def reports_of(worker: subprocess.Popen[str]) -> Reported:
    out, error = worker.communicate(timeout=200)
    assert worker.returncode == 0, error
    return [[{k: v for k, v in metrics.items() if k not in CLOCK} for metrics in run] for run in json.loads(out)]


def as_text(reported: object) -> str:
    """To compare every digit, with a NaN equal to itself."""
    return json.dumps(reported, sort_keys=True)


def weights(ledger: RunLedger) -> dict[str, torch.Tensor]:
    found = ledger.newest_checkpoint()
    assert found is not None
    return load_file(found[1] / "model.safetensors")


def test_two_workers_are_one_to_five_digits_and_report_the_same(
    spec: Callable[..., RunSpec], train: Callable[..., Any], tmp_path: Path
) -> None:
    alike, random = spec(*ALIKE), spec(*RANDOM)
    workers = start_workers([alike, random], tmp_path / "two")
    one = train(alike, "one")
    first, second = map(reports_of, workers)
    assert as_text(first) == as_text(second)
    for ours, theirs in zip(first[0], one.metrics, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5, nan_ok=True)
    ledgers = [RunLedger(tmp_path / "two" / str(number)) for number in range(2)]
    for ledger, reported in zip(ledgers, first, strict=True):
        recorded = [{k: v for k, v in e["metrics"].items() if k not in CLOCK} for e in ledger.epochs()]
        assert as_text(recorded) == as_text(reported)
    ours, theirs = weights(ledgers[0]), weights(one.ledger)
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], atol=1e-5, rtol=0, msg=lambda text, n=name: f"{n}: {text}")


def test_a_batch_that_workers_can_not_share_evenly_is_refused(spec: Callable[..., RunSpec]) -> None:
    run = spec()
    with pytest.raises(SpecError, match=r"training.batch_size must be a multiple of resources.workers \(3\), got 8"):
        next(fit(run, load_run_data(run), NoSession(torch.device("cpu"), world_size=3)))
