"""A contract for every family of backbones, and the features against timm's own."""

import numpy as np
import pytest
import timm
import torch

from trainers.errors import SpecError
from trainers.models.changes import Changes
from trainers.models.spec import TimmSpec
from trainers.models.tagger import Tagger
from trainers.models.timm_backbone import TimmBackbone

FAMILIES = {
    "EfficientNet": "test_efficientnet",
    "MobileNetV3": "mobilenetv3_small_050",
    "NFNet": "test_nfnet",
    "ECA-NFNet": "eca_nfnet_l0",
    "SE-ResNet": "seresnet18",
    "ConvNeXt": "test_convnext",
    "ViT": "test_vit",
}
CONVOLUTIONAL = [name for name in FAMILIES.values() if name not in ("test_vit", "eca_nfnet_l0")]
SIZE = (32, 63)


def spectrograms(batch: int = 2, channels: int = 1, size: tuple[int, int] = SIZE) -> torch.Tensor:
    return torch.randn(batch, channels, *size, generator=torch.Generator().manual_seed(0))


def backbone(name: str, size: tuple[int, int] = SIZE, channels: int = 1, **options: object) -> TimmBackbone:
    torch.manual_seed(0)
    return TimmBackbone(TimmSpec(backbone=name, **options), channels, size).eval()


# ---- the contract


@pytest.mark.parametrize("name", FAMILIES.values(), ids=FAMILIES)
def test_a_family_trains_from_the_first_layer_to_the_last(name, run, waveforms):
    torch.manual_seed(0)
    model = Tagger(run(f"model.backbone={name}"), n_classes=3).train()
    logits = model(waveforms(2))
    assert logits.shape == (2, 3) and logits.dtype == torch.float32
    logits.square().sum().backward()
    # every parameter: one without a gradient would stop DDP
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []
    first = next(model.backbone.parameters())
    assert first.grad.abs().sum() > 0


@pytest.mark.parametrize("name", FAMILIES.values(), ids=FAMILIES)
def test_a_family_takes_three_channels_one_sample_odd_sizes_and_half_precision(name):
    net = backbone(name, size=(33, 47), channels=3)
    x = spectrograms(1, 3, (33, 47))
    with torch.no_grad():
        exact = net.finish(net(x)[0].mean((-2, -1)))
        with torch.autocast("cpu", torch.bfloat16):
            half = net.finish(net(x)[0].mean((-2, -1)))
    assert exact.shape == (1, sum(net.widths)) and exact.isfinite().all()
    assert half.isfinite().all()
    assert torch.nn.functional.cosine_similarity(half.float(), exact).item() > 0.98


@pytest.mark.parametrize("name", [n for n in FAMILIES.values() if n != "eca_nfnet_l0"])
def test_a_family_is_the_same_under_a_seed_and_after_a_round_trip_of_its_weights(name, run, waveforms):
    models = []
    for _ in range(2):
        torch.manual_seed(7)
        models.append(Tagger(run(f"model.backbone={name}"), n_classes=3).eval())
    x = waveforms(3)
    assert torch.equal(models[0](x), models[1](x))
    torch.manual_seed(8)
    other = Tagger(run(f"model.backbone={name}"), n_classes=3).eval()
    assert not torch.equal(other(x), models[0](x))
    other.load_state_dict(models[0].state_dict())
    assert torch.equal(other(x), models[0](x))


@pytest.mark.parametrize("name", [n for n in FAMILIES.values() if n != "eca_nfnet_l0"])
@pytest.mark.parametrize("indices", [(1,), (-1,)])
def test_nothing_is_left_of_a_family_after_the_last_stage_that_is_used(name, indices):
    net = backbone(name, out_indices=indices)
    net(spectrograms())[0].square().sum().backward()
    assert [n for n, p in net.named_parameters() if p.grad is None] == []


class _Recorder(Changes):
    def __init__(self) -> None:
        self.seen: list[int] = []

    def stage(self, number: int, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(number)
        return torch.cat([x, 0 * x[:1]])  # another batch size, and a sample that is 0


@pytest.mark.parametrize("name", [n for n in FAMILIES.values() if n != "eca_nfnet_l0"])
@pytest.mark.parametrize("indices", [None, (1,)])
def test_every_stage_can_be_changed_with_effect_and_another_batch_size(name, indices):
    net = backbone(name, out_indices=indices)
    changes = _Recorder()
    with torch.no_grad():
        changed, plain = net(spectrograms(2), changes)[0], net(spectrograms(2))[0]
    assert changes.seen == list(range(net.stages))
    assert len(changed) == 2 + net.stages and len(plain) == 2
    torch.testing.assert_close(changed[:2], plain, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(changed[-1], plain[0], atol=1e-4)


@pytest.mark.parametrize("name", [n for n in FAMILIES.values() if n != "eca_nfnet_l0"])
def test_maps_are_channels_bands_frames_and_shift_with_time(name):
    """An event late in the spectrogram shows in late columns, not in late rows."""
    net = backbone(name, size=(32, 256))
    quiet = torch.zeros(1, 1, 32, 256)
    loud = quiet.clone()
    loud[..., 224:] = 3 * spectrograms(1, 1, (32, 32))
    with torch.no_grad():
        quiet_map, loud_map = net(quiet)[0], net(loud)[0]
    assert quiet_map.shape[3] > quiet_map.shape[2]
    change = (loud_map - quiet_map).abs().sum((0, 1, 2)).numpy()
    assert np.argmax(change) >= len(change) - 2


# ---- equality with timm


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_the_mean_of_the_last_features_is_timms_own_embedding(name):
    net = backbone(name)
    torch.manual_seed(0)
    theirs = timm.create_model(name, num_classes=0, global_pool="avg", in_chans=1).eval()
    x = spectrograms()
    with torch.no_grad():
        ours = net.finish(net(x)[0].mean((-2, -1)))
        assert torch.equal(ours, theirs(x))


def test_finish_of_a_frame_is_that_of_a_vector():
    net = backbone("mobilenetv3_small_050")
    sequence = torch.randn(2, 288, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        each = torch.stack([net.finish(sequence[..., t]) for t in range(5)], -1)
        torch.testing.assert_close(net.finish(sequence), each)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
@pytest.mark.parametrize("indices", [(1, 3), (-1,)])
def test_out_indices_give_the_features_of_timms_features_only(name, indices):
    net = backbone(name, out_indices=indices)
    theirs = timm.create_model(name, features_only=True, out_indices=indices, in_chans=1).eval()
    ours = net.net.state_dict()
    flat = {key.replace("_", ".", 1): key for key in theirs.state_dict()}  # timm renames `stages.0` to `stages_0`
    theirs.load_state_dict({key if key in theirs.state_dict() else flat[key]: ours[key] for key in ours}, strict=False)
    with torch.no_grad():
        for a, b, width in zip(net(spectrograms()), theirs(spectrograms()), net.widths, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
            assert a.shape[1] == width


def test_mix2s_features_come_before_mobilenets_last_convolution():
    assert backbone("mobilenetv3_small_050", out_indices=(4,)).widths == [288]
    assert backbone("mobilenetv3_small_050").widths == [1024]


@pytest.mark.parametrize("name", ["test_vit", "test_vit2", "test_vit3"])  # pools by class token, mean, attention
def test_a_vits_tokens_lie_on_their_grid_without_the_class_token(name):
    net = backbone(name)
    padded = torch.nn.functional.pad(spectrograms(), (0, 1))
    with torch.no_grad():
        tokens = net.net.forward_features(padded)
        grid = net(spectrograms())[0]
    assert grid.shape == (2, tokens.shape[-1], 2, 4)
    torch.testing.assert_close(grid.flatten(2).transpose(1, 2), tokens[:, net.net.num_prefix_tokens :])
    assert net.finish(grid.mean((2, 3))).shape == (2, tokens.shape[-1])
    assert getattr(net.net, "attn_pool", None) is None  # our pooling takes its place


def test_a_vit_that_norms_after_pooling_gives_timms_embedding():
    net = backbone("test_vit2", size=(32, 64))
    x = spectrograms(size=(32, 64))
    with torch.no_grad():
        torch.testing.assert_close(net.finish(net(x)[0].mean((2, 3))), net.net(x))


def test_a_vit_takes_other_lengths_than_it_was_built_for():
    assert backbone("test_vit")(spectrograms(size=(32, 100)))[0].shape[2:] == (2, 7)


# ---- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "test_efficientnett"}, "Did you mean test_efficientnet"),
        ({"backbone": "tf_efficientnet_b0.ns"}, r"has no weights 'ns' of it. Known: .*ns_jft_in1k"),
        ({"backbone": "test_efficientnet", "out_indices": (5,)}, r"must be within 0\.\.4 .*got \[5\]"),
        ({"backbone": "test_efficientnet", "out_indices": (2, 1)}, "must rise"),
        ({"backbone": "test_efficientnet", "out_indices": (4, -1)}, "must rise"),
        ({"backbone": "test_mambaout", "drop_path": 0.1, "out_indices": (9,)}, "must be within"),
        ({"backbone": "ghostnet_100", "drop_path": 0.1}, "does not take these options"),
    ],
)
def test_what_a_backbone_cannot_do_is_said(options, message):
    with pytest.raises(SpecError, match=message):
        backbone(options.pop("backbone"), **options)


@pytest.mark.parametrize(
    ("name", "family", "size"), [("mixer_s32_224", "MlpMixer", (64, 64)), ("crossvit_9_240", "CrossVit", SIZE)]
)
def test_a_network_without_maps_is_refused(name, family, size):
    with pytest.raises(SpecError, match=f"must give feature maps, {family} does not"):
        backbone(name, size=size)(spectrograms(size=size))


def test_a_family_whose_patches_have_one_size_for_both_sides_gives_maps():
    assert backbone("xcit_nano_12_p16_224")(spectrograms())[0].shape == (2, 128, 2, 4)


def test_a_family_whose_stages_are_no_modules_gives_maps_and_has_no_stages_to_change():
    net = backbone("hrnet_w18_small")
    assert net(spectrograms())[0].ndim == 4
    assert net.stages == 0
