"""Under DDP each worker mixes its own batch: it equals one process with that batch and that state of the generator."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trainers.mixing.draw import MIXINGS
from trainers.spec import RunSpec

WORKER = Path(__file__).with_name("mixing_worker.py")
SETTINGS = {
    "none": ["mixing.name=none"],
    "mixup": ["mixing.name=mixup", "mixing.p=1"],
    "mixup, spectrogram": ["mixing.name=mixup", "mixing.on=spectrogram", "mixing.draw=batch"],
    "mixup, partners of the training set": ["mixing.name=mixup", "mixing.partner=uniform"],
    "manifold_mixup": ["mixing.name=manifold_mixup", "mixing.layers=[embedding, stage1]"],
    "multimix": ["mixing.name=multimix", "mixing.n_mixes=6"],
    "mix2": ["mixing.name=mix2"],
    "mix2, mixup": ["mixing.name=mix2", "mixing.p_mixup=1", "mixing.p_manifold=0", "mixing.p_multimix=0"],
    "manifold_mixup, as released": ["mixing.name=manifold_mixup", "mixing.variant=as_released"],
}


def test_every_mixing_is_among_them():
    assert {name.split(",")[0] for name in SETTINGS} == set(MIXINGS)


def alone(spec: RunSpec, rank: int) -> tuple[float, dict[str, torch.Tensor]]:
    """The same share in this process, without DDP."""
    found = spec_from_file_location("mixing_worker", WORKER)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    result: tuple[float, dict[str, torch.Tensor]] = module.first_step(spec, rank, 2, 1)
    return result


@pytest.mark.long
def test_each_of_two_workers_equals_one_process_with_its_batch(spec: Callable[..., RunSpec], tmp_path: Path) -> None:
    """The loss of each worker to the last digit, and DDP's gradients the mean of both."""
    runs = [spec(*overrides, "seed=5", "model.dropout=0.2") for overrides in SETTINGS.values()]
    job = {"specs": [run.resolved() for run in runs], "meet": str(tmp_path / "meet"), "out": str(tmp_path)}
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(
            [sys.executable, WORKER, json.dumps({**job, "rank": rank})],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for rank in range(2)
    ]  # fmt: skip
    expected = [[alone(run, rank) for rank in range(2)] for run in runs]
    losses = []
    for worker in workers:
        out, error = worker.communicate(timeout=200)
        assert worker.returncode == 0, error
        losses.append(json.loads(out))
    for number, name in enumerate(SETTINGS):
        ours, theirs = [losses[rank][number] for rank in range(2)], [one[0] for one in expected[number]]
        assert ours == pytest.approx(theirs, abs=1e-6), name
        for rank in range(2):
            gradients = load_file(tmp_path / f"{number}-{rank}.safetensors")
            for parameter, value in gradients.items():
                mean = (expected[number][0][1][parameter] + expected[number][1][1][parameter]) / 2
                torch.testing.assert_close(value, mean, atol=1e-6, rtol=1e-5, msg=f"{name}: {parameter}")
