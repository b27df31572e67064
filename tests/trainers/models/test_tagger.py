"""The whole network: what training changes on the way, what is frozen, several stages, frame outputs."""

import weakref

import numpy as np
import pytest
import torch

from trainers.errors import SpecError
from trainers.models.changes import Changes
from trainers.models.tagger import Tagger
from trainers.poolings.modules import POOLINGS


def tagger(run, *overrides: str, classes: int = 3) -> Tagger:
    torch.manual_seed(0)
    return Tagger(run(*overrides), classes).eval()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("stages", ["null", "[1, 3]"])
def test_every_pooling_trains_in_a_network_of_one_or_several_stages(pooling, stages, run, waveforms):
    model = tagger(run, f"pooling.name={pooling}", f"model.out_indices={stages}").train()
    logits = model(waveforms(2))
    assert logits.shape == (2, 3) and logits.dtype == torch.float32
    logits.square().sum().backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []
    assert next(model.backbone.parameters()).grad.abs().sum() > 0
    assert model.eval()(waveforms(1, 1501)).shape == (1, 3)


def test_several_stages_are_pooled_each_by_itself_and_stand_side_by_side(run, waveforms):
    both, early, late = (tagger(run, f"model.out_indices={i}", "pooling.name=gem") for i in ("[1, 3]", "[1]", "[3]"))
    own = both.backbone.net.state_dict()
    for one in (early, late):
        one.backbone.net.load_state_dict({name: own[name] for name in one.backbone.net.state_dict()})
    x = waveforms(2)
    assert len(both.features.poolings) == 2
    torch.testing.assert_close(both.embed(x), torch.cat([early.embed(x), late.embed(x)], 1))


# ---- changes


class _Scripted(Changes):
    """Notes the order of the calls and doubles the batch at one of them."""

    def __init__(self, double: str = "") -> None:
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        self.double = double

    def _note(self, name: str, x: torch.Tensor) -> torch.Tensor:
        self.calls.append((name, tuple(x.shape)))
        return torch.cat([x, x]) if name == self.double else x

    def waveform(self, x: torch.Tensor) -> torch.Tensor:
        return self._note("waveform", x)

    def spectrogram(self, x: torch.Tensor) -> torch.Tensor:
        return self._note("spectrogram", x)

    def stage(self, number: int, x: torch.Tensor) -> torch.Tensor:
        return self._note(f"stage{number}", x)

    def embedding(self, x: torch.Tensor) -> torch.Tensor:
        return self._note("embedding", x)


ORDER = ["waveform", "spectrogram", "stage0", "stage1", "stage2", "stage3", "stage4", "embedding"]


@pytest.mark.parametrize("double", ORDER)
def test_changes_come_in_order_and_may_change_the_batch_size(double, run, waveforms):
    model, changes, x = tagger(run), _Scripted(double), waveforms(2)
    logits = model(x, changes)
    assert [name for name, _ in changes.calls] == ORDER and model.stages == 5
    assert dict(changes.calls)["waveform"] == (2, 2000) and dict(changes.calls)["spectrogram"][1:] == (1, 32, 63)
    torch.testing.assert_close(logits, torch.cat([model(x), model(x)]))


def test_changes_of_one_call_are_gone_in_the_next(run, waveforms):
    model, changes = tagger(run), _Scripted()
    model(waveforms(2), changes)
    model(waveforms(2))
    assert len(changes.calls) == len(ORDER)
    held = weakref.ref(changes)  # and a batch with it
    del changes
    assert held() is None


def test_changes_that_fail_leave_none_behind(run, waveforms):
    class Failing(Changes):
        def stage(self, number: int, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("no")

    model = tagger(run)
    with pytest.raises(ValueError, match="no"):
        model(waveforms(2), Failing())
    assert model(waveforms(2)).shape == (2, 3)


@pytest.mark.parametrize("pooling", ["avg", "attention"])
def test_logits_of_embeddings_are_those_of_their_waveforms(pooling, run, waveforms):
    model, x = tagger(run, f"pooling.name={pooling}"), waveforms(3)
    embedding = model.embed(x)
    assert embedding.ndim == (3 if pooling == "attention" else 2)
    assert torch.equal(model(embedding, embedded=True), model(x))
    changes = _Scripted("embedding")
    assert model(embedding, changes, embedded=True).shape == (6, 3)
    assert [name for name, _ in changes.calls] == ["embedding"]


def test_embeddings_mix_before_an_attention_head(run, waveforms):
    class Halves(Changes):
        def embedding(self, x: torch.Tensor) -> torch.Tensor:
            return (x + x.flip(0)) / 2

    model, x = tagger(run, "pooling.name=attention"), waveforms(2)
    mixed = model(x, Halves())
    torch.testing.assert_close(mixed[0], mixed[1])


def test_the_base_changes_nothing(run, waveforms):
    model, x = tagger(run), waveforms(2)
    assert torch.equal(model(x, Changes()), model(x))


# ---- parameters, freezing


@pytest.mark.parametrize("pooling", ["avg", "gem", "attention"])
def test_parameters_fall_apart_into_backbone_and_head(pooling, run):
    model = tagger(run, f"pooling.name={pooling}")
    parts = [{id(p) for p in part} for part in (model.backbone_parameters(), model.head_parameters())]
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == {id(p) for p in model.parameters()}
    assert parts[0] == {id(p) for p in model.backbone.parameters()}


def test_a_frozen_backbone_stays_as_it_is_while_the_head_trains(run, waveforms):
    model = tagger(run, "model.freeze=true", "model.dropout=0.5", "model.drop_path=0.5", "optimizer.lr=0.1").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    embedding = model.embed(waveforms(4))
    assert torch.equal(embedding, model.embed(waveforms(4)))  # no dropout, no drop path, no batch statistics
    assert not embedding.requires_grad
    model(waveforms(4)).square().sum().backward()
    optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"head.linear.weight", "head.linear.bias"}
    assert model.frozen and model.training and model.head.training
    assert not torch.equal(model(waveforms(4)), model(waveforms(4)))  # the head's dropout acts


def test_without_freeze_batch_statistics_move(run, waveforms):
    model = tagger(run).train()
    before = {name: value.clone() for name, value in model.backbone.named_buffers()}
    model(waveforms(4))
    assert any(not torch.equal(value, before[name]) for name, value in model.backbone.named_buffers())
    assert not model.frozen


def test_a_learnt_pooling_before_the_head_is_not_frozen(run, waveforms):
    model = tagger(run, "model.freeze=true", "pooling.name=gem")
    assert not model.frozen
    model(waveforms(2)).sum().backward()
    assert model.features.poolings[0].p.grad is not None
    assert all(p.grad is None for p in model.backbone.parameters())


# ---- frames


def test_frame_logits_are_those_whose_maximum_evaluation_blends_in(run, waveforms):
    model = tagger(run, "pooling.name=attention", "pooling.frame_share=1", "model.out_indices=[1, 3]")
    frames = model.frames(waveforms(2))
    assert frames.shape == (2, 3, 16)  # the finest rate, stage 1: every fourth frame
    torch.testing.assert_close(frames.amax(-1), model(waveforms(2)))


def test_frame_logits_of_another_pooling_are_an_error(run, waveforms):
    with pytest.raises(SpecError, match=r"pooling\.name must be attention"):
        tagger(run).frames(waveforms(1))


# ---- mixing at a stage


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["mixing.layers=[stage5]"], r"must be among .*embedding, stage0, .*stage4\), got stage5"),
        (["mixing.layers=[stage2]", "model.out_indices=[1]"], "got stage2"),
        (["mixing.layers=[stage3]", "model.out_indices=[2, 3]"], "at or before stage2"),
    ],
)
def test_mixing_at_a_stage_that_is_not_there_or_too_late_is_an_error(overrides, message, run):
    with pytest.raises(SpecError, match=message):
        tagger(run, "mixing.name=manifold_mixup", *overrides)


@pytest.mark.parametrize("overrides", [["mixing.layers=[embedding, stage4]"], ["model.out_indices=[2, 3]"]])
def test_mixing_at_stages_that_are_there_is_fine(overrides, run):
    assert tagger(run, "mixing.name=manifold_mixup", *overrides).stages > 0


# ---- the state of a recipe


def test_the_default_networks_numbers_are_timms_with_a_linear_layer(run, waveforms):
    """The embedded recipe's results are on record."""
    import timm

    model = tagger(run)
    torch.manual_seed(0)
    backbone = timm.create_model("test_efficientnet", num_classes=0, global_pool="avg", in_chans=1).eval()
    head = torch.nn.Linear(256, 3)
    x = waveforms(2)
    assert torch.equal(model(x), head(backbone(model.front_end(x))))


def test_three_channels_reach_the_first_convolution(run, waveforms):
    model = tagger(run, "front_end.in_chans=3")
    assert model.backbone.net.conv_stem.weight.shape[1] == 3
    assert model(waveforms(2)).shape == (2, 3)


def test_channels_last_changes_no_number(run, waveforms):
    models = [tagger(run, f"training.channels_last={flag}") for flag in ("true", "false")]
    torch.testing.assert_close(models[0](waveforms(2)), models[1](waveforms(2)), rtol=1e-5, atol=1e-5)


def test_under_autocast_logits_stay_close(run, waveforms):
    model, x = tagger(run), waveforms(2)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(x)
    np.testing.assert_allclose(half.float().numpy(force=True), model(x).numpy(force=True), atol=0.05)
