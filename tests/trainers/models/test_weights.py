"""Weights to start from: local files, timm's published ones, and machines without network."""

import subprocess

import pytest
import timm
import torch
from safetensors.torch import save_file

from trainers.errors import SpecError
from trainers.models import hub, timm_create
from trainers.models.spec import TimmSpec
from trainers.models.timm_create import create_timm

SIZE = (32, 63)


def published(name: str, folder, suffix: str = ".safetensors", wrapped: bool = False):
    """A file as timm publishes them: three channels, 1000 classes."""
    torch.manual_seed(3)
    state = timm.create_model(name).state_dict()
    path = folder / f"{name}{suffix}"
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state} if wrapped else state, path)
    return path, state


def create(name: str, in_chans: int = 1, **options: object):
    torch.manual_seed(0)
    return create_timm(TimmSpec(backbone=name, **options), in_chans, SIZE).eval()


@pytest.mark.parametrize(("suffix", "wrapped"), [(".safetensors", False), (".pth", False), (".pth", True)])
def test_a_local_file_is_loaded_without_its_classifier(suffix, wrapped, tmp_path):
    path, state = published("test_efficientnet", tmp_path, suffix, wrapped)
    model = create("test_efficientnet", in_chans=3, weights=str(path))
    own = model.state_dict()
    assert not any(name.startswith("classifier") for name in own)
    assert all(torch.equal(value, state[name]) for name, value in own.items())
    assert model.pretrained_cfg["state_dict"] is None


def test_a_first_convolution_for_one_channel_is_the_sum_over_colours(tmp_path):
    path, state = published("test_efficientnet", tmp_path)
    model = create("test_efficientnet", in_chans=1, weights=str(path))
    torch.testing.assert_close(model.conv_stem.weight, state["conv_stem.weight"].sum(1, keepdim=True))


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "test_nfnet", "test_convnext", "test_vit", "test_resnet"])
def test_every_familys_file_fits_it(name, tmp_path):
    path, state = published(name, tmp_path)
    own = create(name, weights=str(path)).state_dict()
    same = [key for key, value in own.items() if value.shape == state[key].shape]
    assert len(same) >= len(own) - 2  # the first convolution; a ViT's positions
    assert all(torch.equal(own[key], state[key]) for key in same)


def test_a_vits_positions_are_brought_to_the_spectrograms_size(tmp_path):
    path, _ = published("test_vit", tmp_path)
    model = create("test_vit", weights=str(path))
    assert model.pos_embed.shape == (1, 1 + 2 * 4, 64)


def test_local_weights_go_before_published_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(timm_create, "hub_answers", lambda: pytest.fail("asked the hub"))
    path, state = published("test_efficientnet", tmp_path)
    model = create("test_efficientnet", in_chans=3, pretrained=True, weights=str(path))
    assert torch.equal(model.conv_stem.weight, state["conv_stem.weight"])


# ---- what doesn't fit


def test_tensors_that_do_not_fit_are_named(tmp_path):
    path, state = published("test_efficientnet", tmp_path)
    for broken, message in [
        ({k: v for k, v in state.items() if k != "bn2.bias"}, 'Missing key.*"bn2.bias"'),
        ({**state, "extra.weight": torch.zeros(1)}, 'Unexpected key.*"extra.weight"'),
        ({**state, "bn2.bias": torch.zeros(3)}, "size mismatch for bn2.bias"),
    ]:
        save_file(broken, path)
        with pytest.raises(
            SpecError, match=f"model.weights: .* does not fit model.backbone=test_efficientnet: {message}"
        ):
            create("test_efficientnet", weights=str(path))


def test_another_models_file_is_refused_in_a_short_message(tmp_path):
    path, _ = published("test_resnet", tmp_path)
    with pytest.raises(SpecError, match=r"does not fit .* and [0-9]+ more") as caught:
        create("test_efficientnet", weights=str(path))
    assert len(str(caught.value)) < 700


def test_a_file_that_is_none_of_weights_is_refused(tmp_path):
    for name, content in [("a.pth", b"no weights"), ("a.safetensors", b"no weights"), ("b.pth", b"")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SpecError, match="can't be read as weights"):
            create("test_efficientnet", weights=str(tmp_path / name))
    with pytest.raises(SpecError, match=r"model\.weights: .* is no file"):
        create("test_efficientnet", weights=str(tmp_path / "none.pth"))


class _Evil:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return subprocess.call, (["touch", str(self.path)],)


def test_code_in_a_weights_file_is_not_run(tmp_path):
    torch.save({"conv_stem.weight": _Evil(tmp_path / "ran")}, tmp_path / "evil.pth")
    with pytest.raises(SpecError, match="can't be read as weights"):
        create("test_efficientnet", weights=str(tmp_path / "evil.pth"))
    assert not (tmp_path / "ran").exists()


# ---- without network


def test_without_network_published_weights_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(timm_create, "hub_answers", lambda: False)
    monkeypatch.setattr(timm_create, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: pytest.fail("tried to fetch"))
    with pytest.raises(SpecError, match=r"a machine with network, model\.weights=FILE, or model\.pretrained=false"):
        create("test_efficientnet", pretrained=True)


def test_without_network_weights_that_were_fetched_before_are_used(monkeypatch, tmp_path):
    path, state = published("test_efficientnet", tmp_path)
    monkeypatch.setattr(timm_create, "hub_answers", lambda: False)
    asked = []
    monkeypatch.setattr(timm_create, "try_to_load_from_cache", lambda *key: asked.append(key) or str(path))
    model = create("test_efficientnet", in_chans=3, pretrained=True)
    assert asked == [("timm/test_efficientnet.r160_in1k", "model.safetensors")]
    assert torch.equal(model.conv_stem.weight, state["conv_stem.weight"])


def test_a_model_without_published_weights_is_told_so():
    with pytest.raises(SpecError, match=r"model\.pretrained must be false .*timm publishes no weights"):
        create("mobilenetv3_large_075", pretrained=True)


def test_whatever_goes_wrong_on_the_way_to_the_hub_is_no_answer(monkeypatch):
    class Session:
        def head(self, url: str, timeout: float) -> None:
            assert timeout <= 5
            raise ConnectionError(url)

    monkeypatch.setattr(hub, "get_session", Session)
    assert not hub.hub_answers()
    monkeypatch.setattr(Session, "head", lambda *_, **__: None)
    assert hub.hub_answers()
