"""What training does to a batch between the parts of the network: augmentation and mixing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainers.augmentation.apply import augment_spectrogram, augment_waveform
from trainers.augmentation.context import Background
from trainers.data.segments import cut
from trainers.mixing.mixture import Mixture
from trainers.models.changes import Changes
from trainers.spec import RunSpec
from trainers.training.batches import to_float


@dataclass
class TrainingChanges(Changes):
    """One step's augmentation and mixing.

    Waveforms and spectrograms are augmented after they are mixed, or before where `augmentation.before_mixing` says so.
    """

    spec: RunSpec
    mixture: Mixture
    rng: np.random.Generator
    background: Background | None

    def waveform(self, x: Tensor) -> Tensor:
        """(rows, samples)"""
        spec = self.spec
        return self._in_order(
            "waveform",
            x,
            lambda x: augment_waveform(x, spec.augmentation, spec.data.sample_rate, self.rng, self.background),
        )

    def spectrogram(self, x: Tensor) -> Tensor:
        """(rows, channels, mels, frames)"""
        return self._in_order("spectrogram", x, lambda x: augment_spectrogram(x, self.spec.augmentation, self.rng))

    def stage(self, number: int, x: Tensor) -> Tensor:
        """(rows, ...) features of a stage of the backbone"""
        return self._mixed(f"stage{number}", x)

    def embedding(self, x: Tensor) -> Tensor:
        """(rows, ...) pooled"""
        return self._mixed("embedding", x)

    def _in_order(self, at: str, x: Tensor, augment: Callable[[Tensor], Tensor]) -> Tensor:
        if self.spec.augmentation.before_mixing:
            return self._mixed(at, augment(x))
        return augment(self._mixed(at, x))

    def _mixed(self, at: str, x: Tensor) -> Tensor:
        return self.mixture.inputs(x) if self.mixture.at == at else x


def background_of(spec: RunSpec, recordings: tuple[np.ndarray, ...], device: torch.device) -> Background | None:
    """Random stretches of recordings, as long as a segment, for `augmentation.background`."""
    if not recordings:
        return None

    def draw(n: int, rng: np.random.Generator) -> Tensor:
        """(n, samples) float32"""
        length = spec.segment_samples
        looped = spec.segments.model_copy(update={"padding": "repeat"})
        batch = np.empty((n, length), np.int16)
        for row, number in enumerate(rng.integers(0, len(recordings), n)):
            start = int(rng.random() * (max(0, len(recordings[number]) - length) + 1))
            batch[row] = cut(recordings[number], start, length, looped)
        return to_float(torch.from_numpy(batch).to(device))

    return draw
