"""Scenes: held-out clips at the level that was asked for, in the target's background."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, welch

from trainers.proxies.scenes import Source, render, render_at
from trainers.proxies.sound import equalized, equalizer, heard_from, level
from trainers.proxies.spec import AugmentedSpec, RerenderSpec, RobustnessSpec

RATE = 8000
RNG = np.random.default_rng(2)


def noise(seconds: float, amplitude: float) -> np.ndarray:
    return np.rint(RNG.normal(0, amplitude, round(seconds * RATE)) * 32768).clip(-32768, 32767).astype(np.int16)


def source(calls: int = 6) -> Source:
    """Calls of three classes, loud, and a quiet background; scenes of a second."""
    targets = np.eye(3)[np.arange(calls) % 3]
    clips = tuple(noise(1.5, 0.1) for _ in range(calls))
    return Source(clips, targets, tuple(noise(3, 0.001) for _ in range(4)), RATE, RATE)


def test_scenes_are_the_same_for_the_same_seed_and_others_for_another():
    own = source()
    first, again = render(RerenderSpec(scenes=10), own), render(RerenderSpec(scenes=10), own)
    assert all(np.array_equal(a, b) for a, b in zip(first.samples, again.samples, strict=True))
    other = render(RerenderSpec(scenes=10, seed=1), own)
    assert not any(np.array_equal(a, b) for a, b in zip(first.samples, other.samples, strict=True))


def test_some_scenes_are_empty_and_the_others_have_up_to_so_many_classes():
    scenes = render(RerenderSpec(scenes=200, empty_share=0.4, max_sources=2), source())
    counts = scenes.targets.sum(1)
    assert 0.3 < (counts == 0).mean() < 0.5
    assert set(counts) == {0, 1, 2}
    loud = np.array([level(samples / 32768, RATE, 1.0) for samples in scenes.samples])
    assert loud[counts == 0].max() < loud[counts > 0].min()


def test_a_level_is_a_factor_on_the_same_call_in_the_same_background():
    levels = {snr: render_at(RobustnessSpec(scenes=10, far=False), snr, source_of_ten) for snr in (0.0, 10.0, 20.0)}
    for quiet, middle, loud in zip(*(scenes.samples for scenes in levels.values()), strict=True):
        quiet, middle, loud = (samples.astype(float) for samples in (quiet, middle, loud))
        ratio = np.sqrt(np.sum((loud - middle) ** 2) / np.sum((middle - quiet) ** 2))
        assert ratio == pytest.approx(10**0.5, rel=0.02)


def test_the_call_is_as_far_above_the_background_as_asked():
    """White noise of at most 1.5 s in white noise of 2 s: the loudest frames are the call, the quietest have none."""
    longer = replace(source_of_ten, samples=2 * RATE)
    for samples in render_at(RobustnessSpec(scenes=12, far=False), 20.0, longer).samples:
        frames = np.sort((samples.astype(float).reshape(-1, 160) ** 2).mean(1))
        assert 10 * np.log10(frames[-10:].mean() / frames[:10].mean()) == pytest.approx(20, abs=2.5)


def test_far_away_the_treble_is_gone():
    click = np.zeros(RATE, np.float32)
    click[100] = 1

    def treble(distance: float) -> float:
        f, power = welch(heard_from(click, RATE, distance, np.random.default_rng(0)), RATE, nperseg=512)
        return 10 * np.log10(power[f > 3000].sum() / power[f < 500].sum())

    near, far = treble(0.0), treble(1.0)
    assert far < near - 4


def test_air_alone_takes_what_the_formula_says():
    """The gain between two distances at one frequency, with the same echoes drawn."""
    t = np.arange(RATE) / RATE
    for frequency in (1000.0, 3000.0):
        tone = np.sin(2 * np.pi * frequency * t).astype(np.float32)
        direct = np.abs(heard_from(tone[:60], RATE, 1.0, np.random.default_rng(0))).max()  # before the echoes build up
        assert 20 * np.log10(direct) < -18 * (frequency / 8000) ** 1.3 + 6


def test_the_equalizer_gives_a_clip_the_spectrum_of_the_target():
    white = [RNG.normal(0, 0.1, RATE).astype(np.float32) for _ in range(8)]
    muffled = [sosfilt(butter(1, 1000, fs=RATE, output="sos"), sound).astype(np.float32) for sound in white]
    changed = equalized(white[0], equalizer(white, muffled, RATE), RATE)

    def shape(sound: np.ndarray) -> np.ndarray:
        f, power = welch(sound, RATE, nperseg=256)
        inside = (f > 150) & (f < 3500)
        decibels = 10 * np.log10(power[inside])
        return decibels - decibels.mean()

    assert np.abs(shape(changed) - shape(muffled[0])).mean() < 1.5
    assert np.abs(shape(white[0]) - shape(muffled[0])).mean() > 3


def test_silence_in_a_background_or_call_gives_no_infinite_level():
    silent = Source((np.zeros(RATE, np.int16),), np.ones((1, 1)), (np.zeros(RATE, np.int16),), RATE, RATE)
    scenes = render(RerenderSpec(scenes=10, equalize=True), silent)
    assert all((np.abs(samples) < 100).all() for samples in scenes.samples)


@pytest.mark.parametrize("wrong", [{"snr_db": (5.0, 1.0)}, {"label": "Val"}, {"label": "test"}, {"scenes": 1}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RerenderSpec(**wrong)


def test_a_level_named_twice_is_refused():
    with pytest.raises(ValueError, match="each level once"):
        RobustnessSpec(snr_db=(1.0, 1.0))


def test_changes_of_an_augmented_copy_are_bounded():
    from trainers.proxies.perturb import _changed

    clip = noise(1, 0.05)
    proxy = AugmentedSpec(gain_db=3, noise_db=60, shift_s=0)
    changed = (_changed(clip, proxy, RATE, number).astype(float) for number in range(30))
    ratios = [np.std(samples) / np.std(clip.astype(float)) for samples in changed]
    assert max(ratios) < 10 ** (3.1 / 20)
    assert min(ratios) > 10 ** (-3.1 / 20)
    assert max(ratios) - min(ratios) > 0.2


source_of_ten = source(10)
