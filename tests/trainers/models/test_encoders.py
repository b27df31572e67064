"""Audio encoders of transformers: tiny ones made here, their inputs against transformers' own."""

import sys

import numpy as np
import pytest
import torch

transformers = pytest.importorskip("transformers")

from trainers.errors import SpecError  # noqa: E402  # after the optional extra is known to be there
from trainers.models import encoder as encoder_module  # noqa: E402
from trainers.models.encoder import build_encoder  # noqa: E402
from trainers.models.encoder_inputs import AstInput, WaveformInput  # noqa: E402
from trainers.models.spec import AstSpec, EncoderSpec  # noqa: E402
from trainers.models.tagger import Tagger  # noqa: E402

TINY = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
CONVOLUTIONS = {
    "conv_dim": (8, 8),
    "conv_stride": (5, 4),
    "conv_kernel": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
CLAP = {
    "patch_embeds_hidden_size": 8,
    "hidden_size": 64,
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 1, 2, 2],
    "num_mel_bins": 64,
    "spec_size": 256,
}
RATES = {"ast": 16_000, "wav2vec2": 16_000, "hubert": 16_000, "clap": 48_000, "clap_audio": 48_000, "whisper": 16_000}
SECONDS = 0.4


def configurations() -> dict[str, tuple]:
    """Name -> configuration and feature extractor."""
    waveform = transformers.Wav2Vec2FeatureExtractor()
    clap = transformers.ClapAudioConfig(**CLAP)
    mel = transformers.ClapFeatureExtractor(max_length_s=1, truncation="rand_trunc")
    text = {**TINY, "num_hidden_layers": 1, "vocab_size": 32}
    whisper = transformers.WhisperConfig(
        d_model=16, encoder_layers=3, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, vocab_size=64, num_mel_bins=16, max_source_positions=50,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    return {
        "ast": (transformers.ASTConfig(**TINY, max_length=64), transformers.ASTFeatureExtractor(max_length=64)),
        "wav2vec2": (transformers.Wav2Vec2Config(**TINY, **CONVOLUTIONS), waveform),
        "hubert": (transformers.HubertConfig(**TINY, **CONVOLUTIONS, do_stable_layer_norm=True), waveform),
        "clap": (transformers.ClapConfig(audio_config=clap.to_dict(), text_config=text), mel),
        "clap_audio": (clap, mel),
        "whisper": (whisper, transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=1)),
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    """Folders with a configuration and a feature extractor, no weights."""
    root = tmp_path_factory.mktemp("encoders")
    for name, (config, extractor) in configurations().items():
        config.save_pretrained(root / name)
        extractor.save_pretrained(root / name)
    return {name: str(root / name) for name in RATES}


@pytest.fixture
def encoder_run(run, folders):
    """`encoder_run("ast", ...)`: a run on one of the tiny encoders with random weights."""

    def make(name: str, *overrides: str):
        settings = {
            "model.name": "ast" if name == "ast" else "encoder",
            "model.checkpoint": folders[name],
            "model.pretrained": "false",
            "data.sample_rate": RATES[name],
            "segments.duration_s": SECONDS,
        }
        settings |= dict(override.split("=", 1) for override in overrides)
        return run(*(f"{path}={value}" for path, value in settings.items()))

    return make


def built(spec, classes: int = 3) -> Tagger:
    torch.manual_seed(0)
    return Tagger(spec, classes)


# ---- the contract


@pytest.mark.parametrize("name", RATES)
def test_an_encoder_trains_from_the_first_layer_to_the_last(name, encoder_run, waveforms):
    model = built(encoder_run(name, "model.trainable_layers=null")).train()
    x = waveforms(2, round(SECONDS * RATES[name]))
    logits = model(x)
    assert logits.shape == (2, 3) and logits.dtype == torch.float32 and model.stages == 0
    logits.square().sum().backward()
    trained = [n for n, p in model.named_parameters() if p.requires_grad]
    assert [n for n in trained if model.get_parameter(n).grad is None] == []
    assert not model.frozen and {id(p) for p in model.backbone_parameters()} == {
        id(p) for p in model.backbone.parameters()
    }
    assert model.eval()(x[:1]).shape == (1, 3)


@pytest.mark.parametrize("name", RATES)
def test_an_encoder_is_frozen_by_default_and_its_embedding_never_changes(name, encoder_run, waveforms):
    model = built(encoder_run(name)).train()
    x = waveforms(2, round(SECONDS * RATES[name]))
    embedding = model.embed(x)
    assert model.frozen and not embedding.requires_grad and torch.equal(embedding, model.embed(x))
    assert (embedding >= 0).all() and (embedding > 0).any()  # the ReLU of ICBHI 2017
    model(x).sum().backward()
    assert all(p.grad is None for p in model.backbone_parameters())
    assert all(p.grad is not None for p in model.head_parameters())
    assert torch.equal(model.eval()(embedding, embedded=True), model(x))


@pytest.mark.parametrize("name", ["ast", "wav2vec2", "clap"])
def test_the_same_seed_makes_the_same_encoder_and_half_precision_stays_close(name, encoder_run, waveforms):
    one, two = (built(encoder_run(name)).eval() for _ in range(2))
    x = waveforms(2, round(SECONDS * RATES[name]))
    assert torch.equal(one(x), two(x))
    with torch.autocast("cpu", torch.bfloat16):
        half = one(x)
    torch.testing.assert_close(half.float(), one(x), rtol=0.05, atol=0.05)


def test_the_embedding_is_the_mean_over_all_tokens(encoder_run, waveforms):
    model = built(encoder_run("ast", "model.relu=false")).eval()
    x = waveforms(2, 6400)
    with torch.no_grad():
        states = model.backbone.net(**model.front_end(x)).last_hidden_state
    assert torch.equal(model.embed(x), states.mean(1))
    assert (model.embed(x) < 0).any()


# ---- partly frozen


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("ast", {"layers.1", "layers.2", "layernorm"}),
        ("wav2vec2", {"encoder.layers.1", "encoder.layers.2"}),  # its norm comes before the layers
        ("hubert", {"encoder.layers.1", "encoder.layers.2", "encoder.layer_norm"}),
        ("clap", {"audio_encoder.layers.2", "audio_encoder.layers.3", "audio_encoder.norm"}),
        ("whisper", {"layers.1", "layers.2", "layer_norm"}),
    ],
)
def test_the_last_layers_train_and_the_norm_after_them(name, prefixes, encoder_run, waveforms):
    model = built(encoder_run(name, "model.trainable_layers=2")).train()
    net = model.backbone.net
    trained = {n for n, p in net.named_parameters() if p.requires_grad}
    assert {p for p in prefixes if any(n.startswith(f"{p}.") for n in trained)} == prefixes
    assert all(any(n.startswith(f"{p}.") for p in prefixes) for n in trained)
    model(waveforms(2, round(SECONDS * RATES[name]))).square().sum().backward()
    assert all(p.grad is not None for n, p in net.named_parameters() if n in trained)
    frozen = [m for m in net.modules() if list(m.parameters()) and not any(p.requires_grad for p in m.parameters())]
    assert frozen and not any(m.training for m in frozen)


def test_more_layers_than_there_are_is_an_error(encoder_run):
    with pytest.raises(SpecError, match=r"model.trainable_layers must be <= 3 for this encoder, got 4"):
        built(encoder_run("ast", "model.trainable_layers=4"))


def test_training_draws_nothing_from_numpys_global_generator(encoder_run, waveforms):
    """wav2vec 2.0's own masking would: a run could not be reproduced."""
    model = built(encoder_run("wav2vec2", "model.trainable_layers=null")).train()
    before = np.random.get_state()[1].copy()
    model(waveforms(2, 6400))
    assert np.array_equal(np.random.get_state()[1], before)


# ---- inputs


@pytest.mark.parametrize("samples", [400, 6400, 10_479, 10_480])
def test_asts_input_equals_transformers_own(samples, waveforms):
    x = waveforms(3, samples)
    extractor = transformers.ASTFeatureExtractor(max_length=64)
    theirs = extractor([row.numpy() for row in x], sampling_rate=16_000, return_tensors="pt")["input_values"]
    torch.testing.assert_close(AstInput(64, 128)(x)["input_values"], theirs, rtol=1e-4, atol=1e-4)


def test_asts_input_has_the_published_shape_and_constants(waveforms):
    assert AstInput(1024, 128)(waveforms(1, 80_000))["input_values"].shape == (1, 1024, 128)
    padding = AstInput(64, 128)(waveforms(1, 400))["input_values"][0, -1]
    torch.testing.assert_close(padding, torch.full((128,), 4.2677393 / (2 * 4.5689974)))


@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_waveforms_get_zero_mean_and_unit_variance_as_transformers_does_it(offset, waveforms):
    x = waveforms(3, 999) * torch.tensor([[1.0], [0.01], [5.0]]) + offset
    extractor = transformers.Wav2Vec2FeatureExtractor()
    theirs = extractor([row.numpy() for row in x], sampling_rate=16_000, return_tensors="pt")["input_values"]
    torch.testing.assert_close(WaveformInput(True)(x)["input_values"], theirs, rtol=1e-4, atol=1e-4)
    assert torch.equal(WaveformInput(False)(x)["input_values"], x)


def test_silence_is_finite(encoder_run):
    for name in ("ast", "wav2vec2"):
        assert built(encoder_run(name)).eval()(torch.zeros(1, 6400)).isfinite().all()


def test_other_encoders_get_what_their_extractor_makes(encoder_run, waveforms):
    model = built(encoder_run("clap"))
    x = waveforms(2, 19_200)
    extractor = configurations()["clap"][1]
    theirs = extractor([row.numpy() for row in x], sampling_rate=48_000, return_tensors="pt")["input_features"]
    assert torch.equal(model.front_end(x)["input_features"], theirs.float())


# ---- weights


def test_a_checkpoints_weights_are_loaded_with_the_statistics_of_its_inputs(tmp_path, run, waveforms):
    torch.manual_seed(5)
    published = transformers.ASTForAudioClassification(transformers.ASTConfig(**TINY, max_length=64)).eval()
    with torch.no_grad():
        published.audio_spectrogram_transformer.embeddings.position_embeddings.normal_()
    published.save_pretrained(tmp_path)
    extractor = transformers.ASTFeatureExtractor(max_length=64, mean=-6.8, std=5.6)
    extractor.save_pretrained(tmp_path)
    spec = run("model.name=ast", f"model.checkpoint={tmp_path}", "model.relu=false", "data.sample_rate=16000")
    model, x = built(spec).eval(), waveforms(2, 8000)
    inputs = extractor([row.numpy() for row in x], sampling_rate=16_000, return_tensors="pt")["input_values"]
    with torch.no_grad():
        states = published.audio_spectrogram_transformer(inputs).last_hidden_state
    torch.testing.assert_close(model.embed(x), states.mean(1), rtol=1e-4, atol=1e-4)


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path):
    config = transformers.ASTConfig(**{**TINY, "num_hidden_layers": 2}, max_length=64)
    transformers.ASTModel(config).save_pretrained(tmp_path)
    transformers.ASTConfig(**TINY, max_length=64).save_pretrained(tmp_path)
    transformers.ASTFeatureExtractor(max_length=64).save_pretrained(tmp_path)
    with pytest.raises(SpecError, match=r"lacks weights of its encoder: layers\.2\..* and [0-9]+ more"):
        build_encoder(AstSpec(checkpoint=str(tmp_path)), 16_000, 6400)


# ---- refusals


@pytest.mark.parametrize(
    ("name", "override", "message"),
    [
        ("ast", "data.sample_rate=32000", r"data\.sample_rate must be 16000 Hz .*got 32000\. Try: data"),
        ("wav2vec2", "data.sample_rate=8000", r"data\.sample_rate must be 16000 Hz"),
        ("clap", "data.sample_rate=16000", r"data\.sample_rate must be 48000 Hz"),
        ("ast", "segments.duration_s=1.0", r"segments\.duration_s must be <= 0\.655 s .*got 1:"),
        ("clap", "segments.duration_s=1.5", r"segments\.duration_s must be <= 1 s"),
        ("ast", "augmentation.spec_augment.p=0.5", r"augmentation\.spec_augment\.p must be 0 for model\.name=ast"),
        ("clap", "augmentation.random_erasing.p=1", r"augmentation\.random_erasing\.p must be 0"),
        ("ast", "pooling.name=max", r"pooling\.name must be avg"),
    ],
)
def test_settings_that_do_not_go_with_an_encoder_are_errors(name, override, message, encoder_run):
    with pytest.raises(SpecError, match=message):
        built(encoder_run(name, override))


@pytest.mark.parametrize("section", ["time_shift", "reverse"])
def test_changes_of_spectrograms_are_errors_and_of_waveforms_are_not(section, encoder_run):
    overrides = [f"augmentation.{section}.p=1", f"augmentation.{section}.on="]
    with pytest.raises(SpecError, match=f"augmentation.{section}.on must be waveform"):
        built(encoder_run("wav2vec2", overrides[0], overrides[1] + "spectrogram"))
    built(encoder_run("wav2vec2", overrides[0], overrides[1] + "waveform"))


def test_mixing_at_a_stage_is_an_error_and_of_embeddings_is_not(encoder_run):
    with pytest.raises(SpecError, match=r"mixing\.layers must be among those of this model \(embedding\), got stage0"):
        built(encoder_run("wav2vec2", "mixing.name=manifold_mixup", "mixing.layers=[stage0]"))
    built(encoder_run("wav2vec2", "mixing.name=manifold_mixup"))


def test_ast_asks_for_an_ast(folders):
    with pytest.raises(SpecError, match=r"must be an AST for model\.name=ast, got wav2vec2.*model\.name=encoder"):
        build_encoder(AstSpec(checkpoint=folders["wav2vec2"], pretrained=False), 16_000, 6400)
    inputs, _ = build_encoder(EncoderSpec(checkpoint=folders["ast"], pretrained=False), 16_000, 6400)
    assert isinstance(inputs, AstInput)


def test_clap_with_fusion_is_refused(tmp_path):
    config = transformers.ClapAudioConfig(**CLAP, enable_fusion=True)
    config.save_pretrained(tmp_path)
    transformers.ClapFeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(SpecError, match="must be a CLAP without fusion"):
        build_encoder(EncoderSpec(checkpoint=str(tmp_path), pretrained=False), 48_000, 48_000)


def test_without_network_a_name_on_the_hub_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(encoder_module, "hub_answers", lambda: False)
    with pytest.raises(
        SpecError, match=r"Try: a machine with network, or a local folder as model\.checkpoint"
    ) as caught:
        build_encoder(AstSpec(checkpoint="nobody/no-such-encoder"), 16_000, 6400)
    assert "\n" not in str(caught.value)
    with pytest.raises(SpecError, match="can't be loaded"):  # a folder without a configuration
        build_encoder(AstSpec(checkpoint=str(tmp_path)), 16_000, 6400)


def test_without_transformers_the_fix_is_named_and_timms_networks_are_built(monkeypatch, run):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SpecError, match=r"pip install 'tuneful\[encoders\]'"):
        build_encoder(AstSpec(), 16_000, 6400)
    assert built(run()).stages == 5
