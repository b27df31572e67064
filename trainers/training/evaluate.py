"""Evaluation: logits of every window, then scores of clips."""

import math

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from analysis.metrics import METRICS, Case, absent_classes, as_case, measure
from analysis.metrics.groups import by_class, by_column, by_frequency, by_polyphony
from analysis.metrics.thresholds import TUNED_METRICS, tune_thresholds, tuned_scores
from analysis.records.predictions import Predictions
from trainers.data.dataset import ClipSet, RunData, windows_of
from trainers.errors import DataError
from trainers.losses.functions import ConfiguredLoss, probabilities
from trainers.models.tagger import Tagger
from trainers.spec import RunSpec
from trainers.targets.encode import encode_labels
from trainers.training.batches import eval_batches, on_device, to_float
from trainers.training.memory import WithinMemory
from trainers.training.session import Session
from trainers.training.smoothing import per_clip, smooth_recordings


@torch.inference_mode()
def predict(model: nn.Module, spec: RunSpec, clips: ClipSet, session: Session) -> np.ndarray:
    """Logits of all evaluation windows: (windows, classes) float32, on every worker; each computes its share."""
    windows = windows_of(spec, clips)
    if not len(windows):
        return np.zeros((0, clips.targets.shape[1]), np.float32)
    rows = np.arange(len(windows))[session.rank :: session.world_size]
    logits = torch.zeros(len(windows), clips.targets.shape[1], device=session.device)
    model.eval()
    compute = WithinMemory(lambda samples: batch_logits(model, samples))
    for batch in on_device(eval_batches(spec, clips, windows, rows), session.device):
        logits[batch.rows] = compute(batch.samples)
    if session.world_size > 1:
        dist.all_reduce(logits)
    return logits.cpu().numpy()


@torch.inference_mode()
def try_batch(model: nn.Module, spec: RunSpec, clips: ClipSet, device: torch.device) -> None:
    """Evaluate the first windows, as many as at once, to see what that takes; nothing where there are none."""
    windows = windows_of(spec, clips)
    rows = np.arange(min(len(windows), spec.training.eval_batch_size))
    model.eval()
    for batch in on_device(eval_batches(spec, clips, windows, rows), device):
        batch_logits(model, batch.samples)


def batch_logits(model: nn.Module, samples: Tensor) -> Tensor:
    """(windows, classes) float32 logits of int16 waveforms (windows, samples) or of their cached embeddings."""
    return model(to_float(samples), embedded=samples.is_floating_point()).float()  # type: ignore[no-any-return]


class Evaluator:
    """What a run's epochs are measured by."""

    def __init__(self, spec: RunSpec, data: RunData, loss: ConfiguredLoss) -> None:
        self.spec, self.data, self.loss = spec, data, loss
        self.own = ~data.train.extra
        self.train_labels = encode_labels(data.train.clips["labels"][self.own], data.classes)
        """(own clips, classes): groups of classes and thresholds are those of the data, whatever the run's targets"""
        self.groups = {column: self._values(column) for column in spec.evaluation.by}

    def metrics(self, logits: np.ndarray, train_logits: np.ndarray | None = None) -> dict[str, float]:
        """`val/loss` and every registered metric of clips, then those of groups; NaN without validation clips.

        A clip's loss is the mean over its windows; its probabilities are smoothed and aggregated as `segments` says.

        Args:
            logits: (windows, classes) of the validation clips.
            train_logits: of the training clips, to tune thresholds on those that are not of `data.extra_train`.
        """
        val = self.data.val
        if not len(val):
            return self._unknown()
        scores = clip_probabilities(self.spec, val, logits)
        sequence = (val.codes("recording_id"), val.clips["start_s"].to_numpy(float))
        case = as_case(val.targets, scores, sequence)
        found = {**measure(case), "absent_classes": float(absent_classes(val.targets)), **self._grouped(case)}
        if train_logits is not None:
            train_scores = clip_probabilities(self.spec, self.data.train, train_logits)
            thresholds = tune_thresholds(self.train_labels, train_scores[self.own])
            found |= tuned_scores(val.targets, scores, thresholds)
        return {"val/loss": self._loss(logits), **{f"val/{name}": value for name, value in found.items()}}

    def test_metrics(self, logits: np.ndarray) -> dict[str, float]:
        """`test/<metric>` of the third part of the split, from its windows' (windows, classes) logits."""
        test = self.data.test
        assert test is not None
        sequence = (test.codes("recording_id"), test.clips["start_s"].to_numpy(float))
        case = as_case(test.targets, clip_probabilities(self.spec, test, logits), sequence)
        return {f"test/{name}": value for name, value in measure(case).items()}

    def no_metrics(self) -> dict[str, float]:
        """What a diverged epoch reports: the same names, no values."""
        if not len(self.data.val):
            return self._unknown()
        n_classes = len(self.data.classes)
        train = np.zeros((len(windows_of(self.spec, self.data.train)), n_classes), np.float32)
        val = np.zeros((len(windows_of(self.spec, self.data.val)), n_classes), np.float32)
        return dict.fromkeys(self.metrics(val, train if self.spec.evaluation.tune_thresholds else None), math.nan)

    def _unknown(self) -> dict[str, float]:
        """What is reported without validation clips (`data.split.scheme: none`): the same names, no values."""
        silence = np.zeros((1, len(self.data.classes)))
        names = ["loss", *METRICS, "absent_classes", *self._grouped(as_case(silence, silence))]
        if self.spec.evaluation.tune_thresholds:
            names += [f"{name}@tuned" for name in TUNED_METRICS]
        return {f"val/{name}": math.nan for name in names}

    def _loss(self, logits: np.ndarray) -> float:
        clip_of = windows_of(self.spec, self.data.val).clip
        targets = torch.from_numpy(self.data.val.targets[clip_of])
        losses = self.loss(torch.from_numpy(logits), targets).numpy()
        return float((np.bincount(clip_of, losses) / np.bincount(clip_of)).mean())

    def _grouped(self, case: Case) -> dict[str, float]:
        asked = self.spec.evaluation
        found: dict[str, float] = {}
        if asked.rare_below is not None or asked.frequent_above is not None:
            found |= by_frequency(case, self.train_labels.sum(0), asked.rare_below, asked.frequent_above)
        if asked.per_class:
            found |= by_class(case, self.data.classes)
        if asked.polyphony:
            found |= by_polyphony(case)
        for column, values in self.groups.items():
            found |= by_column(case, column, values)
        return found

    def _values(self, column: str) -> np.ndarray:
        clips = self.data.val.clips
        if not len(clips):
            return np.array([None])
        if column not in clips or clips[column].isna().all():
            filled = ", ".join(str(name) for name in clips if clips[name].notna().any())
            raise DataError(f"evaluation.by: the column {column!r} is empty. Columns with values: {filled}")
        return np.asarray(clips[column], object)


@torch.inference_mode()
def embed(model: Tagger, spec: RunSpec, clips: ClipSet, device: torch.device) -> np.ndarray:
    """(windows, features) float32 embeddings of all evaluation windows, mean over frames where a head attends to them.

    Each worker computes all of them.
    """
    windows = windows_of(spec, clips)
    model.eval()
    compute = WithinMemory(lambda samples: samples if samples.is_floating_point() else model.embed(to_float(samples)))
    rows = []
    for batch in on_device(eval_batches(spec, clips, windows, np.arange(len(windows))), device):
        values = compute(batch.samples)
        rows.append((values.mean(-1) if values.ndim == 3 else values).float().cpu().numpy())
    return np.concatenate(rows)


def window_probabilities(spec: RunSpec, logits: np.ndarray) -> np.ndarray:
    """(windows, classes) logits as probabilities, by the activation that belongs to the loss."""
    return np.asarray(probabilities(torch.from_numpy(logits), spec.loss.name).numpy())


def clip_probabilities(spec: RunSpec, clips: ClipSet, logits: np.ndarray) -> np.ndarray:
    """(windows, classes) logits as (clips, classes) probabilities: smoothed over the windows of each recording, then
    aggregated over those of each clip."""
    windows, segments = windows_of(spec, clips), spec.segments
    values = window_probabilities(spec, logits)
    begins = clips.clips["start_s"].to_numpy(float) + clips.offset_s
    start = begins[windows.clip] + windows.start / spec.data.sample_rate
    recording = clips.codes("recording_id")[windows.clip]
    values = smooth_recordings(values, recording, start, segments.smoothing, segments.smoothing_width)
    return per_clip(values, windows.clip, segments.aggregate)


def as_predictions(
    subset: str, spec: RunSpec, clips: ClipSet, logits: np.ndarray, labelled: bool = False
) -> Predictions:
    """Logits with the clip, the start and, where they are `labelled`, the labels of every window."""
    windows, clip_ids = windows_of(spec, clips), clips.clip_ids
    ids = tuple(clip_ids[clip] for clip in windows.clip)
    starts = clips.offset_s[windows.clip] + windows.start / spec.data.sample_rate
    return Predictions(subset, ids, starts, logits, clips.targets[windows.clip] if labelled else None)
