"""A timm backbone as feature maps, with changes between its stages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from trainers.errors import SpecError
from trainers.models.changes import Changes
from trainers.models.spec import TimmSpec
from trainers.models.timm_create import create_timm, patch_size


class TimmBackbone(nn.Module):
    """(batch, channels, bands, frames) spectrograms -> feature maps in that layout, whatever the family's own.

    Without `out_indices` it is timm's model with the pooling taken out: `forward` gives the map before it, `finish`
    does what the family does after it (ConvNeXt's norm, MobileNetV3's last convolution). So with `pooling.name=avg`
    the embedding is that of `timm.create_model(name, num_classes=0, global_pool="avg")`; a ViT's tokens are laid out
    on the grid of their patches, prefix tokens left out.

    With `out_indices` it is what timm's `features_only` gives: the outputs of these stages, nothing after them.
    Mix2 takes [4] of MobileNetV3-Large (960 channels), BirdCLEF 2025 [4] and [2, 3] of EfficientNet-B0.
    """

    def __init__(self, spec: TimmSpec, in_chans: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.net: Any = create_timm(spec, in_chans, size)
        self.indices = _prune(self.net, spec) if spec.out_indices is not None else None
        self.widths = self._widths()
        self.stages = self._watch_stages(max(self.indices) + 1 if self.indices else len(self.net.feature_info))
        self._patch = patch_size(self.net)
        self._prefix_tokens: int | None = getattr(self.net, "num_prefix_tokens", None)
        self._channels_last = str(getattr(self.net, "output_fmt", "NCHW")) == "NHWC"
        self._changes: Changes | None = None

    @property
    def first_output(self) -> int | None:
        """The first stage whose features are used, where several are."""
        return min(self.indices) if self.indices and len(self.indices) > 1 else None

    def forward(self, x: Tensor, changes: Changes | None = None) -> list[Tensor]:
        """(batch, channels, bands, frames) -> the same layout, one tensor per entry of `out_indices`."""
        x = self._padded(x)
        with self._changing(changes):
            if self.indices is not None:
                return self._intermediates(x, self.indices, norm=False)
            if self._prefix_tokens is not None:
                return self._intermediates(x, 1, norm=True)
            x = self.net.forward_features(x)
        if not isinstance(x, Tensor) or x.ndim != 4:
            raise SpecError(f"model.backbone must give feature maps, {type(self.net).__name__} does not")
        return [x.permute(0, 3, 1, 2) if self._channels_last else x]

    def finish(self, pooled: Tensor) -> Tensor:
        """What the family does after pooling, to (batch, features) or to every frame of (batch, features, frames)."""
        if self.indices is not None:
            return pooled
        if pooled.ndim == 3:
            batch, _, frames = pooled.shape
            every = self.finish(pooled.transpose(1, 2).flatten(0, 1))
            return every.reshape(batch, frames, -1).transpose(1, 2)
        return self.net.forward_head(self._as_map(pooled))  # type: ignore[no-any-return]

    def _as_map(self, pooled: Tensor) -> Tensor:
        """A map of one cell, whose mean is itself, in the family's layout."""
        if self._prefix_tokens is not None:
            return pooled[:, None].expand(-1, 1 + self._prefix_tokens, -1)
        return pooled[:, None, None] if self._channels_last else pooled[..., None, None]

    def _widths(self) -> list[int]:
        """Features per output, after `finish`."""
        if self.indices is None:
            return [self.net.head_hidden_size]
        return [self.net.feature_info[index]["num_chs"] for index in self.indices]

    def _intermediates(self, x: Tensor, indices: list[int] | int, norm: bool) -> list[Tensor]:
        tokens = self._prefix_tokens is not None
        options = {"norm": norm, "output_fmt": "NLC" if tokens else "NCHW", "intermediates_only": True}
        found: list[Tensor] = self.net.forward_intermediates(x, indices=indices, **options)
        if not tokens:
            return found
        # timm would lay them out for the batch size of its input, which changes of stages may have changed
        bands, frames = (length // step for length, step in zip(x.shape[-2:], self._patch, strict=True))
        return [y.transpose(1, 2).reshape(len(y), -1, bands, frames) for y in found]

    def _padded(self, x: Tensor) -> Tensor:
        """With zeros to whole patches, as timm's `dynamic_img_pad`."""
        bands, frames = (-length % step for length, step in zip(x.shape[-2:], self._patch, strict=True))
        return functional.pad(x, (0, frames, 0, bands)) if bands or frames else x

    def _watch_stages(self, stages: int) -> int:
        """Stage k is the output of the module that timm's `feature_info` names for it. Returns how many there are: none
        in a family without such modules (HRNet)."""
        modules = dict(self.net.named_modules())
        names = [self.net.feature_info[number]["module"] for number in range(stages)]
        if not all(name in modules for name in names):
            return 0
        for number, name in enumerate(names):
            modules[name].register_forward_hook(partial(self._change, number))
        return stages

    def _change(self, number: int, _module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
        return None if self._changes is None else self._changes.stage(number, output)

    @contextmanager
    def _changing(self, changes: Changes | None) -> Iterator[None]:
        self._changes = changes
        try:
            yield
        finally:
            self._changes = None


def _prune(net: Any, spec: TimmSpec) -> list[int]:
    """The stages asked for, counted from 0; the network ends after the last of them."""
    known = len(net.feature_info)
    indices = [index + known if index < 0 else index for index in spec.out_indices or ()]
    if not all(0 <= index < known for index in indices):
        raise SpecError(
            f"model.out_indices must be within 0..{known - 1} for model.backbone={spec.backbone}, "
            f"got {list(spec.out_indices or ())}"
        )
    if sorted(set(indices)) != indices:
        raise SpecError(f"model.out_indices must rise without repetition, got {list(spec.out_indices or ())}")
    if not hasattr(net, "prune_intermediate_layers"):
        raise SpecError(f"model.out_indices must be null for model.backbone={spec.backbone}: it gives no intermediates")
    net.prune_intermediate_layers(indices, prune_norm=True)
    return indices
