"""A trained network as it scores a recording: its own front end, its own segments, every window."""

from pathlib import Path

import numpy as np
import torch

from trainers.data.segments import gather, windows
from trainers.losses.functions import probabilities
from trainers.models.spec import TimmSpec
from trainers.models.tagger import Tagger
from trainers.spec import RunSpec
from trainers.training.allocator import keep_freed_memory
from trainers.training.checkpoint import load_weights
from trainers.training.smoothing import smooth_recordings

FULL_SCALE = 32_768


def for_recordings(spec: RunSpec) -> RunSpec:
    """The run's spec for recordings whose places are asked for: every window, and no silence cut off."""
    segments = spec.segments.model_copy(update={"eval_windows": "all", "trim_db": None})
    return spec.model_copy(update={"segments": segments})


def scored_windows(spec: RunSpec, logits: np.ndarray, recording: np.ndarray, start_s: np.ndarray) -> np.ndarray:
    """(windows, classes) logits as probabilities, smoothed over each recording as the run's validation was.

    Args:
        spec: of the run.
        logits: (windows, classes).
        recording: (windows,) int, which recording a window is of.
        start_s: (windows,) where in it.
    """
    values = probabilities(torch.from_numpy(logits), spec.loss.name).numpy()
    return smooth_recordings(values, recording, start_s, spec.segments.smoothing, spec.segments.smoothing_width)


class Predictor:
    """A trained network on one device.

    Args:
        spec: of the run.
        classes: of the run, in the order of its logits.
        weights: the folder with the run's `model.safetensors`.
        device: where it computes, in float32 as a run's evaluation does.

    Raises:
        SpecError: the network can't be made.
        CheckpointError: the weights are of another network.
    """

    def __init__(self, spec: RunSpec, classes: tuple[str, ...], weights: Path, device: torch.device) -> None:
        if device.type == "cpu":
            keep_freed_memory()
        self.spec, self.classes, self.device = for_recordings(spec), classes, device
        self.model = Tagger(_without_start(self.spec), len(classes)).to(device).eval()
        load_weights(weights, self.model)

    @torch.inference_mode()
    def logits(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits of every window of a recording.

        Args:
            samples: (samples,) int16 at `spec.data.sample_rate`.

        Returns:
            (windows,) starts in seconds and (windows, classes) float32 logits.
        """
        spec = self.spec
        places = windows([len(samples)], spec.segment_samples, spec.segments.eval_windows, spec.segments)
        rows = []
        for first in range(0, len(places), spec.training.eval_batch_size):
            part = slice(first, first + spec.training.eval_batch_size)
            pieces = gather([samples], places.clip[part], places.start[part], spec.segment_samples, spec.segments)
            batch = torch.from_numpy(pieces).to(self.device).float() / FULL_SCALE
            rows.append(self.model(batch).float().cpu().numpy())
        return places.start / spec.data.sample_rate, np.concatenate(rows)

    def probabilities(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same as probabilities, smoothed as the run's validation was: starts and (windows, classes)."""
        start_s, logits = self.logits(samples)
        return start_s, scored_windows(self.spec, logits, np.zeros(len(start_s), np.int64), start_s)


def _without_start(spec: RunSpec) -> RunSpec:
    """The network without published weights: the run's own replace them, and no hub is asked."""
    random = {"pretrained": False, **({"weights": None} if isinstance(spec.model, TimmSpec) else {})}
    return spec.model_copy(update={"model": spec.model.model_copy(update=random)})
