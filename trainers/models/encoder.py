"""Audio encoders of transformers: AST, wav2vec 2.0 and its relatives, CLAP, and others that AutoModel loads.

transformers is an optional extra, imported only when an encoder is built.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from trainers.errors import SpecError
from trainers.models.encoder_inputs import (
    FRAME,
    HOP,
    AstInput,
    ExtractorInput,
    WaveformInput,
    refuse_length,
    refuse_rate,
)
from trainers.models.hub import hub_answers
from trainers.models.spec import AstSpec, EncoderSpec

AST_TYPE = "audio-spectrogram-transformer"
AST_RATE = WAVEFORM_RATE = 16_000
QUIET = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0, "layerdrop": 0.0}
"""Augmentation inside wav2vec-like encoders draws from numpy's global generator: a run could not be reproduced."""


class Encoder(nn.Module):
    """An encoder's arguments -> (batch, width): the mean over its last hidden states, and a ReLU where asked for.

    Mean, ReLU, dropout and a linear layer are the head of ICBHI 2017's AST.
    """

    def __init__(self, net: Any, spec: AstSpec | EncoderSpec) -> None:
        super().__init__()
        self.net = net
        self.relu = spec.relu
        self.width: int = net.config.hidden_size
        freeze_but_last(net, spec.trainable_layers)

    def forward(self, arguments: dict[str, Tensor]) -> Tensor:
        """The encoder's arguments -> (batch, width)."""
        states: Tensor = self.net(**arguments).last_hidden_state
        # (batch, tokens, width), or CLAP's (batch, width, bands, frames)
        mean = states.mean(1) if states.ndim == 3 else states.mean((-2, -1))
        return mean.relu() if self.relu else mean


def build_encoder(spec: AstSpec | EncoderSpec, sample_rate: int, samples: int) -> tuple[nn.Module, Encoder]:
    """What makes the encoder's input of waveforms, and the encoder.

    Args:
        spec: the model's section.
        sample_rate: Hz, of the waveforms.
        samples: of a segment.

    Raises:
        SpecError: transformers is missing, the checkpoint can't be had or is none of audio, or rate or length of the
            segments are not what the encoder takes.
    """
    source = _Source(_import_transformers(), spec)
    if isinstance(spec, AstSpec) and source.config.model_type != AST_TYPE:
        raise SpecError(
            f"model.checkpoint must be an AST for model.name=ast, got {source.config.model_type} in {spec.checkpoint}. "
            "Try: --set model.name=encoder"
        )
    inputs = _inputs(source, sample_rate, samples)
    return inputs, Encoder(source.model(), spec)


def freeze_but_last(net: nn.Module, trainable_layers: int | None) -> None:
    """Leave gradients to the last transformer layers and the norm after them; None: to everything.

    Raises:
        SpecError: there are fewer layers, or none to be found.
    """
    if trainable_layers is None:
        return
    net.requires_grad_(False)
    if trainable_layers == 0:
        return
    parent, layers = _transformer_layers(net)
    if trainable_layers > len(layers):
        raise SpecError(f"model.trainable_layers must be <= {len(layers)} for this encoder, got {trainable_layers}")
    for layer in layers[-trainable_layers:]:
        layer.requires_grad_(True)
    if getattr(net.config, "do_stable_layer_norm", True):  # else wav2vec 2.0 has its norm before the layers
        for child in (*net.children(), *parent.children()):
            if isinstance(child, nn.LayerNorm):
                child.requires_grad_(True)


def _transformer_layers(net: nn.Module) -> tuple[nn.Module, nn.ModuleList]:
    """The list of layers nearest to the root, and the module that holds it."""
    found = [
        (name, module)
        for name, module in net.named_modules()
        if isinstance(module, nn.ModuleList) and name.rpartition(".")[2] in ("layers", "layer", "blocks")
    ]
    if not found:
        raise SpecError("model.trainable_layers must be 0 or null for this encoder: its layers can't be told apart")
    name, layers = min(found, key=lambda item: item[0].count("."))
    return net.get_submodule(name.rpartition(".")[0]), layers


class _Source:
    """A checkpoint: a local folder, or a name on the hub, which must answer or be in the local cache."""

    def __init__(self, transformers: ModuleType, spec: AstSpec | EncoderSpec) -> None:
        self.transformers, self.spec = transformers, spec
        folder = Path(spec.checkpoint).expanduser()
        self.path = str(folder) if folder.is_dir() else spec.checkpoint
        self.local = folder.is_dir() or not hub_answers()
        with self._said():
            self.config = transformers.AutoConfig.from_pretrained(self.path, local_files_only=self.local)
        for name, value in QUIET.items():
            if hasattr(self.config, name):
                setattr(self.config, name, value)

    def extractor(self) -> Any:
        """The checkpoint's own feature extractor."""
        with self._said():
            return self.transformers.AutoFeatureExtractor.from_pretrained(self.path, local_files_only=self.local)

    def model(self) -> Any:
        """The audio encoder, in float32, with the checkpoint's weights or random ones."""
        with self._said():
            return _audio_part(self._pretrained() if self.spec.pretrained else self._random())

    def _random(self) -> Any:
        if self.config.model_type == "clap_audio_model":
            return self.transformers.ClapAudioModel(self.config)
        return self.transformers.AutoModel.from_config(self.config)

    def _pretrained(self) -> Any:
        clap = self.config.model_type == "clap_audio_model"
        loader = self.transformers.ClapAudioModel if clap else self.transformers.AutoModel
        model, loaded = loader.from_pretrained(
            self.path,
            config=self.config,
            dtype=torch.float32,
            local_files_only=self.local,
            output_loading_info=True,
        )
        missing = sorted(loaded["missing_keys"])
        if missing:
            raise SpecError(
                f"model.checkpoint {self.spec.checkpoint} lacks weights of its encoder: {', '.join(missing[:3])}"
                f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}"
            )
        return model

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError) as error:
            raise SpecError(
                f"model.checkpoint {self.spec.checkpoint!r} can't be loaded ({' '.join(str(error).split())[:200]}). "
                "Try: a machine with network, or a local folder as model.checkpoint"
            ) from None


def _import_transformers() -> ModuleType:
    try:
        import transformers
    except ImportError:
        raise SpecError("model.name ast and encoder need transformers. Try: pip install 'tuneful[encoders]'") from None
    return transformers


def _audio_part(model: Any) -> Any:
    """CLAP's audio tower without the text's; Whisper's encoder without the decoder."""
    if model.config.is_encoder_decoder:
        return model.get_encoder()
    return getattr(model, "audio_model", model)


def _inputs(source: _Source, sample_rate: int, samples: int) -> nn.Module:
    name = f"model.checkpoint={source.spec.checkpoint}"
    config = source.config
    if config.model_type == AST_TYPE:
        refuse_rate(name, AST_RATE, sample_rate)
        refuse_length(name, samples, FRAME + (config.max_length - 1) * HOP, AST_RATE)
        return AstInput(config.max_length, config.num_mel_bins, **_ast_statistics(source))
    if hasattr(config, "conv_stride"):  # convolutions on the waveform: wav2vec 2.0, HuBERT, WavLM, data2vec
        refuse_rate(name, WAVEFORM_RATE, sample_rate)
        return WaveformInput(normalize=source.extractor().do_normalize if source.spec.pretrained else True)
    if getattr(getattr(config, "audio_config", config), "enable_fusion", False):  # CLAP's, of several random crops
        raise SpecError(f"{name} must be a CLAP without fusion. Try: model.checkpoint=laion/clap-htsat-unfused")
    extractor = source.extractor()
    refuse_rate(name, extractor.sampling_rate, sample_rate)
    longest = getattr(extractor, "nb_max_samples", None) or getattr(extractor, "n_samples", None)
    if longest is not None:
        refuse_length(name, samples, longest, extractor.sampling_rate)
    return ExtractorInput(extractor)


def _ast_statistics(source: _Source) -> dict[str, float]:
    """Mean and deviation that the checkpoint was trained with; AudioSet's for random weights."""
    if not source.spec.pretrained:
        return {}
    extractor = source.extractor()
    return {"mean": extractor.mean, "std": extractor.std}
