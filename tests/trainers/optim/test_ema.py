"""The moving average of weights against a float64 loop."""

import numpy as np
import pytest
import torch
from torch import nn

from trainers.optim.ema import Ema

DECAY = 0.8


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2)).train()


def step(model: nn.Module, seed: int) -> None:
    """A stand-in for training: other weights and other batch statistics, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    model(torch.randn(5, 1, 4, 4, generator=generator))


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng():
        yield


def test_parameters_are_the_average_of_a_float64_loop():
    model = network(0)
    ema = Ema(model, DECAY)
    expected = [p.detach().double().numpy() for p in model.parameters()]
    for seed in range(20):
        step(model, seed)
        ema.update(model)
        expected = [
            DECAY * e + (1 - DECAY) * p.detach().double().numpy()
            for e, p in zip(expected, model.parameters(), strict=True)
        ]
    for ours, theirs in zip(ema.module.parameters(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_buffers_are_the_models_latest():
    model = network(0)
    ema = Ema(model, DECAY)
    for seed in range(3):
        step(model, seed)
        ema.update(model)
    for ours, theirs in zip(ema.module.buffers(), model.buffers(), strict=True):
        assert torch.equal(ours, theirs)
    assert int(ema.module[1].num_batches_tracked) == 3


def test_the_average_goes_on_from_its_modules_state_as_if_never_stopped():
    model, whole = network(0), Ema(network(0), DECAY)
    stopped = Ema(model, DECAY)
    for seed in range(6):
        step(model, seed)
        whole.update(model)
        if seed == 2:
            state = {name: value.clone() for name, value in stopped.module.state_dict().items()}
            stopped = Ema(network(99), DECAY)
            stopped.module.load_state_dict(state)
        stopped.update(model)
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, stopped.module.state_dict()[name]), name


def test_the_average_is_a_model_of_its_own_in_evaluation_mode():
    model = network(0)
    ema = Ema(model, DECAY)
    before = [p.detach().clone() for p in model.parameters()]
    step(model, 0)
    ema.update(model)
    model.train()
    assert not any(module.training for module in ema.module.modules())
    assert not any(p.requires_grad for p in ema.module.parameters())
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    images = torch.randn(1, 1, 4, 4)
    assert torch.equal(ema.module(images), ema.module(images))


def test_a_frozen_parameter_stays_where_it_is():
    model = network(0)
    model[0].requires_grad_(False)
    ema = Ema(model, DECAY)
    for _ in range(3):
        ema.update(model)
    assert torch.equal(ema.module[0].weight, model[0].weight)
