"""Measurements of made recordings against what was put into them, and against scipy."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import welch

from trainers.data.audio_facts.levels import clipped_samples
from trainers.data.audio_facts.measure import MOST_STRETCHES, STRETCH_S, measure
from trainers.data.audio_facts.spectrum import spectrum
from trainers.errors import DataError

RATE = 44_100
NOISE = 0.1 * np.random.default_rng(0).normal(size=2 * RATE)


@pytest.fixture
def measured(tmp_path: Path):
    def write_and_measure(samples: np.ndarray, rate: int = RATE, name: str = "a.wav", **options):
        soundfile.write(tmp_path / name, samples, rate, **options)
        return measure(tmp_path / name)

    return write_and_measure


def _upsampled(hiss: float = 0.0) -> np.ndarray:
    """Noise of a recorder at 4 kHz, at 44.1 kHz, with or without hiss that was added later."""
    low = 0.1 * np.random.default_rng(1).normal(size=12_000)
    up = soxr.resample(low, 4000, RATE)
    return up + hiss * np.random.default_rng(2).normal(size=len(up))


@pytest.mark.parametrize("hiss", [0.0, 1e-3])
def test_an_upsampled_recording_is_empty_above_half_its_old_rate(measured, hiss: float) -> None:
    assert measured(_upsampled(hiss))["bandwidth_hz"] == pytest.approx(2000, abs=200)


def test_the_wall_of_a_codec_is_found(measured, tmp_path: Path) -> None:
    found = measured(NOISE, name="a.mp3")["bandwidth_hz"]
    power = np.abs(np.fft.rfft(soundfile.read(tmp_path / "a.mp3")[0])) ** 2
    share = np.cumsum(power) / power.sum()
    edge = np.fft.rfftfreq(2 * len(power) - 2, 1 / RATE)[np.searchsorted(share, 0.9999)]
    assert found == pytest.approx(edge, rel=0.08)
    assert found < 0.9 * RATE / 2


def test_noise_of_every_slope_reaches_half_the_sampling_rate(measured) -> None:
    frequencies = np.maximum(np.fft.rfftfreq(len(NOISE), 1 / RATE), 1)
    for slope in (0, 0.5, 1):
        shaped = np.fft.irfft(np.fft.rfft(NOISE) / frequencies**slope, len(NOISE))
        assert measured(0.5 * shaped / np.abs(shaped).max())["bandwidth_hz"] == RATE / 2


def test_a_loud_band_over_quiet_noise_is_no_wall(measured) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 5500 * np.arange(len(NOISE)) / RATE)
    assert measured(tone + 0.01 * NOISE)["bandwidth_hz"] == RATE / 2


def test_densities_are_those_of_scipys_welch() -> None:
    found = spectrum([NOISE], RATE)
    frequencies, density = welch(NOISE, RATE, nperseg=2048)
    inside = (frequencies > found.edges_hz[40]) & (frequencies < found.edges_hz[80])
    assert found.mean_db[40:80].mean() == pytest.approx(10 * np.log10(density[inside].mean()), abs=0.2)


def test_levels_are_those_of_the_samples(measured) -> None:
    found = measured(NOISE + 0.05, subtype="FLOAT")
    wave = (NOISE + 0.05).astype(np.float32).astype(np.float64)
    assert found["rms_db"] == pytest.approx(10 * np.log10(np.mean(wave**2)), abs=1e-4)
    assert found["peak_db"] == pytest.approx(20 * np.log10(np.abs(wave).max()), abs=1e-4)
    assert found["dc_offset"] == pytest.approx(wave.mean(), abs=1e-6)


def test_clipped_samples_are_counted_one_by_one() -> None:
    wave = np.clip(20 * NOISE[:20_000], -1, 1).astype(np.float32)
    runs, length = 0, 0
    for before, value in zip([0.0, *wave], [*wave, 0.0], strict=True):  # a plain loop over runs of one sign
        same = abs(value) >= 1 and value == before
        if not same:
            runs, length = runs + (length if length >= 3 else 0), 0
        if abs(value) >= 1:
            length += 1
    assert clipped_samples(wave[:, None]) == runs > 1000


def test_a_tone_normalised_to_full_scale_is_not_clipped(measured) -> None:
    tone = np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)
    assert measured(tone)["clipped_share"] == 0
    assert measured(np.clip(1.5 * tone, -1, 1))["clipped_share"] == pytest.approx(
        2 * np.arccos(1 / 1.5) / np.pi, abs=0.02
    )


def test_the_silent_share_is_what_was_silenced(measured) -> None:
    wave = NOISE.copy()
    wave[: len(wave) // 4] = 0
    assert measured(wave)["silent_share"] == pytest.approx(0.25, abs=0.01)


def test_silence_and_the_very_short_have_no_bandwidth(measured) -> None:
    silent, short = measured(np.zeros(RATE)), measured(NOISE[:300])
    assert silent["bandwidth_hz"] == 0
    assert silent["silent_share"] == 1
    assert silent["peak_db"] == -np.inf
    assert np.isnan(short["bandwidth_hz"])


def test_of_a_long_recording_two_minutes_are_read(measured) -> None:
    found = measured(np.tile(NOISE[:8000], 200), 8000)
    assert found["length_s"] == 200
    assert found["measured_s"] == pytest.approx(MOST_STRETCHES * STRETCH_S)


def test_samples_that_are_no_numbers_are_refused(measured) -> None:
    with pytest.raises(DataError, match="not finite"):
        measured(np.array([0.0, np.nan] * 500), subtype="FLOAT")
