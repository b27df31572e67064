"""Runs are trained on the ground that their keys were made for: the same data, the same precision."""

from types import SimpleNamespace

import pytest
import torch

from analysis.errors import RecordsError
from trainers.errors import DataError, DeviceError
from tuneful.sweep.ground import FILE, Ground, keep_ground, timed_on_record
from tuneful.sweep.timing import cpu, gpu, timed_on
from tuneful.sweep.trials.lockstep import run_epochs

GROUND = Ground("d1", "fp32")
CPU = torch.device("cpu")


def test_what_a_sweep_stands_on_is_kept_and_must_stay(folder):
    keep_ground(folder, GROUND, auto=True)
    keep_ground(folder, GROUND, auto=True)
    with pytest.raises(RecordsError, match=r"trained on other data \(digest d1, now d2\)\. Try: --name tiny-2"):
        keep_ground(folder, Ground("d2", "fp32"), auto=False)
    with pytest.raises(RecordsError, match=r"trained in fp32, .*=auto is now bf16\. Try: --name tiny-2"):
        keep_ground(folder, Ground("d1", "bf16"), auto=True)
    keep_ground(folder, Ground("d1", "bf16"), auto=False)
    assert (folder.path / FILE).exists()


def test_times_stay_those_of_one_machine(folder):
    keep_ground(folder, Ground("d1", "fp32", "2 CPUs of X"), auto=True)
    keep_ground(folder, Ground("d1", "fp32", "2 CPUs of X"), auto=True)
    with pytest.raises(RecordsError, match=r"timed on 2 CPUs of X, now it is 8 CPUs of X\. Try: --name tiny-2"):
        keep_ground(folder, Ground("d1", "fp32", "8 CPUs of X"), auto=True)
    assert timed_on_record(folder) == "2 CPUs of X"


def test_the_machine_and_its_share_are_asked_only_where_an_objective_is_a_time(tiny):
    def said(**changes):
        return timed_on(tiny(**changes).definition, lambda ask, _need: {cpu: "X", gpu: "Y"}[ask])

    times = {"objective": "[{metric: val/macro_auc}, {metric: cost/inference_s_per_min}]"}
    assert said(resources="{cpus_per_worker: 8}") is None
    assert said(**times) == "1 CPU of X"
    assert said(**times, resources="{cpus_per_worker: 8, gpus_per_worker: 0.5}") == "8 CPUs and 0.5 GPU of Y"
    assert cpu(), "some name, whatever the system"


def test_a_run_is_refused_on_data_that_changed_after_it_was_planned(tiny, folder, plan_of, monkeypatch):
    """Somebody reviews labels while a sweep runs: its later trials would be filed under the digest of the old ones."""
    data = SimpleNamespace(digest="d2", split_digest="s")
    monkeypatch.setattr("trainers.data.dataset.load_run_data", lambda _spec: data)
    monkeypatch.setattr("trainers.fit.fit", None)  # nothing may call it
    run = plan_of(0, ("a",)).runs[0]
    planned = type(run)(**{**vars(run), "spec": tiny().base.resolved()})
    session = SimpleNamespace(device=CPU, world_size=1)
    with pytest.raises(DataError, match=r"the data of tones have changed .*\(d1 -> d2\)\. Try: end it"):
        list(run_epochs(folder.path, planned, lambda *_: session, GROUND))
    assert folder.ledger("a").epochs() == []


def test_a_worker_of_another_precision_is_refused(tiny):
    spec = tiny().base
    GROUND.check(spec, "d1", CPU)
    with pytest.raises(DeviceError, match="precision=auto is fp32 on this worker, bf16 on the others"):
        Ground("d1", "bf16").check(spec, "d1", CPU)
    fixed = spec.model_copy(update={"training": spec.training.model_copy(update={"precision": "bf16"})})
    GROUND.check(fixed, "d1", CPU)
