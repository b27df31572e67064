"""A GPU that is too small: once more with each batch in two halves, and it is said."""

import json

import pytest
import torch

from analysis.records.ledger import RunLedger
from trainers import fit as fitting
from trainers.config.build import build_spec, load_recipe, parse_overrides
from trainers.training.memory import NoMemoryError
from trainers.training.session import EpochReport, LedgerSession
from tuneful.sweep.trials.memory import METRIC, can_be_halved, fit_within_memory, note

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"


def spec_of(batch: int, *overrides: str):
    given = parse_overrides([f"training.batch_size={batch}", "training.epochs=3", *overrides])
    return build_spec(load_recipe("chorus"), [given])


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """`train(batch, room, workers)`: a run on a GPU with room for so many clips, told in its ledger."""
    seen = []

    def fit(spec, data, session, micro_batches):
        del data
        first = (
            json.loads((session.latest_checkpoint() / "epoch").read_text()) if session.latest_checkpoint() else 0
        ) + 1
        for epoch in range(first, 4):
            seen.append((epoch, spec.training.batch_size, micro_batches))
            if spec.training.batch_size / session.world_size / micro_batches > train.room and epoch > 1:
                raise torch.OutOfMemoryError(FULL)
            report = EpochReport(epoch, "finished" if epoch == 3 else "running", {"val/map": 0.1}, "p", None)
            session.report(report, lambda folder, e=epoch: (folder / "epoch").write_text(str(e)))
            yield report

    def train(batch, workers=1):
        ledger = RunLedger(tmp_path / "run")
        spec = spec_of(batch)
        epochs, again = [], True
        for _ in range(2):
            session = LedgerSession(ledger, {}, torch.device("cpu"), 0, workers, ledger.newest_checkpoint())
            parts = fit_within_memory(spec, None, ledger.folder, session)
            try:
                while True:
                    epochs.append(next(parts))
            except StopIteration as end:
                again = end.value
            if not again:
                break
        return epochs, ledger

    monkeypatch.setattr(fitting, "fit", fit)
    train.seen, train.room = seen, 8
    return train


def test_a_run_goes_on_with_its_batches_in_halves_from_where_it_failed(gpu):
    epochs, ledger = gpu(16)
    assert gpu.seen == [(1, 16, 1), (2, 16, 1), (2, 16, 2), (3, 16, 2)]
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    assert [epoch.metrics.get(METRIC) for epoch in epochs] == [None, 8.0, 8.0]
    assert [record["metrics"].get(METRIC) for record in ledger.epochs()] == [None, 8.0, 8.0]
    assert note(ledger.folder) == {"micro_batch": 8, "of": 16}


def test_twice_too_large_is_one_clear_error(gpu):
    with pytest.raises(
        NoMemoryError, match=r"too little to train on 16 clips at once\. Try: a smaller training\.batch_size"
    ):
        gpu(32)


def test_what_can_not_be_halved_is_not_tried_again(gpu):
    gpu.room = 0
    with pytest.raises(NoMemoryError, match="too little to train on 1 clips at once"):
        gpu(1)
    assert gpu.seen == [(1, 1, 1), (2, 1, 1)]


def test_the_larger_half_of_an_odd_batch_is_told(gpu):
    epochs, _ = gpu(15)
    assert [epoch.metrics.get(METRIC) for epoch in epochs] == [None, 8.0, 8.0]


def test_a_mixing_that_needs_whole_batches_is_not_halved():
    mix2 = ("mixing.name=mix2", "mixing.variant=as_released")
    assert can_be_halved(spec_of(64, mix2[0]), 64)
    assert not can_be_halved(spec_of(64, *mix2), 64)


def test_workers_are_started_again_and_then_agree(gpu):
    with pytest.raises(torch.OutOfMemoryError):
        gpu(32, workers=2)
    epochs, _ = gpu(32, workers=2)
    assert [epoch.epoch for epoch in epochs] == [2, 3]
    assert [epoch.metrics[METRIC] for epoch in epochs] == [8.0, 8.0]
