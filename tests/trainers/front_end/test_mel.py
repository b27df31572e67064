"""The mel front end: torchaudio's on each sample alone, whatever else is in the batch."""

import numpy as np
import pytest
import torch
from torchaudio.transforms import AmplitudeToDB, MelSpectrogram

from trainers.front_end.mel import EPS, MelFrontEnd, normalize
from trainers.front_end.spec import MelSpec

RATE = 8_000
SPECS = [
    MelSpec(n_fft=256, hop_length=100, n_mels=20, normalization="none"),
    MelSpec(n_fft=256, win_length=200, hop_length=100, n_mels=20, top_db=30.0, normalization="none"),
    MelSpec(n_fft=256, hop_length=100, n_mels=20, power=1, top_db=None, mel_scale="slaney", norm="slaney",
            f_min=0, f_max=3500, normalized=True, amin=1e-5, normalization="none"),
]  # fmt: skip


def waveforms() -> torch.Tensor:
    """Samples of very different loudness, silence among them: a floor taken from the batch would show."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(6, 2000)) * np.array([1e-4, 1e-2, 0.3, 1, 0.05, 0])[:, None]
    noise[3] += np.sin(np.arange(2000))
    return torch.tensor(noise, dtype=torch.float32)


def reference(waveform: torch.Tensor, spec: MelSpec) -> torch.Tensor:
    mel = MelSpectrogram(
        RATE, n_fft=spec.n_fft, win_length=spec.win_length, hop_length=spec.hop_length, f_min=spec.f_min,
        f_max=spec.f_max, n_mels=spec.n_mels, power=float(spec.power), normalized=spec.normalized, norm=spec.norm,
        mel_scale=spec.mel_scale,
    )  # fmt: skip
    to_db = AmplitudeToDB("power" if spec.power == 2 else "magnitude", spec.top_db)
    to_db.amin = spec.amin
    return to_db(mel(waveform))


@pytest.mark.parametrize("spec", SPECS)
def test_each_sample_is_torchaudios_spectrogram_of_it_alone(spec):
    batch = waveforms()
    ours = MelFrontEnd(spec, RATE)(batch)
    for row, waveform in zip(ours, batch, strict=True):
        torch.testing.assert_close(row[0], reference(waveform, spec), atol=1e-4, rtol=0)


def test_the_floor_is_below_each_samples_own_maximum():
    ours = MelFrontEnd(SPECS[1], RATE)(waveforms())
    span = ours.amax((1, 2, 3)) - ours.amin((1, 2, 3))
    assert span.max() <= 30 + 1e-4
    assert ours[0].max() < ours[3].min()  # the quiet sample isn't lifted to the loud one's floor


def by_numpy(x: np.ndarray, how: str) -> np.ndarray:
    x = x.astype(np.float64)
    if how in ("standard", "standard_minmax"):
        x = (x - x.mean()) / (x.std(ddof=1) + EPS)
    if how in ("minmax", "standard_minmax"):
        x = (x - x.min()) / (x.max() - x.min() + EPS)
    return x


@pytest.mark.parametrize("how", ["none", "standard", "minmax", "standard_minmax"])
def test_normalisations_are_numpys_on_each_sample(how):
    batch = MelFrontEnd(SPECS[0], RATE)(waveforms())
    ours = normalize(batch, how)
    for row, spectrogram in zip(ours, batch, strict=True):
        np.testing.assert_allclose(row[0], by_numpy(spectrogram[0].numpy(), how), atol=2e-4)


@pytest.mark.parametrize("how", ["standard", "minmax", "standard_minmax"])
def test_silence_is_no_division_by_zero(how):
    spec = SPECS[0].model_copy(update={"normalization": how})
    assert torch.isfinite(MelFrontEnd(spec, RATE)(torch.zeros(2, 2000))).all()


@pytest.mark.parametrize("how", ["none", "standard", "minmax", "standard_minmax"])
def test_a_sample_does_not_depend_on_its_batch(how):
    front_end = MelFrontEnd(SPECS[1].model_copy(update={"normalization": how}), RATE)
    batch = waveforms()
    for i in range(len(batch)):
        torch.testing.assert_close(front_end(batch)[i], front_end(batch[i : i + 1])[0], atol=1e-4, rtol=0)


def test_it_stays_float32_under_autocast():
    front_end = MelFrontEnd(SPECS[0], RATE)
    with torch.autocast("cpu", torch.bfloat16):
        half = front_end(waveforms())
    assert half.dtype == torch.float32
    assert torch.equal(half, front_end(waveforms()))


def test_the_shape_is_batch_one_mels_frames():
    assert MelFrontEnd(SPECS[0], RATE)(waveforms()).shape == (6, 1, 20, 21)
