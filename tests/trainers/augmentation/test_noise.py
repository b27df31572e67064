"""Noise and background have the level and the colour that the spec says."""

import numpy as np
import pytest
import torch

from trainers.augmentation.context import WaveformContext
from trainers.augmentation.noise import background, noise, pink, white
from trainers.augmentation.spec import BackgroundSpec, NoiseSpec


def waveforms(rows: int = 300, samples: int = 1501) -> torch.Tensor:
    rng = np.random.default_rng(0)
    loudness = 10.0 ** rng.uniform(-3, 1, (rows, 1))
    return torch.tensor(rng.normal(size=(rows, samples)) * loudness, dtype=torch.float64)


def rms(x: torch.Tensor) -> np.ndarray:
    return np.sqrt((x.numpy() ** 2).mean(1))


@pytest.mark.parametrize("color", ["white", "pink"])
def test_the_ratio_to_each_samples_own_level_is_uniform_in_its_bounds(color):
    before = waveforms()
    spec = NoiseSpec(p=1.0, color=color, min_snr_db=5, max_snr_db=40)
    added = noise(before, spec, np.random.default_rng(1)) - before
    snr_db = 20 * np.log10(rms(before) / rms(added))
    assert 5 - 1e-6 <= snr_db.min() < 6
    assert 39 < snr_db.max() <= 40 + 1e-6
    assert snr_db.mean() == pytest.approx(22.5, abs=2)


@pytest.mark.parametrize("color", ["white", "pink"])
def test_amplitude_is_the_noises_deviation_whatever_the_sample(color):
    before = waveforms()
    spec = NoiseSpec(p=1.0, color=color, level="amplitude", min_amplitude=0.001, max_amplitude=0.015)
    level = rms(noise(before, spec, np.random.default_rng(1)) - before)
    assert 0.001 - 1e-9 <= level.min() < 0.0015
    assert 0.0145 < level.max() <= 0.015 + 1e-9


def slope_db_per_octave(sound: torch.Tensor) -> float:
    power = (np.abs(np.fft.rfft(sound.numpy())) ** 2).mean(0)[4:-4]
    octaves = np.log2(np.arange(4, 4 + len(power)))
    return float(np.polyfit(octaves, 10 * np.log10(power), 1)[0])


@pytest.mark.parametrize(("color", "slope"), [(white, 0.0), (pink, -10 * np.log10(2))])
def test_power_over_frequency_is_flat_or_one_over_f(color, slope):
    like = torch.empty(200, 4096, dtype=torch.float64)
    assert slope_db_per_octave(color(like, torch.Generator().manual_seed(0))) == pytest.approx(slope, abs=0.05)


def test_silence_gets_no_noise_at_a_ratio_but_does_at_an_amplitude():
    silence, rng = torch.zeros(2, 500), np.random.default_rng(0)
    assert torch.equal(noise(silence, NoiseSpec(p=1.0), rng), silence)
    assert (noise(silence, NoiseSpec(p=1.0, level="amplitude"), rng) != 0).any()


def with_background(before: torch.Tensor, stretches: torch.Tensor, **bounds: float) -> torch.Tensor:
    spec = BackgroundSpec(p=1.0, **bounds)
    return background(before, spec, WaveformContext(8000, np.random.default_rng(0), lambda n, _: stretches[:n]))


def test_background_comes_in_at_the_ratio_and_unchanged_but_for_its_level():
    before = waveforms(5)
    stretches = 37.0 * waveforms(5).flip(-1)
    added = with_background(before, stretches, min_snr_db=10, max_snr_db=10) - before
    np.testing.assert_allclose(20 * np.log10(rms(before) / rms(added)), 10, atol=1e-9)
    for ours, sound in zip(added.numpy(), stretches.numpy(), strict=True):
        np.testing.assert_allclose(ours / ours.std(), sound / sound.std(), atol=1e-9)


def test_a_silent_background_adds_nothing():
    before = waveforms(3)
    assert torch.equal(with_background(before, torch.zeros(3, 1501)), before)


def test_background_is_asked_for_the_chosen_rows_only():
    before, asked = waveforms(100), []

    def source(n: int, rng: np.random.Generator) -> torch.Tensor:
        asked.append(n)
        return torch.ones(n, 1501)

    after = background(before, BackgroundSpec(p=0.4), WaveformContext(8000, np.random.default_rng(0), source))
    assert asked == [int((after != before).any(1).sum())]
