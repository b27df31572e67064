"""timm models by name: for a spectrogram's channels and size, from random, published or local weights."""

import inspect
import math
import pickle
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError
from timm.models import load_state_dict

from trainers.config.paths import nearest
from trainers.errors import SpecError
from trainers.models.hub import hub_answers
from trainers.models.spec import TimmSpec

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
NO_NETWORK = "Try: a machine with network, model.weights=FILE, or model.pretrained=false"


def create_timm(spec: TimmSpec, in_chans: int, size: tuple[int, int]) -> Any:
    """A timm model without classifier.

    `model.weights` goes before `model.pretrained`. A first convolution for other channels is adapted as timm does.

    Args:
        spec: the model's section.
        in_chans: channels of the spectrograms.
        size: (mels, frames) of the spectrograms, for families that are built for one size.

    Raises:
        SpecError: timm knows no such model, it doesn't take the options, or its weights can't be had or don't fit.
    """
    _known(spec.backbone)
    options = {"in_chans": in_chans, "num_classes": 0, **_size_options(spec.backbone, size)}
    if spec.drop_path:  # not every family has the option
        options["drop_path_rate"] = spec.drop_path
    overlay = _weights(spec)
    try:
        model: Any = timm.create_model(
            spec.backbone, pretrained=overlay is not None, pretrained_cfg_overlay=overlay, **options
        )
        if getattr(model, "attn_pool", None) is not None:  # SigLIP's pooling by attention: ours takes its place
            model.reset_classifier(0, "avg")
    except TypeError as error:
        raise SpecError(f"model.backbone {spec.backbone} does not take these options ({error})") from None
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise SpecError(_failure(spec, error)) from None
    model.pretrained_cfg["state_dict"] = None  # timm would keep the weights in memory twice
    return model


def _known(backbone: str) -> None:
    architecture, _, tag = backbone.partition(".")
    if not timm.is_model(architecture):
        hint = nearest(backbone, timm.list_models())
        hint = hint if hint.startswith("Did") else "Known: timm.list_models()"
        raise SpecError(f"model.backbone {backbone!r} is no timm model. {hint}")
    tags = [name.partition(".")[2] for name in timm.list_pretrained(architecture)]
    if tag and tag not in tags:
        raise SpecError(
            f"model.backbone {backbone!r}: timm has no weights {tag!r} of it. {nearest(tag, tags or ['none'])}"
        )


def _size_options(backbone: str, size: tuple[int, int]) -> dict[str, Any]:
    """How a family that is built for one size of images (ViT, Swin) is told that of the spectrograms."""
    published = timm.get_pretrained_cfg(backbone)
    if published is None or not published.fixed_input_size:
        return {}
    with torch.device("meta"):  # the class and its patches, without weights
        model = timm.create_model(backbone, num_classes=0)
    accepted = inspect.signature(type(model).__init__).parameters
    if "img_size" not in accepted:
        return {}
    patch = patch_size(model)
    whole = tuple(math.ceil(length / step) * step for length, step in zip(size, patch, strict=True))
    return {"img_size": whole, **({"dynamic_img_size": True} if "dynamic_img_size" in accepted else {})}


def patch_size(model: Any) -> tuple[int, int]:
    """(bands, frames) of a patch; (1, 1) for networks without patches."""
    size = getattr(getattr(model, "patch_embed", None), "patch_size", 1)
    bands, frames = (size, size) if isinstance(size, int) else size
    return bands, frames


def _weights(spec: TimmSpec) -> dict[str, Any] | None:
    """What timm is told about pretrained weights; None: random ones."""
    if spec.weights is not None:
        return _local_weights(spec, Path(spec.weights).expanduser())
    if not spec.pretrained:
        return None
    published = timm.get_pretrained_cfg(spec.backbone)
    if published is None or not published.has_weights:
        raise SpecError(f"model.pretrained must be false for model.backbone={spec.backbone}: timm publishes no weights")
    if not published.hf_hub_id or hub_answers():
        return {}
    return {"file": str(_cached(spec, published.hf_hub_id, published.hf_hub_filename))}


def _cached(spec: TimmSpec, repository: str, filename: str | None) -> Path:
    for name in (filename,) if filename else WEIGHT_FILES:
        path = try_to_load_from_cache(repository, name)
        if isinstance(path, str):
            return Path(path)
    raise SpecError(
        f"model.pretrained: the weights of {spec.backbone} can't be fetched, the Hugging Face hub doesn't answer. "
        f"{NO_NETWORK}"
    )


def _local_weights(spec: TimmSpec, path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise SpecError(f"model.weights: {path} is no file. Try: the path of a .safetensors or .pth file")
    try:
        tensors = load_state_dict(str(path), weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        raise SpecError(f"model.weights: {path} can't be read as weights ({_first_line(error)})") from None
    published = timm.get_pretrained_cfg(spec.backbone)
    classifier = (published.classifier if published else None) or ()
    names = (classifier,) if isinstance(classifier, str) else classifier
    body = {name: value for name, value in tensors.items() if name.rpartition(".")[0] not in names}
    # 0 classes as in our model: timm then takes the file as complete and every tensor must fit
    return {"state_dict": body, "num_classes": 0}


def _failure(spec: TimmSpec, error: Exception) -> str:
    if spec.weights is not None and "state_dict" in str(error):
        misfits = "; ".join(_shortened(line) for line in str(error).splitlines()[1:4])
        return f"model.weights: {spec.weights} does not fit model.backbone={spec.backbone}: {misfits}"
    hint = f". {NO_NETWORK}" if spec.pretrained and spec.weights is None else ""
    return f"model.backbone {spec.backbone} can't be made ({_first_line(error)}){hint}"


def _shortened(line: str, names: int = 3) -> str:
    """The first tensors of a line of torch's message."""
    parts = line.strip().split(", ")
    return ", ".join(parts[:names]) + (f" and {len(parts) - names} more" if len(parts) > names else "").rstrip(".")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
