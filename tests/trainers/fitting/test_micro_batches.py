"""Batches computed in parts, and evaluation in smaller ones, for a GPU whose memory is too little: the same run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from trainers.data.dataset import load_run_data
from trainers.models.tagger import Tagger
from trainers.training.batches import Batch, train_batches
from trainers.training.dry_step import run_memory
from trainers.training.evaluate import predict
from trainers.training.learner import Learner
from trainers.training.session import NoSession

CPU = torch.device("cpu")
FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"
GIB = 2**30


# ---- training


@dataclass
class Steps:
    """What an epoch's optimizer steps were made of."""

    loss: float = 0.0
    rates: list[float] = field(default_factory=list)
    gradients: list[list[torch.Tensor]] = field(default_factory=list)
    learner: Learner | None = None


def steps_of(run: Any, micro_batches: int) -> Steps:
    steps = Steps()
    learner = steps.learner = Learner(run, load_run_data(run), NoSession(CPU), micro_batches)

    def look(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        steps.rates.append(optimizer.param_groups[0]["lr"])
        steps.gradients.append([p.grad.clone() for p in learner.model.parameters() if p.grad is not None])

    learner.optimizer.register_step_pre_hook(look)
    steps.loss = learner.train_epoch(1)
    return steps


@pytest.mark.parametrize("accumulate", [1, 3])
def test_halved_batches_give_the_same_gradients_steps_and_rates(spec: Callable[..., Any], accumulate: int) -> None:
    """30 clips in four batches of 7, which leave two out that half batches would show."""
    run = spec("training.batch_size=7", f"training.accumulate={accumulate}", "optimizer.lr_scaling=linear")
    whole, halved = (steps_of(run, micro_batches) for micro_batches in (1, 2))
    assert len(whole.rates) == -(-4 // accumulate)
    assert halved.rates == whole.rates
    assert halved.loss == pytest.approx(whole.loss, abs=1e-6)
    for ours, theirs in zip(halved.gradients, whole.gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-3)


def test_a_batch_that_is_not_cut_is_the_same_to_the_bit(spec: Callable[..., Any]) -> None:
    batch = next(train_batches(spec(), load_run_data(spec()).train, 1, 0, 1))
    assert batch.cut(1) == [batch]


@pytest.mark.parametrize("parts", [2, 3, 5, 9])
@pytest.mark.parametrize("partners", [False, True])
def test_micro_batches_make_up_the_batch_and_keep_partners(parts: int, partners: bool) -> None:
    rows = torch.arange(10 if partners else 5)
    batch = Batch(rows[:, None], rows[:, None], rows, 5)
    cut = batch.cut(parts)
    assert len(cut) == min(parts, 5)
    assert torch.equal(torch.cat([part.samples[: part.size, 0] for part in cut]), torch.arange(5))
    for part in cut:
        assert torch.equal(part.samples[:, 0], part.weights)
        assert torch.equal(part.targets, part.samples)
        assert torch.equal(part.weights[part.size :], part.weights[: part.size] + 5 if partners else part.weights[:0])


def test_a_run_that_waits_for_its_next_epoch_holds_no_gradients(spec: Callable[..., Any]) -> None:
    learner = steps_of(spec(), 1).learner
    assert learner is not None
    assert all(parameter.grad is None for parameter in learner.model.parameters())


# ---- evaluation


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A GPU with room for so many windows in evaluation, and what was asked of it."""
    found, forward = SimpleNamespace(training=99, evaluation=99, steps=[], windows=[]), Tagger.forward

    def limited(model: Tagger, x: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
        (found.steps if model.training else found.windows).append(len(x))
        if len(x) > (found.training if model.training else found.evaluation):
            raise torch.OutOfMemoryError(FULL)
        return forward(model, x, *rest, **more)

    monkeypatch.setattr(Tagger, "forward", limited)
    return found


def test_evaluation_in_batches_that_fit_gives_the_same_logits(spec: Callable[..., Any], room: SimpleNamespace) -> None:
    run, session = spec(), NoSession(CPU)
    learner = Learner(run, load_run_data(run), session)
    whole = predict(learner.evaluated, run, learner.data.val, session)
    room.evaluation, room.windows = 3, []
    np.testing.assert_allclose(predict(learner.evaluated, run, learner.data.val, session), whole, atol=1e-5)
    assert max(room.windows[-3:]) <= 3


# ---- before a sweep


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch, room: SimpleNamespace) -> None:
    """What torch says of a GPU's memory: 4 GiB are reserved for a step, 6 with a batch of evaluation, 1 stays."""
    fakes = {
        "get_device_properties": lambda _: SimpleNamespace(total_memory=24 * GIB),
        "empty_cache": lambda: None,
        "reset_peak_memory_stats": lambda _: None,
        "max_memory_reserved": lambda _: 6 * GIB if any(n > 1 for n in room.windows) else 4 * GIB,
        "memory_allocated": lambda _: GIB,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)


@pytest.mark.usefixtures("cuda")
def test_a_step_and_a_batch_of_evaluation_are_tried(spec: Callable[..., Any], room: SimpleNamespace) -> None:
    found = run_memory(spec("training.eval_batch_size=5"), CPU)
    assert (found.step, found.evaluation, found.kept, found.total) == (4 * GIB, 6 * GIB, GIB, 24 * GIB)
    assert (room.steps, room.windows[-1]) == ([8], 5)


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize(("training", "evaluation", "step"), [(3, 99, None), (99, 3, 4 * GIB)])
def test_what_is_too_much_for_the_whole_gpu_is_not_made_smaller(
    spec: Callable[..., Any], room: SimpleNamespace, training: int, evaluation: int, step: int | None
) -> None:
    room.training, room.evaluation = training, evaluation
    found = run_memory(spec(), CPU)
    assert (found.step, found.evaluation) == (step, None)
