"""Embeddings of a frozen network, computed once and kept in `$TUNEFUL_HOME/embeddings`."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from analysis.records.files import write_atomically
from trainers.home import home
from trainers.models.spec import TimmSpec
from trainers.models.tagger import Tagger
from trainers.spec import RunSpec

FORMAT = 1
"""Raised when the same key would come to mean other numbers."""

AFTER_EMBEDDING = {
    "model": {"dropout", "drop_path", "freeze", "weights", "pretrained"},  # weights count by their values
    "pooling": {"hidden", "frame_share"},
}
DIGEST_BYTES = 32


def cacheable(spec: RunSpec) -> bool:
    """Whether every clip has the same embedding in every epoch.

    The network before the head is frozen, no input is augmented, cropped at random or normalised with others of its
    batch, and mixing starts at the embedding.
    """
    return (
        _frozen(spec)
        and not _augmented(spec)
        and _mixes_embeddings_at_most(spec)
        and spec.segments.train_crop != "random"
        and spec.front_end.normalization != "batch_minmax"
    )


def embedding_key(spec: RunSpec, model: Tagger) -> str:
    """16 hexadecimal digits for all that embeddings depend on but the waveforms.

    Sample rate, segments, front end, model and pooling without what follows the embedding, the values of every
    parameter and buffer before the head, the precision and the kind of device.
    """
    identity = {
        "format": FORMAT,
        "sample_rate": spec.data.sample_rate,
        "segments": spec.segments.model_dump(mode="json"),
        "front_end": spec.front_end.model_dump(mode="json"),
        "model": spec.model.model_dump(mode="json", exclude=AFTER_EMBEDDING["model"]),
        "pooling": spec.pooling.model_dump(mode="json", exclude=AFTER_EMBEDDING["pooling"]),
        "weights": _digest(model.features),
        "precision": spec.training.precision,
        "device": next(model.features.parameters()).device.type,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def cached_embeddings(key: str, content: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The embeddings of `content`, memory-mapped and read-only; computed and published where there are none.

    The file is a .npy with the SHA-256 of itself behind, which numpy doesn't read: one that is damaged is made anew.

    Args:
        key: of `embedding_key`.
        content: name of what was embedded: a digest of clips and windows.
        compute: makes them, (items, features) or (items, features, frames).

    Raises:
        RecordsError: the disk is full or can't be written.
    """
    path = home() / "embeddings" / key / f"{content}.npy"
    if not _is_whole(path):
        _publish(path, compute())
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _frozen(spec: RunSpec) -> bool:
    if spec.pooling.name == "gem":  # its exponent is learnt, and comes before the embedding
        return False
    return spec.model.freeze if isinstance(spec.model, TimmSpec) else spec.model.trainable_layers == 0


def _augmented(spec: RunSpec) -> bool:
    return any(getattr(section, "p", 0) > 0 for _, section in spec.augmentation)


def _mixes_embeddings_at_most(spec: RunSpec) -> bool:
    mixing: Any = spec.mixing
    return mixing.name in ("none", "multimix") or (
        mixing.name == "manifold_mixup" and set(mixing.layers) == {"embedding"}
    )


def _digest(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _publish(path: Path, array: np.ndarray) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    content = file.getvalue()
    write_atomically(path, content + hashlib.sha256(content).digest())


def _is_whole(path: Path) -> bool:
    if not path.is_file():
        return False
    content = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size > DIGEST_BYTES else np.empty(0, np.uint8)
    body, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:].tobytes()
    return hashlib.sha256(body.data).digest() == digest
