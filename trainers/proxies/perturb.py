"""The same clips, as another recorder a moment later might have had them."""

from dataclasses import replace

import numpy as np
from scipy.fft import irfft, rfftfreq

from trainers.data.dataset import ClipSet
from trainers.proxies.spec import AugmentedSpec

FULL_SCALE = 32_768.0


def perturbed(clips: ClipSet, proxy: AugmentedSpec, rate: int) -> ClipSet:
    """Each clip louder or softer, shifted in time, with pink noise; its length and windows stay."""
    samples = tuple(_changed(clip, proxy, rate, number) for number, clip in enumerate(clips.samples))
    return replace(clips, samples=samples, embeddings=None)


def _changed(clip: np.ndarray, proxy: AugmentedSpec, rate: int, number: int) -> np.ndarray:
    rng = np.random.default_rng([proxy.seed, number])
    gain = 10 ** (rng.uniform(-proxy.gain_db, proxy.gain_db) / 20)
    most = round(proxy.shift_s * rate)
    shifted = np.roll(clip.astype(np.float32), int(rng.integers(-most, most + 1)))
    noise = _pink(len(clip), rate, rng)
    level = float(np.sqrt(np.mean(shifted**2))) * 10 ** (-proxy.noise_db / 20)
    changed = gain * (shifted + level * noise)
    return np.clip(np.rint(changed), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _pink(n: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) noise of unit RMS whose power falls as 1/f from 50 Hz on."""
    bins = n // 2 + 1
    spectrum = (rng.standard_normal(bins) + 1j * rng.standard_normal(bins)) / np.sqrt(
        np.maximum(rfftfreq(n, 1 / rate), 50.0)
    )
    noise = irfft(spectrum, n)
    return np.asarray(noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12), np.float32)
