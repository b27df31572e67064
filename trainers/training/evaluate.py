"""Evaluation: logits of every window, then scores of clips."""

import math

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from analysis.metrics import evaluate as score
from analysis.records.predictions import Predictions
from trainers.data.dataset import ClipSet
from trainers.data.segments import Windows, eval_windows
from trainers.losses.functions import LOSSES, probabilities
from trainers.spec import RunSpec
from trainers.training.batches import eval_batches, on_device, to_float
from trainers.training.session import Session


def windows_of(spec: RunSpec, clips: ClipSet) -> Windows:
    """The evaluation windows of a clip set."""
    length = round(spec.segments.duration_s * spec.data.sample_rate)
    return eval_windows([len(samples) for samples in clips.samples], length, spec.segments)


@torch.inference_mode()
def predict(model: nn.Module, spec: RunSpec, clips: ClipSet, session: Session) -> np.ndarray:
    """Logits of all evaluation windows: (windows, classes) float32, on every worker; each computes its share."""
    windows = windows_of(spec, clips)
    rows = np.arange(len(windows.clip))[session.rank :: session.world_size]
    logits = torch.zeros(len(windows.clip), clips.targets.shape[1], device=session.device)
    model.eval()
    for waveform, numbers in on_device(eval_batches(spec, clips, windows, rows), session.device):
        logits[numbers] = model(to_float(waveform)).float()
    if session.world_size > 1:
        dist.all_reduce(logits)
    return logits.cpu().numpy()


def metrics_of(spec: RunSpec, clips: ClipSet, logits: np.ndarray) -> dict[str, float]:
    """`val/loss` and every registered metric, of clips.

    A clip's loss is the mean over its windows, its probabilities are aggregated as `segments.aggregate` says.
    """
    clip_of = windows_of(spec, clips).clip
    tensor = torch.from_numpy(logits)
    targets = torch.from_numpy(clips.targets[clip_of])
    losses = LOSSES[spec.loss.name](tensor, targets, spec.loss).numpy()
    loss = float((np.bincount(clip_of, losses) / np.bincount(clip_of)).mean())
    p = per_clip(probabilities(tensor, spec.loss.name).numpy(), clip_of, spec.segments.aggregate)
    return {"val/loss": loss, **{f"val/{name}": value for name, value in score(clips.targets, p).items()}}


def per_clip(values: np.ndarray, clip_of: np.ndarray, how: str) -> np.ndarray:
    """(windows, classes) -> (clips, classes), by mean or max over each clip's windows."""
    first = np.flatnonzero(np.diff(clip_of, prepend=-1))
    if how == "max":
        return np.maximum.reduceat(values, first)
    return np.add.reduceat(values, first) / np.bincount(clip_of)[:, None]


def no_metrics() -> dict[str, float]:
    """What a diverged epoch reports."""
    from analysis.metrics import METRICS

    return dict.fromkeys(["val/loss", *(f"val/{name}" for name in METRICS)], math.nan)


def as_predictions(subset: str, spec: RunSpec, clips: ClipSet, logits: np.ndarray) -> Predictions:
    """Logits with the clip and the start of every window."""
    windows = windows_of(spec, clips)
    ids = tuple(clips.clip_ids[clip] for clip in windows.clip)
    return Predictions(subset, ids, windows.start / spec.data.sample_rate, logits)
