"""The network of a run: front end, backbone, pooling, head."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from trainers.errors import SpecError
from trainers.front_end.mel import MelFrontEnd
from trainers.front_end.waveform import WaveformFrontEnd
from trainers.models.changes import Changes
from trainers.models.encoder import build_encoder
from trainers.models.rules import refuse_missing_stages, refuse_spectrogram_settings
from trainers.models.spec import TimmSpec
from trainers.models.timm_backbone import TimmBackbone
from trainers.poolings.attention import AttentionHead
from trainers.poolings.modules import POOLINGS, join
from trainers.poolings.spec import PoolingSpec
from trainers.spec import RunSpec

NOTHING = Changes()


class Tagger(nn.Module):
    """(batch, samples) waveforms -> (batch, classes) logits.

    Args:
        spec: the run; its sections `data.sample_rate`, `segments`, `front_end`, `model`, `pooling` make the network.
        n_classes: number of logits.

    Raises:
        SpecError: the model can't be made, its weights can't be had, or other settings don't go with it.
    """

    def __init__(self, spec: RunSpec, n_classes: int) -> None:
        super().__init__()
        self.features: _MelFeatures | _EncoderFeatures = (
            _MelFeatures(spec) if isinstance(spec.model, TimmSpec) else _EncoderFeatures(spec)
        )
        self.stages = self.features.stages
        refuse_missing_stages(spec, self.stages, self.features.first_output)
        if isinstance(spec.model, TimmSpec) and spec.model.freeze:
            self.features.backbone.requires_grad_(False)
        self.head = build_head(spec.pooling, self.features.width, n_classes, spec.model.dropout)

    @property
    def front_end(self) -> nn.Module:
        """From waveforms to what the backbone takes."""
        return self.features.front_end

    @property
    def backbone(self) -> nn.Module:
        """The network between front end and pooling."""
        return self.features.backbone

    @property
    def frozen(self) -> bool:
        """Whether nothing before the head trains, so that a clip's embedding never changes."""
        return not any(parameter.requires_grad for parameter in self.features.parameters())

    def forward(self, x: Tensor, changes: Changes | None = None, embedded: bool = False) -> Tensor:
        """Logits, (batch, classes).

        Args:
            x: (batch, samples) float waveforms, or what `embed` gave for them.
            changes: what training does on the way; mixing may change the batch size.
            embedded: x are embeddings; of the changes only that of embeddings applies.
        """
        embedding = x if embedded else self.embed(x, changes)
        return self.head((changes or NOTHING).embedding(embedding))  # type: ignore[no-any-return]

    def embed(self, waveform: Tensor, changes: Changes | None = None) -> Tensor:
        """(batch, samples) -> (batch, features), or (batch, features, frames) for an attention head.

        Changes apply up to the backbone's last stage; `changes.embedding` is `forward`'s.
        """
        changes = changes or NOTHING
        return self.features(changes.waveform(waveform), changes)  # type: ignore[no-any-return]

    def frames(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, classes, frames) logits of the attention head.

        Raises:
            SpecError: the run has another pooling.
        """
        if not isinstance(self.head, AttentionHead):
            raise SpecError("pooling.name must be attention for frame-wise outputs")
        return self.head.frames(self.embed(waveform))

    def backbone_parameters(self) -> list[nn.Parameter]:
        """What a learning rate of the backbone applies to; frozen ones have no gradient."""
        return [*self.front_end.parameters(), *self.backbone.parameters()]

    def head_parameters(self) -> list[nn.Parameter]:
        """The rest: the head, and the pooling's own."""
        others = {id(parameter) for parameter in self.backbone_parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in others]

    def train(self, mode: bool = True) -> "Tagger":
        """As `nn.Module.train`, but what is frozen stays in evaluation: no dropout, no new batch statistics."""
        super().train(mode)
        _keep_frozen_in_evaluation(self.backbone)
        return self


def build_head(pooling: PoolingSpec, width: int, n_classes: int, dropout: float) -> nn.Module:
    """From embeddings of `width` features to logits."""
    if pooling.name == "attention":
        return AttentionHead(pooling, width, n_classes, dropout)
    return nn.Sequential(OrderedDict(dropout=nn.Dropout(dropout), linear=nn.Linear(width, n_classes)))


class _MelFeatures(nn.Module):
    """Mel front end, timm backbone, pooling."""

    def __init__(self, spec: RunSpec) -> None:
        super().__init__()
        assert isinstance(spec.model, TimmSpec)
        self.front_end: nn.Module = MelFrontEnd(spec.front_end, spec.data.sample_rate)
        size = spec.front_end.n_mels, 1 + spec.segment_samples // spec.front_end.hop_length
        self.backbone = TimmBackbone(spec.model, spec.front_end.in_chans, size)
        self.poolings = nn.ModuleList(POOLINGS[spec.pooling.name](spec.pooling) for _ in self.backbone.widths)
        self.stages, self.first_output = self.backbone.stages, self.backbone.first_output
        self.width = sum(self.backbone.widths)
        self.channels_last = spec.training.channels_last

    def forward(self, waveform: Tensor, changes: Changes) -> Tensor:
        """(batch, samples) -> (batch, features[, frames])."""
        x = changes.spectrogram(self.front_end(waveform))
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        maps = self.backbone(x, changes)
        return self.backbone.finish(join([pool(x) for pool, x in zip(self.poolings, maps, strict=True)]))


class _EncoderFeatures(nn.Module):
    """An audio encoder of transformers: it makes its own input and pools by itself."""

    stages = 0
    first_output = None

    def __init__(self, spec: RunSpec) -> None:
        super().__init__()
        refuse_spectrogram_settings(spec)
        assert not isinstance(spec.model, TimmSpec)
        inputs, self.backbone = build_encoder(spec.model, spec.data.sample_rate, spec.segment_samples)
        self.front_end = nn.Sequential(WaveformFrontEnd(spec.front_end, spec.data.sample_rate), inputs)
        self.width = self.backbone.width

    def forward(self, waveform: Tensor, _changes: Changes) -> Tensor:
        """(batch, samples) -> (batch, features)."""
        return self.backbone(self.front_end(waveform))  # type: ignore[no-any-return]


def _keep_frozen_in_evaluation(module: nn.Module) -> None:
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        module.eval()
        return
    for child in module.children():
        _keep_frozen_in_evaluation(child)
