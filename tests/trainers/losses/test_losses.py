"""Losses against float64 formulas and the libraries' own, and the contract that every registered loss keeps."""

from typing import Any, get_args

import numpy as np
import pytest
import torch
from torchvision.ops import sigmoid_focal_loss

from trainers.losses.functions import LOSSES, bce, ce, focal, focal_bce, probabilities
from trainers.losses.spec import BceSpec, CeSpec, FocalBceSpec, FocalSpec, LossSpec

SPECS = {model.model_fields["name"].default: model for model in get_args(get_args(LossSpec)[0])}


def draw(kind: str, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    scale = 80.0 if kind == "extreme" else 3.0
    logits = rng.normal(0, scale, (17, 5))
    if kind == "soft":
        targets = rng.random((17, 5))
    elif kind == "shares":
        targets = rng.dirichlet(np.ones(5), 17)
    else:
        targets = (rng.random((17, 5)) < 0.3).astype(float)
    return torch.tensor(logits, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32)


KINDS = ["hard", "soft", "shares", "extreme"]


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def bce64(logits: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    x, t = logits.numpy().astype(np.float64), targets.numpy().astype(np.float64)
    return t * softplus(-x) + (1 - t) * softplus(x)


def focal64(logits: torch.Tensor, targets: torch.Tensor, gamma: float, alpha: float) -> np.ndarray:
    x, t = logits.numpy().astype(np.float64), targets.numpy().astype(np.float64)
    p, q = np.exp(-softplus(-x)), np.exp(-softplus(x))
    p_t = p * t + q * (1 - t)
    return (alpha * t + (1 - alpha) * (1 - t)) * (1 - p_t) ** gamma * bce64(logits, targets)


@pytest.mark.parametrize("kind", KINDS)
def test_bce_is_the_float64_formula(kind):
    logits, targets = draw(kind)
    np.testing.assert_allclose(bce(logits, targets, BceSpec()), bce64(logits, targets).mean(1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_ce_is_the_float64_formula(kind):
    logits, targets = draw(kind)
    x = logits.numpy().astype(np.float64)
    log_p = x - x.max(1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
    expected = -(targets.numpy() * log_p).sum(1)
    np.testing.assert_allclose(ce(logits, targets, CeSpec()), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_ce_is_torchs_with_probability_targets(kind):
    logits, targets = draw(kind)
    expected = torch.nn.CrossEntropyLoss(reduction="none")(logits, targets)
    torch.testing.assert_close(ce(logits, targets, CeSpec()), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.0, 0.5), (0.5, 0.9), (5.0, 0.0), (1.0, 1.0)])
def test_focal_is_torchvisions_and_the_float64_formula(kind, gamma, alpha):
    logits, targets = draw(kind)
    ours = focal(logits, targets, FocalSpec(gamma=gamma, alpha=alpha))
    if alpha > 0 or gamma > 0:
        theirs = sigmoid_focal_loss(logits, targets, alpha=alpha, gamma=gamma).mean(1)
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    # 1 - p_t is rounded to float32 near 0: hence the larger absolute tolerance, of losses that are nearly 0
    np.testing.assert_allclose(ours, focal64(logits, targets, gamma, alpha).mean(1), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_focal_bce_is_the_weighted_sum(kind):
    logits, targets = draw(kind)
    spec = FocalBceSpec(gamma=1.5, alpha=0.4, bce_weight=0.7, focal_weight=3.0)
    expected = 0.7 * bce64(logits, targets).mean(1) + 3.0 * focal64(logits, targets, 1.5, 0.4).mean(1)
    np.testing.assert_allclose(focal_bce(logits, targets, spec), expected, rtol=2e-6, atol=1e-6)


def test_without_gamma_and_with_even_alpha_focal_is_half_of_bce():
    logits, targets = draw("soft")
    torch.testing.assert_close(
        focal(logits, targets, FocalSpec(gamma=0, alpha=0.5)), bce(logits, targets, BceSpec()) / 2
    )


@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
def test_the_focal_factor_is_constant_for_targets_of_one_half(gamma):
    logits, _ = draw("hard")
    targets = torch.full_like(logits, 0.5)
    spec = FocalSpec(gamma=gamma, alpha=0.5)
    torch.testing.assert_close(focal(logits, targets, spec), 0.5 * 0.5**gamma * bce(logits, targets, BceSpec()))


def test_a_hard_union_weighs_twice_in_ce_and_an_empty_target_nothing():
    logits = torch.zeros(3, 4)
    targets = torch.tensor([[1.0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    one, two, none = ce(logits, targets, CeSpec()).tolist()
    assert two == pytest.approx(2 * one)
    assert none == 0


@pytest.mark.parametrize("loss", ["bce", "focal", "focal_bce"])
def test_probabilities_are_a_sigmoid(loss):
    logits, _ = draw("hard")
    torch.testing.assert_close(probabilities(logits, loss), 1 / (1 + torch.exp(-logits)))


def test_probabilities_of_ce_sum_to_one():
    logits, _ = draw("extreme")
    torch.testing.assert_close(probabilities(logits, "ce").sum(1), torch.ones(17))


# ---- the contract of every registered loss


def test_every_loss_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(LOSSES) == set(SPECS)


@pytest.fixture(params=sorted(LOSSES))
def loss(request) -> Any:
    spec = SPECS[request.param]()
    return lambda logits, targets: LOSSES[request.param](logits, targets, spec)


@pytest.mark.parametrize("kind", KINDS)
def test_one_finite_value_per_sample_that_is_not_negative(loss, kind):
    value = loss(*draw(kind))
    assert value.shape == (17,)
    assert torch.isfinite(value).all()
    assert (value >= 0).all()


def test_a_sample_does_not_depend_on_the_others(loss):
    logits, targets = draw("soft")
    alone = torch.cat([loss(logits[i : i + 1], targets[i : i + 1]) for i in range(len(logits))])
    torch.testing.assert_close(loss(logits, targets), alone, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_and_reach_every_sample(loss, kind):
    logits, targets = draw(kind)
    logits.requires_grad_()
    loss(logits, targets).sum().backward()
    assert torch.isfinite(logits.grad).all()
    if kind in ("soft", "shares"):
        assert (logits.grad.abs().sum(1) > 0).all()


def test_gradients_point_where_the_loss_falls(loss):
    logits, targets = draw("soft")
    logits = logits.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, targets.double()), (logits,))


def test_the_right_answer_costs_less_than_the_wrong_one(loss):
    targets = torch.eye(4)
    assert (loss(8 * targets - 4, targets) < loss(4 - 8 * targets, targets)).all()


def test_half_precision_logits_cast_to_float_cost_nearly_the_same(loss):
    logits, targets = draw("soft")
    value = loss(logits.bfloat16().float(), targets)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits, targets), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
def test_focal_gradients_are_finite_for_the_surest_predictions(gamma, target):
    logits = torch.tensor([[-300.0, -100.0, -40.0, -17.0, 0.0, 17.0, 40.0, 100.0, 300.0]], requires_grad=True)
    loss = LOSSES["focal"](logits, torch.full_like(logits, target), FocalSpec(gamma=gamma))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()
