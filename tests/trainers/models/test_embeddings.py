"""Embeddings of frozen networks: when they may be kept, what their key depends on, and what becomes of damage."""

import numpy as np
import pytest
import torch

from trainers.models.embeddings import cacheable, cached_embeddings, embedding_key
from trainers.models.tagger import Tagger

FROZEN = "model.freeze=true"


def key(run, *overrides: str, seed: int = 0) -> str:
    spec = run(FROZEN, *overrides)
    torch.manual_seed(seed)
    return embedding_key(spec, Tagger(spec, 3))


# ---- when


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["pooling.name=attention"],
        ["mixing.name=multimix"],
        ["mixing.name=manifold_mixup"],
        ["segments.train_crop=windows"],
        ["front_end.normalization=dataset"],
        ["model.dropout=0.5"],
    ],
)
def test_a_frozen_network_with_inputs_that_never_change_is_cacheable(overrides, run):
    assert cacheable(run(FROZEN, *overrides))
    assert not cacheable(run(*overrides))


@pytest.mark.parametrize(
    "override",
    [
        "segments.train_crop=random",
        "front_end.normalization=batch_minmax",
        "pooling.name=gem",
        "mixing.name=mixup",
        "mixing.name=mix2",
        "augmentation.gain.p=0.1",
        "augmentation.spec_augment.p=0.1",
        "augmentation.concatenate.p=0.1",
        "augmentation.random_erasing.p=0.1",
    ],
)
def test_inputs_that_change_are_not_cacheable(override, run):
    assert not cacheable(run(FROZEN, override))


def test_mixing_at_a_stage_is_not_cacheable(run):
    assert not cacheable(run(FROZEN, "mixing.name=manifold_mixup", "mixing.layers=[embedding, stage1]"))


def test_encoders_are_cacheable_while_no_layer_trains(run):
    assert cacheable(run("model.name=ast"))
    assert not cacheable(run("model.name=ast", "model.trainable_layers=1"))
    assert not cacheable(run("model.name=ast", "model.trainable_layers=null"))


def test_every_augmentation_makes_inputs_change(run):
    names = type(run().augmentation).model_fields
    for name in names:
        if name != "before_mixing":
            assert not cacheable(run(FROZEN, f"augmentation.{name}.p=0.5")), name


# ---- the key


@pytest.mark.parametrize(
    "override",
    [
        "data.sample_rate=4001",
        "segments.duration_s=0.6",
        "front_end.f_min=10.0",
        "model.backbone=test_resnet",
        "model.out_indices=[2]",
        "pooling.name=max",
        "training.precision=bf16",
    ],
)
def test_what_embeddings_depend_on_changes_the_key(override, run):
    assert key(run, override) != key(run)


@pytest.mark.parametrize(
    "override", ["model.dropout=0.5", "seed=1", "optimizer.lr=0.5", "loss.name=focal", "mixing.name=multimix"]
)
def test_what_comes_after_the_embedding_does_not(override, run):
    assert key(run, override) == key(run)


def test_an_attention_heads_own_settings_do_not_change_the_key(run):
    assert key(run, "pooling.name=attention", "pooling.hidden=8") == key(run, "pooling.name=attention")


def test_other_weights_change_the_key_and_another_head_does_not(run):
    spec = run(FROZEN)
    torch.manual_seed(0)
    model = Tagger(spec, 3)
    before = embedding_key(spec, model)
    with torch.no_grad():
        model.head.linear.weight.add_(1)
    assert embedding_key(spec, model) == before
    with torch.no_grad():
        next(model.backbone.parameters()).view(-1)[0] += 1e-7
    assert embedding_key(spec, model) != before
    assert key(run, seed=1) != before


def test_batch_statistics_belong_to_the_key(run):
    spec = run(FROZEN)
    model = Tagger(spec, 3)
    before = embedding_key(spec, model)
    next(b for n, b in model.backbone.named_buffers() if n.endswith("running_mean")).add_(1)
    assert embedding_key(spec, model) != before


# ---- the file


@pytest.fixture
def compute(home):
    """Counts how often embeddings are made."""
    made = []

    def make() -> np.ndarray:
        made.append(1)
        return np.arange(600, dtype=np.float32).reshape(30, 5, 4)

    make.made = made
    return make


def test_embeddings_are_computed_once_and_then_mapped(compute, home):
    first = cached_embeddings("k", "train", compute)
    again = cached_embeddings("k", "train", compute)
    assert len(compute.made) == 1
    assert isinstance(again, np.memmap) and not again.flags.writeable
    for array in (first, again, np.load(home / "embeddings" / "k" / "train.npy")):
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, compute())
    assert [p.name for p in (home / "embeddings" / "k").iterdir()] == ["train.npy"]


def test_another_key_or_content_is_another_file(compute):
    for name in (("k", "train"), ("k", "val"), ("l", "train")):
        cached_embeddings(*name, compute)
    assert len(compute.made) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: content[:0],
        lambda content: content + b"x",
        lambda content: content[:300] + bytes([content[300] ^ 1]) + content[301:],
        lambda content: bytes([content[0] ^ 1]) + content[1:],
    ],
)
def test_a_damaged_file_is_made_anew(damage, compute, home):
    cached_embeddings("k", "train", compute)
    path = home / "embeddings" / "k" / "train.npy"
    path.write_bytes(damage(path.read_bytes()))
    np.testing.assert_array_equal(cached_embeddings("k", "train", compute), compute())
    assert len(compute.made) == 3  # the first, the repair, the comparison


def test_embeddings_of_a_network_come_back_as_they_were(run, waveforms, home):
    spec = run(FROZEN)
    model = Tagger(spec, 3).eval()
    kept = cached_embeddings(embedding_key(spec, model), "x", lambda: model.embed(waveforms(3)).numpy(force=True))
    assert torch.equal(model(torch.from_numpy(np.array(kept)), embedded=True), model(waveforms(3)))
