"""Training on cached embeddings: a frozen network sees each window once, in the first run that needs it."""

import dataclasses
import hashlib
import json

import numpy as np
import torch

from trainers.data.dataset import ClipSet, RunData, train_windows, windows_of
from trainers.data.embedded import Embeddings
from trainers.data.segments import Windows, train_starts
from trainers.models.embeddings import cacheable, cached_embeddings, embedding_key
from trainers.models.tagger import Tagger
from trainers.spec import RunSpec
from trainers.training.batches import eval_batches, on_device, to_float
from trainers.training.memory import WithinMemory
from trainers.training.session import Session


def with_embeddings(spec: RunSpec, data: RunData, model: Tagger, session: Session) -> RunData:
    """The data with embeddings in place of samples, where the network before the head never changes and what it is
    shown is the same in every epoch; else the data as they are."""
    if not cacheable(spec):
        return data
    key = embedding_key(spec, model)

    def embedded(clips: ClipSet, *windows: Windows) -> ClipSet:
        union = _union(*windows)
        values = cached_embeddings(key, _content(clips, union), lambda: _embed(model, spec, clips, union, session))
        return dataclasses.replace(clips, embeddings=Embeddings(union, values))

    evaluated = {name: embedded(clips, windows_of(spec, clips)) for name, clips in data.unlabelled.items()}
    also_evaluated = [windows_of(spec, data.train)] if spec.evaluation.tune_thresholds else []
    return dataclasses.replace(
        data,
        train=embedded(data.train, _trained_on(spec, data.train), *also_evaluated),
        val=embedded(data.val, windows_of(spec, data.val)) if len(data.val) else data.val,
        unlabelled=evaluated,
    )


def _trained_on(spec: RunSpec, train: ClipSet) -> Windows:
    crop = spec.segments.train_crop
    if crop == "windows":
        return train_windows(spec, train)
    lengths = np.array([len(samples) for samples in train.samples])
    never_drawn = np.random.default_rng(0)  # cacheable() leaves out random crops
    return Windows(np.arange(len(train)), train_starts(lengths, spec.segment_samples, crop, never_drawn))


def _union(*several: Windows) -> Windows:
    pairs = np.concatenate([np.stack([windows.clip, windows.start], 1) for windows in several])
    clip, start = np.unique(pairs, axis=0).T
    return Windows(clip, start)


def _content(clips: ClipSet, windows: Windows) -> str:
    """Identifies the samples of windows."""
    begins = clips.clips["start_s"].to_numpy(float) + clips.offset_s
    lengths = [len(samples) for samples in clips.samples]
    text = json.dumps([list(clips.clips["content"]), begins.tolist(), lengths, *_plain(windows)])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _plain(windows: Windows) -> list[list[int]]:
    return [windows.clip.tolist(), windows.start.tolist()]


@torch.inference_mode()
def _embed(model: Tagger, spec: RunSpec, clips: ClipSet, windows: Windows, session: Session) -> np.ndarray:
    """(windows, ...) float32. Each worker computes all of them: a cache that one finds and another doesn't must not
    make them wait for each other."""
    model.eval()
    batches = on_device(eval_batches(spec, clips, windows, np.arange(len(windows))), session.device)
    compute = WithinMemory(lambda samples: model.embed(to_float(samples)))
    return torch.cat([compute(batch.samples).float().cpu() for batch in batches]).numpy()
