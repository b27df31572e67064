"""What a trial's process does when its runs fail: go on with the next trial, or ask to be replaced."""

import pytest
from ray.train import WorkerGroupError

from analysis.records.sweep import SweepFolder
from trainers.errors import SpecError
from tuneful.sweep.trials.distributed import DistributedTrial, first_cause
from tuneful.sweep.trials.trial import BrokenTrialError, OneWorkerTrial

MISTAKE = SpecError("model.backbone: there is no such thing")
ASSERT = RuntimeError("CUDA error: device-side assert triggered\nCUDA kernel errors might be reported later")


@pytest.fixture
def trial_failing_of(tmp_path, monkeypatch):
    """`trial_failing_of(error)`: a trial of one worker whose first epoch fails so."""

    def make(error):
        def open_it(_):
            raise error

        monkeypatch.setattr(OneWorkerTrial, "_open", open_it)
        trial = OneWorkerTrial.__new__(OneWorkerTrial)
        trial.setup({"folder": str(tmp_path), "trial": "search-0003"})
        return trial

    return make


def test_a_users_mistake_ends_the_trial_and_leaves_the_process_as_it_was(trial_failing_of, tmp_path):
    trial = trial_failing_of(MISTAKE)
    result = trial.step()
    assert (result["state"], result["error"], result["done"]) == ("failed", str(MISTAKE), True)
    assert trial.reset_config({"trial": "search-0004"}), "the next trial takes it over"
    assert not SweepFolder(tmp_path).traceback("search-0003").exists()


def test_anything_else_makes_tune_replace_the_process_and_is_kept_whole(trial_failing_of, tmp_path):
    with pytest.raises(BrokenTrialError) as raised:
        trial_failing_of(ASSERT).step()
    assert str(raised.value) == "RuntimeError: CUDA error: device-side assert triggered", "nothing of a class of torch"
    assert raised.value.__cause__ is None
    first, _, rest = SweepFolder(tmp_path).traceback("search-0003").read_text().partition("\n")
    assert first == str(raised.value)
    assert "Traceback (most recent call last)" in rest
    assert "in open_it" in rest
    assert "might be reported later" in rest


def of_workers(**failures):
    return WorkerGroupError("[Rank 0]\nTraceback: line 7", {int(rank[1:]): error for rank, error in failures.items()})


def test_of_several_workers_a_users_mistake_is_said_as_of_one():
    gone = RuntimeError("the connection was closed by a peer")
    assert first_cause(of_workers(r0=gone, r1=MISTAKE)) is MISTAKE
    assert first_cause(MISTAKE) is MISTAKE
    assert first_cause(of_workers(r0=gone)) is gone
    nobody = of_workers()
    assert first_cause(nobody) is nobody


@pytest.mark.parametrize(
    ("error", "told"),
    [(of_workers(r0=MISTAKE), str(MISTAKE)), (of_workers(r0=ASSERT), None), (None, None)],
)
def test_a_trial_of_several_workers_keeps_where_it_failed(error, told, tmp_path, monkeypatch):
    trial = DistributedTrial.__new__(DistributedTrial)
    trial.setup({"folder": str(tmp_path), "trial": "search-0003"})
    trial._queue = object()
    monkeypatch.setattr(trial, "_next", lambda: ("end", error))
    result = trial.step()
    assert (result["state"], result["error"], result["done"]) == ("failed", told, True)
    kept = SweepFolder(tmp_path).traceback("search-0003")
    assert kept.exists() == (told is None)
    if error is not None and told is None:
        assert kept.read_text().startswith("RuntimeError: CUDA error: device-side assert triggered\n\n")
        assert "Traceback: line 7" in kept.read_text(), "which only Train's error has"
        assert "NoneType: None" not in kept.read_text()
