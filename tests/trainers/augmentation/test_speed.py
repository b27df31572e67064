"""Pitch shift and time stretch on tones and clicks, and the vocoder against torchaudio and a loop."""

import math

import numpy as np
import pytest
import scipy.signal
import torch
import torchaudio.functional

from trainers.augmentation.context import WaveformContext
from trainers.augmentation.spec import PitchShiftSpec, TimeStretchSpec
from trainers.augmentation.speed import pitch_shift, resized, time_stretch
from trainers.augmentation.vocoder import phase_vocoder, stretched

RATE = 16_000


def tone(hz: float, seconds: float = 1.0) -> torch.Tensor:
    return torch.sin(2 * math.pi * hz * torch.arange(int(RATE * seconds), dtype=torch.float64) / RATE).float()[None]


def shifted(waveform: torch.Tensor, semitones: float) -> torch.Tensor:
    spec = PitchShiftSpec(p=1.0, min_semitones=semitones, max_semitones=semitones)
    return pitch_shift(waveform, spec, WaveformContext(RATE, np.random.default_rng(0)))


def played(waveform: torch.Tensor, rate: float) -> torch.Tensor:
    spec = TimeStretchSpec(p=1.0, min_rate=rate, max_rate=rate)
    return time_stretch(waveform, spec, WaveformContext(RATE, np.random.default_rng(0)))


def peak_hz(waveform: torch.Tensor) -> float:
    windowed = waveform[0].numpy() * np.hanning(waveform.shape[1])
    size = 8 * len(windowed)
    return float(np.abs(np.fft.rfft(windowed, size)).argmax() * RATE / size)


@pytest.mark.parametrize("semitones", [12, -12, 1.3, -3.7, 4])
def test_a_tone_moves_by_its_semitones_and_keeps_its_level(semitones):
    after = shifted(tone(1000), semitones)
    assert peak_hz(after) == pytest.approx(1000 * 2 ** (semitones / 12), abs=1)
    assert after[:, 2000:-2000].square().mean().item() == pytest.approx(0.5, rel=0.02)


def test_what_would_come_above_half_the_rate_is_gone():
    assert shifted(tone(6000), 12)[:, 1000:-1000].abs().max() < 0.02


@pytest.mark.parametrize("rate", [0.8, 0.93, 1.0, 1.2])
def test_a_stretched_tone_keeps_its_pitch_and_level(rate):
    after = played(tone(1000), rate)[:, :13_000]
    assert peak_hz(after) == pytest.approx(1000, abs=1)
    assert after[:, 2000:-2000].square().mean().item() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_stretched_clicks_come_at_the_period_divided_by_the_rate(rate):
    clicks = torch.zeros(1, 2 * RATE)
    clicks[0, ::4000] = 1
    energy = played(clicks, rate)[0].square().numpy()
    places = np.arange(8) * 4000 / rate
    places = places[places < len(energy) - 1024]
    near = np.abs(np.arange(len(energy)) - places[:, None]) < 1024  # a window: what the vocoder may smear
    assert energy[near.any(0)].sum() > 0.99 * energy.sum()
    of_each = np.array([energy[place].sum() for place in near])
    assert of_each.min() > 0.1


def test_what_gets_shorter_ends_in_silence_and_what_gets_longer_is_cut():
    assert played(tone(1000), 1.25)[:, 13_500:].abs().max() < 1e-3
    assert played(tone(1000), 0.8)[:, -1000:].square().mean() > 0.3


def test_at_rate_one_it_is_the_identity():
    noise = torch.tensor(np.random.default_rng(0).normal(size=(3, 5001)), dtype=torch.float64)
    torch.testing.assert_close(stretched(noise, torch.ones(3), 5001, 512), noise, atol=1e-9, rtol=0)


def spectrum() -> torch.Tensor:
    noise = torch.tensor(np.random.default_rng(0).normal(size=(2, 3000)), dtype=torch.float64)
    return torch.stft(noise, 128, 32, window=torch.hann_window(128, dtype=torch.float64), return_complex=True)


@pytest.mark.parametrize("rate", [0.5, 0.83, 1.0001, 1.7])
def test_magnitudes_are_torchaudios_for_each_row_at_its_own_rate(rate):
    rates = torch.tensor([rate, 1.1], dtype=torch.float64)
    advance = torch.linspace(0, math.pi * 32, 65, dtype=torch.float64)[:, None]
    ours = phase_vocoder(spectrum(), rates, 2 * spectrum().shape[-1] + 5)
    for row, source, own in zip(ours, spectrum(), rates.tolist(), strict=True):
        theirs = torchaudio.functional.phase_vocoder(source, own, advance).abs()
        torch.testing.assert_close(row.abs()[:, : theirs.shape[-1]], theirs, atol=1e-9, rtol=0)
        assert (row[:, theirs.shape[-1] :] == 0).all()


def peaks_by_loop(magnitude: np.ndarray) -> list[int]:
    """Of one frame: for each bin the nearest that none of its two neighbours on either side exceeds."""
    peaks = [k for k in range(len(magnitude)) if magnitude[k] == magnitude[max(0, k - 2) : k + 3].max()]
    return [min(peaks, key=lambda peak, k=k: (abs(peak - k), peak)) for k in range(len(magnitude))]


def phases_by_loop(source: np.ndarray, rate: float, frames: int) -> np.ndarray:
    """Identity phase locking as its authors write it: peaks advance, the bins about them follow."""
    phases = [np.angle(source[:, 0])]
    for t in range(1, frames):
        last, now = int((t - 1) * rate), int(t * rate)
        advanced = phases[-1] + np.angle(source[:, last + 1]) - np.angle(source[:, last])
        peak = peaks_by_loop(np.abs(source[:, now]))
        phases.append(advanced[peak] + np.angle(source[:, now]) - np.angle(source[peak, now]))
    return np.stack(phases, 1)


@pytest.mark.parametrize("rate", [0.5, 0.83, 1.7])
def test_phases_are_locked_to_those_of_the_peaks(rate):
    source, frames = spectrum(), 50
    ours = phase_vocoder(source, torch.full((2,), rate, dtype=torch.float64), frames)
    for row, own in zip(ours.numpy(), source.numpy(), strict=True):
        theirs = np.abs(row) * np.exp(1j * phases_by_loop(own, rate, frames))
        np.testing.assert_allclose(row, theirs, atol=1e-9)


def test_each_row_has_its_own_rate_whatever_is_beside_it():
    waveform = torch.cat([tone(700), tone(1100), tone(2000)])
    rates = torch.tensor([0.7, 1.0, 1.4])
    together = stretched(waveform, rates, 9000, 1024)
    alone = torch.cat([stretched(w[None], r[None], 9000, 1024) for w, r in zip(waveform, rates, strict=True)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("length", "samples"), [(1000, 800), (1000, 1261), (997, 500), (640, 641), (501, 501)])
def test_resizing_is_scipys_resample_below_half_the_lower_rate(length, samples):
    spectrum = np.zeros(length // 2 + 1, complex)
    inside = (min(length, samples) - 1) // 2
    spectrum[: inside + 1] = np.random.default_rng(0).normal(size=inside + 1)
    signal = np.fft.irfft(spectrum, length)
    ours = resized(torch.from_numpy(signal), samples)
    np.testing.assert_allclose(ours, scipy.signal.resample(signal, samples), atol=1e-12)


def test_the_bounds_of_the_draws_are_kept():
    waveform = tone(1000).repeat(12, 1)
    spec = PitchShiftSpec(p=1.0, min_semitones=-4, max_semitones=4)
    after = pitch_shift(waveform, spec, WaveformContext(RATE, np.random.default_rng(0)))
    semitones = [12 * math.log2(peak_hz(row[None]) / 1000) for row in after]
    assert -4.05 < min(semitones) < -2
    assert 2 < max(semitones) < 4.05
