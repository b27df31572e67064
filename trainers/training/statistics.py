"""Mean and deviation of the training fold's spectrograms, for `front_end.normalization: dataset`."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from trainers.data.dataset import ClipSet, windows_of
from trainers.front_end.mel import MelFrontEnd
from trainers.models.tagger import Tagger
from trainers.spec import RunSpec
from trainers.training.batches import eval_batches, on_device, to_float


def fit_statistics(model: Tagger, spec: RunSpec, train: ClipSet, device: torch.device) -> None:
    """Measure the training fold, once, where the front end asks for it."""
    front_end = model.front_end
    if isinstance(front_end, MelFrontEnd) and spec.front_end.normalization == "dataset":
        front_end.fit_statistics(_waveforms(spec, train, device))


def _waveforms(spec: RunSpec, train: ClipSet, device: torch.device) -> Iterator[Tensor]:
    """The windows of all training clips, cut as evaluation cuts them, in batches of (windows, samples)."""
    windows = windows_of(spec, train)
    for batch in on_device(eval_batches(spec, train, windows, np.arange(len(windows))), device):
        yield to_float(batch.samples)
