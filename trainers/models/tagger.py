"""The network of a run: front end, timm backbone, pooling, head."""

from collections.abc import Callable
from typing import Any

import timm
import torch
from torch import Tensor, nn

from trainers.config.paths import nearest
from trainers.errors import SpecError
from trainers.front_end.mel import MelFrontEnd
from trainers.models.spec import ModelSpec
from trainers.spec import RunSpec


class Tagger(nn.Module):
    """(batch, samples) waveforms -> (batch, classes) logits."""

    def __init__(self, spec: RunSpec, n_classes: int) -> None:
        super().__init__()
        self.front_end = MelFrontEnd(spec.front_end, spec.data.sample_rate)
        self.backbone = build_backbone(spec.model)
        self.dropout = nn.Dropout(spec.model.dropout)
        self.head = nn.Linear(self.backbone.head_hidden_size, n_classes)
        self.channels_last = spec.training.channels_last

    def forward(self, waveform: Tensor, augment: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Logits; `augment` changes the (batch, 1, mels, frames) spectrogram while training."""
        spectrogram = self.front_end(waveform)
        if augment is not None:
            spectrogram = augment(spectrogram)
        if self.channels_last:
            spectrogram = spectrogram.contiguous(memory_format=torch.channels_last)
        # timm's classifier-free models pool by themselves: (batch, features)
        return self.head(self.dropout(self.backbone(spectrogram)))  # type: ignore[no-any-return]


def build_backbone(spec: ModelSpec) -> Any:
    """A timm model for one input channel that returns pooled features.

    Raises:
        SpecError: timm knows no such model, or its weights can't be fetched.
    """
    known = timm.is_model(spec.backbone.split(".")[0])
    if not known:
        hint = nearest(spec.backbone, timm.list_models())
        hint = hint if hint.startswith("Did") else "Known: timm.list_models()"
        raise SpecError(f"model.backbone {spec.backbone!r} is no timm model. {hint}")
    options: dict[str, Any] = {"drop_path_rate": spec.drop_path} if spec.drop_path else {}
    try:
        return timm.create_model(
            spec.backbone, pretrained=spec.pretrained, in_chans=1, num_classes=0, global_pool=spec.pooling, **options
        )
    except TypeError as error:
        raise SpecError(f"model.backbone {spec.backbone} does not take these options ({error})") from None
    except (OSError, RuntimeError) as error:
        hint = " Try: a machine with network, or model.pretrained=false" if spec.pretrained else ""
        raise SpecError(f"model.backbone {spec.backbone} can't be made ({error}).{hint}") from None
