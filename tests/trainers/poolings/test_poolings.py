"""Poolings: a contract for every registered one, and each against a reference of its own."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from timm.layers import SelectAdaptivePool2d

from trainers.poolings.attention import AttentionHead
from trainers.poolings.modules import POOLINGS, Pooling, join
from trainers.poolings.spec import (
    AttentionPoolingSpec,
    AvgMaxPoolingSpec,
    AvgPoolingSpec,
    GemPoolingSpec,
    MaxPoolingSpec,
    MelMeanTimeMaxSpec,
    PoolingSpec,
)

SPECS = {spec.model_fields["name"].default: spec() for spec in get_args(get_args(PoolingSpec)[0])}


def pooling(name: str) -> Pooling:
    return POOLINGS[name](SPECS[name])


def maps(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0.3, 1, shape).astype(np.float32))


def test_every_pooling_of_the_spec_is_registered():
    assert set(POOLINGS) == set(SPECS)


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 5, 3, 7), (4, 3, 1, 9), (3, 2, 5, 1)])
def test_maps_of_any_size_become_one_vector_each_or_one_per_frame(name, shape):
    pooled = pooling(name)(maps(*shape))
    assert pooled.shape == (shape[:2] if name != "attention" else (*shape[:2], shape[3]))
    assert pooled.dtype == torch.float32


@pytest.mark.parametrize("name", POOLINGS)
def test_samples_are_pooled_each_by_itself(name):
    x = maps(5, 3, 4, 6)
    pool = pooling(name)
    torch.testing.assert_close(pool(x)[2], pool(x[2:3])[0])


@pytest.mark.parametrize("name", POOLINGS)
def test_a_gradient_reaches_the_maps_and_every_parameter(name):
    x = maps(2, 3, 4, 6).requires_grad_()
    pool = pooling(name)
    pool(x).square().sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and (x.grad != 0).any((2, 3)).all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in pool.parameters())


@pytest.mark.parametrize("name", POOLINGS)
def test_half_precision_stays_close(name):
    x, pool = maps(2, 3, 4, 6), pooling(name)
    with torch.autocast("cpu", torch.bfloat16):
        half = pool(x.bfloat16())
    torch.testing.assert_close(half.float(), pool(x), rtol=0.03, atol=0.03)


@pytest.mark.parametrize("name", POOLINGS)
def test_weights_come_back_from_a_state_dict(name):
    pool = pooling(name)
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter.add_(0.5)
    other = pooling(name)
    other.load_state_dict(pool.state_dict())
    x = maps(2, 3, 4, 6)
    assert torch.equal(pool(x), other(x))


@pytest.mark.parametrize("name", POOLINGS)
def test_a_pooling_says_where_it_comes_from(name):
    assert SPECS[name].__doc__ and POOLINGS[name].__doc__


def reference(name: str, x: np.ndarray) -> np.ndarray:
    """Loops in float64 over one map after the other."""
    out = np.zeros(x.shape[:2])
    for i, j in np.ndindex(*out.shape):
        bands, frames = x.shape[2:]
        cells = [float(x[i, j, b, t]) for b in range(bands) for t in range(frames)]
        columns = [sum(float(x[i, j, b, t]) for b in range(bands)) / bands for t in range(frames)]
        mean = math.fsum(cells) / len(cells)
        out[i, j] = {
            "avg": mean,
            "max": max(cells),
            "avg_max": (mean + max(cells)) / 2,
            "gem": (math.fsum(max(c, 1e-6) ** 3 for c in cells) / len(cells)) ** (1 / 3),
            "mel_mean_time_max": max(columns) + sum(columns) / frames,
        }[name]
    return out


@pytest.mark.parametrize("name", [name for name in POOLINGS if name != "attention"])
def test_a_pooling_equals_its_definition_in_float64(name):
    x = maps(3, 4, 5, 7)
    np.testing.assert_allclose(pooling(name)(x).numpy(force=True), reference(name, x.numpy()), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "timm_name"), [(AvgPoolingSpec(), "avg"), (MaxPoolingSpec(), "max"), (AvgMaxPoolingSpec(), "avgmax")]
)
def test_poolings_that_timm_has_equal_timms(spec, timm_name):
    x = maps(3, 4, 5, 7)
    theirs = SelectAdaptivePool2d(pool_type=timm_name, flatten=True)(x)
    torch.testing.assert_close(POOLINGS[spec.name](spec)(x), theirs, rtol=0, atol=1e-6)


def test_mix2s_pooling_takes_the_mean_over_bands_before_the_maximum_over_frames():
    x = torch.zeros(1, 1, 2, 2)
    x[0, 0, 0, 0], x[0, 0, 1, 1] = 4.0, 4.0  # the maximum of all is 4, that of the band means 2
    assert POOLINGS["mel_mean_time_max"](MelMeanTimeMaxSpec())(x).item() == 4.0


# ---- GeM


def test_gem_with_exponent_one_is_the_mean_and_with_a_large_one_nearly_the_maximum():
    x = maps(2, 3, 4, 6).abs() + 0.1
    torch.testing.assert_close(POOLINGS["gem"](GemPoolingSpec(p=1.0))(x), x.mean((2, 3)))
    torch.testing.assert_close(POOLINGS["gem"](GemPoolingSpec(p=100.0))(x), x.amax((2, 3)), rtol=0.05, atol=0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_gem_neither_overflows_nor_loses_its_gradient(scale):
    x = (maps(2, 3, 4, 6).abs() * scale).requires_grad_()
    pool = POOLINGS["gem"](GemPoolingSpec(p=20.0))
    pool(x).sum().backward()
    assert pool(x).isfinite().all() and x.grad.isfinite().all() and pool.p.grad.isfinite()


def test_gems_gradient_is_that_of_its_definition():
    pool = POOLINGS["gem"](GemPoolingSpec(p=3.0)).double()
    x = maps(2, 2, 3, 4).double().abs() + 0.1
    x.requires_grad_()
    pool(x).square().sum().backward()
    p = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    y.clamp(min=1e-6).pow(p).mean((2, 3)).pow(1 / p).square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(pool.p.grad, p.grad, rtol=1e-5, atol=1e-6)


# ---- the attention head


def head(**options) -> AttentionHead:
    torch.manual_seed(0)
    return AttentionHead(AttentionPoolingSpec(**options), width=6, n_classes=4, dropout=0.0)


def frame_loop(module: AttentionHead, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clip and frame logits in float64, frame by frame."""
    weights = {name: p.detach().double().numpy() for name, p in module.named_parameters()}
    frames, scores = [], []
    for t in range(x.shape[1]):
        h = x[:, t]
        if "hidden.1.weight" in weights:
            h = np.maximum(weights["hidden.1.weight"][:, :, 0] @ h + weights["hidden.1.bias"], 0)
        scores.append(np.tanh(weights["attention.weight"][:, :, 0] @ h + weights["attention.bias"]))
        frames.append(weights["classes.weight"][:, :, 0] @ h + weights["classes.bias"])
    frames, scores = np.array(frames).T, np.array(scores).T
    share = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return (share * frames).sum(1), frames


@pytest.mark.parametrize("hidden", [None, 5])
@pytest.mark.parametrize("frames", [1, 7])
def test_attention_equals_a_loop_over_frames(hidden, frames):
    module, x = head(hidden=hidden), maps(2, 6, frames)
    for sample in range(2):
        clip, framewise = frame_loop(module, x[sample].double().numpy())
        np.testing.assert_allclose(module(x)[sample].numpy(force=True), clip, atol=1e-6)
        np.testing.assert_allclose(module.frames(x)[sample].numpy(force=True), framewise, atol=1e-6)


def test_a_clips_logit_lies_between_those_of_its_frames():
    module, x = head(), maps(8, 6, 9)
    clip, frames = module(x), module.frames(x)
    assert (clip <= frames.amax(-1) + 1e-6).all() and (clip >= frames.amin(-1) - 1e-6).all()


def test_frame_share_blends_in_the_most_active_frame_in_evaluation_only():
    whole, none, some, x = head(frame_share=1.0), head(), head(frame_share=0.25), maps(3, 6, 9)
    assert torch.equal(whole.train()(x), none.train()(x))
    best, clip = whole.eval()(x), none.eval()(x)
    torch.testing.assert_close(best, none.frames(x).amax(-1))
    torch.testing.assert_close(some.eval()(x), 0.75 * clip + 0.25 * best)


def test_attention_heads_dropout_acts_in_training_only_and_is_half_before_the_hidden_layer():
    module = AttentionHead(AttentionPoolingSpec(hidden=5), 6, 4, dropout=0.4)
    assert [m.p for m in module.modules() if isinstance(m, torch.nn.Dropout)] == [0.2, 0.4]
    x = maps(3, 6, 9)
    assert not torch.equal(module.train()(x), module(x))
    assert torch.equal(module.eval()(x), module(x))


# ---- several stages


def test_vectors_of_several_stages_stand_side_by_side():
    a, b = maps(2, 3), maps(2, 5)
    assert torch.equal(join([a, b]), torch.cat([a, b], 1))


def test_sequences_of_several_stages_come_at_the_finest_frame_rate():
    fine, coarse = maps(2, 3, 8), torch.arange(4.0).expand(2, 1, 4)
    joined = join([fine, coarse])
    assert joined.shape == (2, 4, 8)
    assert torch.equal(joined[:, :3], fine)
    centres = (np.arange(8) + 0.5) / 2 - 0.5  # of the fine frames, in coarse ones
    np.testing.assert_allclose(joined[0, 3].numpy(), np.clip(centres, 0, 3), atol=1e-6)
