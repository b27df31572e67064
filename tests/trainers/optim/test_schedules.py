"""Learning rates as a function of the step."""

import numpy as np
import pytest
import torch

from trainers.optim.build import build_optimizer, build_schedule
from trainers.optim.spec import AdamWSpec, ConstantSpec, CosineSpec


def test_the_cosine_is_torchs():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=19, eta_min=1e-4)
    at = build_schedule(CosineSpec(eta_min=1e-4), 0.1, 20)
    for step in range(20):
        assert at(step) == pytest.approx(theirs.get_last_lr()[0], rel=1e-6)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("spec", [CosineSpec(warmup_steps=5), ConstantSpec(warmup_steps=5)])
def test_the_warm_up_rises_in_a_line_to_the_peak(spec):
    at = build_schedule(spec, 0.5, 50)
    np.testing.assert_allclose([at(step) for step in range(5)], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert at(5) == 0.5


def test_the_cosine_ends_at_its_lowest_and_a_constant_where_it_was():
    assert build_schedule(CosineSpec(eta_min=1e-5), 0.5, 50)(49) == pytest.approx(1e-5)
    assert build_schedule(ConstantSpec(), 0.5, 50)(49) == 0.5


@pytest.mark.parametrize("steps", [1, 3, 5, 6])
def test_a_run_shorter_than_its_warm_up_has_rates_too(steps):
    at = build_schedule(CosineSpec(warmup_steps=5), 0.5, steps)
    assert all(0 < at(step) <= 0.5 for step in range(steps))


def test_adamw_is_torchs_with_the_specs_settings():
    weights = [torch.nn.Parameter(torch.ones(3))]
    spec = AdamWSpec(lr=0.1, weight_decay=0.2, beta1=0.8, beta2=0.9)
    optimizer = build_optimizer(weights, spec)
    assert isinstance(optimizer, torch.optim.AdamW)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["betas"]) == (0.1, 0.2, (0.8, 0.9))
