"""Losses against float64 formulas and the libraries' own, and the contract that every registered loss keeps."""

import re
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torchvision.ops import sigmoid_focal_loss

from trainers.losses.functions import LOSSES, asymmetric, bce, build_loss, ce, focal, focal_bce, probabilities
from trainers.losses.spec import AsymmetricSpec, BceSpec, CeSpec, FocalBceSpec, FocalSpec, LossSpec

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


def asymmetric64(logits: torch.Tensor, targets: torch.Tensor, spec: AsymmetricSpec) -> np.ndarray:
    x, t = logits.numpy().astype(np.float64), targets.numpy().astype(np.float64)
    p, log_p = np.exp(-softplus(-x)), -softplus(-x)
    shifted = np.maximum(p - spec.clip, 0)
    log_rest = np.log1p(-shifted) if spec.clip else -softplus(x)
    positive = t * np.exp(-softplus(x)) ** spec.gamma_positive * log_p
    return -(positive + (1 - t) * shifted**spec.gamma_negative * log_rest)


GAMMAS_AND_CLIPS = [(0.0, 4.0, 0.05), (1.0, 2.0, 0.0), (0.5, 0.5, 0.2), (2.0, 1.0, 1e-9), (0.0, 0.0, 0.3)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("positive", "negative", "clip"), GAMMAS_AND_CLIPS)
def test_asymmetric_is_the_float64_formula(kind, positive, negative, clip):
    logits, targets = draw(kind)
    spec = AsymmetricSpec(gamma_positive=positive, gamma_negative=negative, clip=clip)
    expected = asymmetric64(logits, targets, spec).mean(1)
    np.testing.assert_allclose(asymmetric(logits, targets, spec), expected, rtol=2e-6, atol=1e-6)


def test_asymmetric_without_gammas_and_clip_is_bce():
    logits, targets = draw("soft")
    spec = AsymmetricSpec(gamma_positive=0, gamma_negative=0, clip=0)
    torch.testing.assert_close(asymmetric(logits, targets, spec), bce(logits, targets, BceSpec()))


def test_asymmetric_counts_nothing_for_negatives_below_the_clip():
    logits = torch.tensor([[-4.0, -5.0]], requires_grad=True)
    loss = asymmetric(logits, torch.zeros(1, 2), AsymmetricSpec(clip=0.05))
    loss.sum().backward()
    assert loss.item() == 0
    assert not logits.grad.any()


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


def test_bce_takes_logits_so_that_no_sigmoid_is_applied_twice():
    logits, targets = draw("hard")
    expected = torch.nn.BCELoss(reduction="none")(probabilities(logits, "bce"), targets).mean(1)
    torch.testing.assert_close(bce(logits, targets, BceSpec()), expected, rtol=1e-5, atol=1e-6)


WEIGHTS = torch.tensor([0.3, 1.0, 2.5, 0.0, 40.0])


@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_of_bce_are_torchs_weight_and_not_its_pos_weight(kind):
    logits, targets = draw(kind)
    expected = torch.nn.BCEWithLogitsLoss(weight=WEIGHTS, reduction="none")(logits, targets).mean(1)
    torch.testing.assert_close(bce(logits, targets, BceSpec(), WEIGHTS), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_of_ce_are_torchs(kind):
    logits, targets = draw(kind)
    expected = torch.nn.CrossEntropyLoss(weight=WEIGHTS, reduction="none")(logits, targets)
    torch.testing.assert_close(ce(logits, targets, CeSpec(), WEIGHTS), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_of_the_focused_losses_multiply_each_classs_term(kind):
    logits, targets = draw(kind)
    weights = WEIGHTS.double().numpy()
    focused = focal64(logits, targets, 2.0, 0.25)
    ours = focal(logits, targets, FocalSpec(), WEIGHTS)
    np.testing.assert_allclose(ours, (weights * focused).mean(1), rtol=5e-6, atol=1e-5)
    ours = focal_bce(logits, targets, FocalBceSpec(), WEIGHTS)
    np.testing.assert_allclose(ours, (weights * (focused + bce64(logits, targets))).mean(1), rtol=5e-6, atol=1e-5)
    ours = asymmetric(logits, targets, AsymmetricSpec(), WEIGHTS)
    expected = (weights * asymmetric64(logits, targets, AsymmetricSpec())).mean(1)
    np.testing.assert_allclose(ours, expected, rtol=5e-6, atol=1e-5)


@pytest.mark.parametrize("loss", ["bce", "focal", "focal_bce", "asymmetric"])
def test_probabilities_are_a_sigmoid(loss):
    logits, _ = draw("hard")
    torch.testing.assert_close(probabilities(logits, loss), 1 / (1 + torch.exp(-logits)))


def test_probabilities_of_ce_sum_to_one():
    logits, _ = draw("extreme")
    torch.testing.assert_close(probabilities(logits, "ce").sum(1), torch.ones(17))


# ---- the contract of every registered loss


def test_every_loss_has_a_spec_of_its_name_and_the_other_way_round():
    assert set(LOSSES) == set(SPECS)


@pytest.fixture(params=[f"{name}{kind}" for name in sorted(LOSSES) for kind in ("", " weighted")])
def loss(request) -> Any:
    """Every loss, with and without class weights of five classes."""
    name, _, weighted = request.param.partition(" ")
    spec = SPECS[name](class_weight_temperature=0.5 if weighted else 0.0)
    return build_loss(spec, np.eye(5)[[0, 1, 1, 2, 3, 3, 4]])


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_says_where_it_comes_from(name):
    assert re.search(r"\b(19|20)\d\d\b|torch", LOSSES[name].__doc__)
    assert SPECS[name].__doc__


def changed(value: Any, info: Any) -> Any:
    """Another value that the field allows."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return next(other for other in get_args(info.annotation) if other != value)
    return value / 2 + 0.3


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in sorted(SPECS) for field in SPECS[name].model_fields if field != "name"],
)
def test_no_setting_of_a_loss_is_ignored(name, field):
    logits, targets = draw("soft")
    train = np.eye(5)[[0, 1, 1, 2, 3, 3, 4]]
    base = {"class_weight_temperature": 0.5} if field == "class_weight_scale" else {}
    spec = SPECS[name](**base)
    other = SPECS[name](**base, **{field: changed(getattr(spec, field), SPECS[name].model_fields[field])})
    assert not torch.equal(build_loss(spec, train)(logits, targets), build_loss(other, train)(logits, targets))


def test_autocast_around_a_loss_changes_nothing(loss):
    logits, targets = draw("soft")
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss(logits, targets)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, loss(logits, targets))


def test_a_loss_takes_one_sample_and_is_the_same_twice(loss):
    logits, targets = (tensor[:1] for tensor in draw("soft"))
    assert loss(logits, targets).shape == (1,)
    assert torch.equal(loss(logits, targets), loss(logits, targets))


def test_a_clip_with_nothing_active_is_negative_of_every_class_but_no_target_of_ce(loss, request):
    logits = torch.full((1, 5), 3.0, requires_grad=True)
    value = loss(logits, torch.zeros(1, 5)).sum()
    value.backward()
    if request.node.callspec.params["loss"].startswith("ce"):
        assert value.item() == 0
        assert not logits.grad.any()
    else:
        assert value.item() > 0
        assert (logits.grad > 0).all()


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
    targets = torch.eye(5)
    assert (loss(8 * targets - 4, targets) < loss(4 - 8 * targets, targets)).all()


def test_half_precision_logits_cast_to_float_cost_nearly_the_same(loss):
    logits, targets = draw("soft")
    value = loss(logits.bfloat16().float(), targets)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits, targets), rtol=2e-2, atol=2e-2)


def focused(gamma: float) -> list[Any]:
    return [
        FocalSpec(gamma=gamma),
        AsymmetricSpec(gamma_positive=gamma, gamma_negative=gamma, clip=0),
        AsymmetricSpec(gamma_positive=gamma, gamma_negative=gamma, clip=0.5),  # p - clip is 0 for a logit of 0
        AsymmetricSpec(gamma_positive=gamma, gamma_negative=gamma, clip=1e-50),  # 0 in float32
    ]


@pytest.mark.parametrize("spec", [spec for gamma in (0.0, 0.01, 0.5, 1.0, 2.0) for spec in focused(gamma)], ids=repr)
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
def test_gradients_of_focusing_are_finite_for_the_surest_predictions(spec, target):
    logits = torch.tensor([[-300.0, -100.0, -40.0, -17.0, 0.0, 17.0, 40.0, 100.0, 300.0]], requires_grad=True)
    loss = LOSSES[spec.name](logits, torch.full_like(logits, target), spec, None)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()
