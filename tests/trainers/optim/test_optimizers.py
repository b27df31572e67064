"""Optimizers against torch's own, their two groups, and the peak of the learning rate."""

from typing import Any, get_args

import pytest
import torch
from torch import nn

from trainers.optim.build import OPTIMIZERS, build_optimizer, peak_lr
from trainers.optim.spec import AdamSpec, AdamWSpec, OptimizerSpec, RAdamSpec, SgdSpec

SPECS = {model.model_fields["name"].default: model for model in get_args(get_args(OptimizerSpec)[0])}
ADAM = {"lr": 0.1, "weight_decay": 0.2, "beta1": 0.8, "beta2": 0.9}
THEIRS = {"lr": 0.1, "weight_decay": 0.2, "betas": (0.8, 0.9)}
REFERENCES = [
    (AdamWSpec(**ADAM), torch.optim.AdamW, THEIRS),
    (AdamSpec(**ADAM), torch.optim.Adam, THEIRS),
    (RAdamSpec(**ADAM), torch.optim.RAdam, THEIRS),
    (
        SgdSpec(lr=0.1, weight_decay=0.2, momentum=0.7),
        torch.optim.SGD,
        {"lr": 0.1, "weight_decay": 0.2, "momentum": 0.7},
    ),
    (SgdSpec(lr=0.1, nesterov=True), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
]


def parameters() -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Of a backbone and of a head."""
    generator = torch.Generator().manual_seed(0)
    drawn = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 4), (5,), (2, 2))]
    return drawn[:2], drawn[2:]


def train(optimizer: torch.optim.Optimizer, trained: list[nn.Parameter], steps: int = 8) -> list[torch.Tensor]:
    for step in range(steps):
        optimizer.zero_grad()
        sum(((p - step % 3) ** 4).sum().sqrt() for p in trained).backward()
        optimizer.step()
    return [p.detach().clone() for p in trained]


@pytest.mark.parametrize(("spec", "theirs", "settings"), REFERENCES)
def test_the_steps_are_torchs_to_the_bit(spec, theirs, settings):
    backbone, head = parameters()
    ours = train(build_optimizer(backbone, head, spec), backbone + head)
    again = [p for group in parameters() for p in group]
    expected = train(theirs(again, **settings), again)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_adamw_without_settings_has_torchs_weight_decay():
    """Mix2's flag of 1e-6 was never passed on: its runs had the default of AdamW, as ours have."""
    assert AdamWSpec().weight_decay == torch.optim.AdamW([torch.zeros(1)]).defaults["weight_decay"] == 0.01


# ---- the contract of every registered optimizer


def test_every_optimizer_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(OPTIMIZERS) == set(SPECS)


@pytest.fixture(params=sorted(OPTIMIZERS))
def kind(request) -> Any:
    return SPECS[request.param]


def test_an_optimizer_says_where_it_comes_from(kind):
    doc = OPTIMIZERS[kind().name].__doc__
    assert "torch" in doc
    assert "(" in doc


def test_the_loss_falls(kind):
    trained = [p for group in parameters() for p in group]
    optimizer = build_optimizer(trained[:2], trained[2:], kind(lr=0.01))

    def loss() -> torch.Tensor:
        return sum(((p - 1) ** 2).sum() for p in trained)

    before = loss().item()
    for _ in range(20):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < 0.9 * before


def test_the_two_groups_keep_their_rates_relative_to_the_schedules(kind):
    backbone, head = parameters()
    optimizer = build_optimizer(backbone, head, kind(lr=0.5, backbone_lr_factor=0.1))
    assert [group["params"] for group in optimizer.param_groups] == [backbone, head]
    assert [group["factor"] for group in optimizer.param_groups] == [0.1, 1.0]
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.5]


def test_a_factor_of_zero_leaves_the_backbone_as_it_is(kind):
    backbone, head = parameters()
    before = [p.detach().clone() for p in backbone]
    train(build_optimizer(backbone, head, kind(backbone_lr_factor=0.0)), backbone + head, steps=2)
    assert all(torch.equal(a, b) for a, b in zip(backbone, before, strict=True))
    assert not torch.equal(head[0], parameters()[1][0])


def test_frozen_parameters_and_empty_groups_are_left_out(kind):
    backbone, head = parameters()
    backbone[0].requires_grad_(False)
    assert build_optimizer(backbone, head, kind()).param_groups[0]["params"] == backbone[1:]
    backbone[1].requires_grad_(False)
    (group,) = build_optimizer(backbone, head, kind()).param_groups
    assert (group["params"], group["factor"]) == (head, 1.0)


SETTINGS = [(name, f) for name in sorted(SPECS) for f in SPECS[name].model_fields if f not in ("name", "nesterov")]
OF_THE_PEAK = ("lr_scaling", "lr_reference_batch")


@pytest.mark.parametrize(("name", "field"), [(name, f) for name, f in SETTINGS if f not in OF_THE_PEAK])
def test_no_setting_of_an_optimizer_is_ignored(name, field):
    """Mix2's weight decay and the AnuraSet baseline's were parsed and never passed on."""
    results = []
    for spec in (SPECS[name](), SPECS[name](**{field: SPECS[name].model_fields[field].default / 2 + 0.01})):
        backbone, head = parameters()
        results.append(train(build_optimizer(backbone, head, spec), backbone + head))
    assert any(not torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ValueError, match=r"optimizer\.momentum must be > 0 for optimizer\.nesterov=true, got 0"):
        SgdSpec(nesterov=True, momentum=0.0)


# ---- the peak


@pytest.mark.parametrize(
    ("scaling", "batch_size", "expected"),
    [("none", 256, 1e-3), ("linear", 256, 8e-3), ("linear", 16, 5e-4), ("sqrt", 128, 2e-3), ("sqrt", 8, 5e-4)],
)
def test_the_peak_follows_the_batch_size_as_asked(kind, scaling, batch_size, expected):
    spec = kind(lr=1e-3, lr_scaling=scaling, lr_reference_batch=32)
    assert peak_lr(spec, batch_size) == pytest.approx(expected)
    assert peak_lr(kind(lr=1e-3, lr_scaling=scaling, lr_reference_batch=batch_size), batch_size) == 1e-3
