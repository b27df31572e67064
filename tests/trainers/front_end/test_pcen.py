"""PCEN equals its published definition, computed frame by frame in float64."""

import numpy as np
import pytest
import torch

from trainers.front_end.pcen import EPS, SCALE, pcen, smooth
from trainers.front_end.spec import MelSpec

SPECS = [
    MelSpec(compression="pcen"),
    MelSpec(compression="pcen", pcen_s=0.5, pcen_alpha=0.8, pcen_delta=10, pcen_r=0.25),
    MelSpec(compression="pcen", pcen_s=1.0, pcen_alpha=0.0, pcen_delta=0, pcen_r=1.0),
    MelSpec(compression="pcen", pcen_s=0.001, pcen_alpha=1.0, pcen_delta=0, pcen_r=0.3),
]


def energies(frames: int) -> np.ndarray:
    """Bands of very different loudness, one silent, one that starts after silence."""
    rng = np.random.default_rng(0)
    energy = rng.exponential(size=(2, 1, 5, frames)) * 10.0 ** np.array([-8, -3, 0, 0, 1])[:, None]
    energy[:, :, 2] = 0
    energy[:, :, 3, : frames // 2] = 0
    return energy


def smooth_by_loop(energy: np.ndarray, s: float) -> np.ndarray:
    smoothed = [energy[..., 0]]
    for t in range(1, energy.shape[-1]):
        smoothed.append((1 - s) * smoothed[-1] + s * energy[..., t])
    return np.stack(smoothed, -1)


def pcen_by_loop(mel: np.ndarray, spec: MelSpec) -> np.ndarray:
    energy = mel * SCALE
    gained = energy / (EPS + smooth_by_loop(energy, spec.pcen_s)) ** spec.pcen_alpha
    return (gained + spec.pcen_delta) ** spec.pcen_r - spec.pcen_delta**spec.pcen_r


@pytest.mark.parametrize("frames", [1, 2, 127, 128, 129, 700])  # about the length of a block
@pytest.mark.parametrize("s", [0.025, 1.0, 1e-4])
def test_the_smoother_is_the_recursion_from_the_first_frame(frames, s):
    energy = energies(frames)
    np.testing.assert_allclose(smooth(torch.from_numpy(energy), s), smooth_by_loop(energy, s), rtol=1e-11)


@pytest.mark.parametrize("spec", SPECS)
def test_it_is_the_published_formula(spec):
    mel = energies(300)
    np.testing.assert_allclose(pcen(torch.from_numpy(mel), spec), pcen_by_loop(mel, spec), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_float32_is_close_to_it(spec):
    mel = energies(300).astype(np.float32)
    ours = pcen(torch.from_numpy(mel), spec)
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours, pcen_by_loop(mel.astype(np.float64), spec), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("spec", SPECS)
def test_silence_is_zero(spec):
    assert torch.equal(pcen(torch.zeros(1, 1, 3, 200), spec), torch.zeros(1, 1, 3, 200))


def test_it_takes_a_steady_gain_away():
    """What PCEN is for: with alpha 1, a microphone's gain per band makes no difference."""
    mel = torch.from_numpy(energies(300)[:, :, 3:] + 1e-3)
    spec = MelSpec(compression="pcen", pcen_alpha=1.0)
    torch.testing.assert_close(pcen(mel, spec), pcen(100 * mel, spec), rtol=1e-6, atol=1e-6)
