"""Zero-phase Butterworth filters equal scipy's, at the rate the signal has."""

import numpy as np
import pytest
import scipy.signal
import torch

from trainers.errors import SpecError
from trainers.front_end.filters import Butterworth
from trainers.front_end.spec import MelSpec
from trainers.front_end.waveform import WaveformFrontEnd


def by_scipy(x: np.ndarray, design: Butterworth) -> np.ndarray:
    sections = scipy.signal.butter(design.order, design.cutoff_hz, design.kind, fs=design.sample_rate, output="sos")
    return scipy.signal.sosfiltfilt(sections, x)


@pytest.mark.parametrize("kind", ["highpass", "lowpass"])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize(
    ("cutoff_hz", "rate"), [(50, 44_100), (2000, 8000), (4000, 16_000), (7900, 16_000), (0.5, 8000), (4000, 44_100)]
)
def test_it_is_scipys_sosfiltfilt(kind, order, cutoff_hz, rate):
    design = Butterworth(kind, cutoff_hz, order, rate)
    for samples in (3 * (order + 1) + 1, 501, 9973):  # the shortest that scipy takes; a prime: awkward for FFTs
        x = np.random.default_rng(samples).normal(size=(2, samples)) + 1  # an offset: the padding and start states show
        np.testing.assert_allclose(design(torch.from_numpy(x)), by_scipy(x, design), atol=1e-7, rtol=0)


def test_float32_comes_back_as_float32_within_its_precision():
    x = np.random.default_rng(0).uniform(-1, 1, (3, 4000)).astype(np.float32)
    ours = Butterworth("lowpass", 1000, 4, 8000)(torch.from_numpy(x))
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours, by_scipy(x.astype(np.float64), Butterworth("lowpass", 1000, 4, 8000)), atol=1e-6)


def test_nothing_is_delayed():
    click = torch.zeros(1, 2001, dtype=torch.float64)
    click[0, 1000] = 1
    for kind in ("highpass", "lowpass"):
        response = Butterworth(kind, 500, 4, 8000)(click)[0]
        assert response.abs().argmax() == 1000
        torch.testing.assert_close(response, response.flip(0), atol=1e-9, rtol=0)


def tone(hz: float, rate: int) -> torch.Tensor:
    return torch.sin(2 * np.pi * hz * torch.arange(rate, dtype=torch.float64) / rate)[None]


def level_db(x: torch.Tensor) -> float:
    middle = x[..., x.shape[-1] // 4 : -x.shape[-1] // 4]
    return 20 * float(middle.square().mean().sqrt().log10())


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_the_cutoff_is_where_it_says_at_the_true_rate(rate):
    """ICBHI's released filter was designed for 16 kHz and run on recordings of other rates (FACTS 3.3)."""
    lost = level_db(Butterworth("lowpass", 2000, 4, rate)(tone(2000, rate))) - level_db(tone(2000, rate))
    assert lost == pytest.approx(-6.02, abs=0.05)
    wrong = level_db(Butterworth("lowpass", 2000, 4, 16_000)(tone(2000, rate))) - level_db(tone(2000, rate))
    assert abs(wrong + 6.02) > 1


def test_the_front_end_designs_its_filters_at_its_sample_rate():
    spec = MelSpec(highpass_hz=100, lowpass_hz=3000, filter_order=3, n_fft=256, hop_length=100)
    high, low = WaveformFrontEnd(spec, 22_050).filters
    assert (high, low) == (Butterworth("highpass", 100, 3, 22_050), Butterworth("lowpass", 3000, 3, 22_050))


def test_too_short_a_segment_is_refused_with_the_lengths():
    with pytest.raises(SpecError, match=r"lowpass_hz with filter_order 4 needs .* more than 15 samples, got 15"):
        Butterworth("lowpass", 1000, 4, 8000)(torch.zeros(1, 15))


def test_a_cutoff_beyond_half_the_rate_is_refused():
    with pytest.raises(SpecError, match=r"front_end.highpass_hz must be below .* \(4000 Hz\), got 4000 Hz"):
        Butterworth("highpass", 4000, 4, 8000)
