"""Silero VAD's network over a whole recording at once.

The package's own model takes one frame of 32 ms per call. Only its LSTM needs the frames in order: here the layers
before it see hundreds of frames per call. The weights are those of the package's default model (`silero_vad.jit`, MIT
licence, github.com/snakers4/silero-vad); the probabilities are the same, ten times sooner (`benchmarks/voices.py`).
The package's `silero_vad_16k.safetensors` holds the weights of another version, with other probabilities.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

SAMPLE_RATE = 16_000
FRAME = 512
"""Samples per probability: 32 ms"""
CONTEXT = 64
"""Samples of the frame before that each frame begins with"""
STFT_HOP, BINS, HIDDEN = 128, 129, 128
STRIDES = (1, 2, 2, 1)
"""Of the four convolutions; they leave one step per frame."""
BLOCK = 256
"""Frames per call: more of them would not fit a core's cache"""


class SpeechNetwork:
    """The published network for 16 kHz, with its weights."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        self._weights = weights
        self._lstm = nn.LSTM(HIDDEN, HIDDEN)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self._lstm.load_state_dict({f"{name}_l0": weights[f"decoder.rnn.{name}"] for name in names})

    @torch.inference_mode()
    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """How probable speech is in each frame of a recording.

        Args:
            samples: (samples,) int16 at 16 kHz.

        Returns:
            (frames,) float32, one per started 32 ms.
        """
        frames = _frames(samples)
        state, found = None, []
        for first in range(0, len(frames), BLOCK):
            block = frames[first : first + BLOCK].to(torch.float32) / 32_768
            hidden, state = self._lstm(self._encode(block).unsqueeze(1), state)
            found.append(self._decode(hidden.squeeze(1)))
        return torch.cat(found).numpy() if found else np.zeros(0, np.float32)

    def _encode(self, frames: torch.Tensor) -> torch.Tensor:
        """(frames, CONTEXT + FRAME) -> (frames, HIDDEN): magnitudes of short spectra, then four convolutions."""
        padded = nn.functional.pad(frames, (0, CONTEXT), mode="reflect").unsqueeze(1)
        spectra = nn.functional.conv1d(padded, self._weights["stft.forward_basis_buffer"], stride=STFT_HOP)
        x = torch.hypot(spectra[:, :BINS], spectra[:, BINS:])
        for number, stride in enumerate(STRIDES):
            weight, bias = (self._weights[f"encoder.{number}.reparam_conv.{name}"] for name in ("weight", "bias"))
            x = nn.functional.relu(nn.functional.conv1d(x, weight, bias, stride=stride, padding=1))
        return x.squeeze(-1)

    def _decode(self, hidden: torch.Tensor) -> torch.Tensor:
        """(frames, HIDDEN) -> (frames,)"""
        weight, bias = (self._weights[f"decoder.decoder.2.{name}"] for name in ("weight", "bias"))
        return torch.sigmoid(nn.functional.relu(hidden) @ weight.flatten() + bias)


@cache
def speech_network() -> SpeechNetwork:
    """The network, its weights read once per process."""
    model = torch.jit.load(str(_package_folder() / "data" / "silero_vad.jit"), map_location="cpu")  # type: ignore[no-untyped-call]
    return SpeechNetwork(dict(model._model.state_dict()))


def _package_folder() -> Path:
    """Of silero_vad, which isn't imported for it: that would set the number of torch's threads to 1."""
    spec = find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("silero_vad")
    return Path(spec.origin).parent


def _frames(samples: np.ndarray) -> torch.Tensor:
    """(samples,) -> (frames, CONTEXT + FRAME), the last frame filled up with zeros, the first begun with them."""
    count = -(-len(samples) // FRAME)
    padded = np.zeros(CONTEXT + count * FRAME, np.int16)
    padded[CONTEXT : CONTEXT + len(samples)] = samples
    if not count:
        return torch.zeros(0, CONTEXT + FRAME, dtype=torch.int16)
    return torch.from_numpy(padded).unfold(0, CONTEXT + FRAME, FRAME)
