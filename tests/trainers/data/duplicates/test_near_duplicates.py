"""Copies of one sound are found whatever was done to them; other takes, noise and silence are not."""

import io

import numpy as np
import pytest
import soundfile
import soxr

from trainers.data.duplicates.candidates import FEWEST, STOP_WORD, candidates
from trainers.data.duplicates.find import ALIKE
from trainers.data.duplicates.landmarks import HOP, MOST, RATE_HZ, Landmarks, landmarks
from trainers.data.duplicates.verify import SHORTEST_S, agreement


def noise(seed, seconds=6.0, level=0.01):
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return (level * samples).astype(np.float32)


def song(take, species=0, seconds=6.0):
    """Whistles of a species in a little noise: another take has the same song at other moments, in other phases."""
    kind, rng, out = np.random.default_rng(species), np.random.default_rng(1000 + take), noise(2000 + take, seconds)
    notes = [(kind.uniform(1500, 5000), kind.uniform(-3000, 3000), kind.uniform(0.1, 0.4)) for _ in range(4)]
    begin = rng.uniform(0, 0.3)
    while begin < seconds - 0.6:
        for start_hz, glide, length in notes:
            t = np.arange(round(length * RATE_HZ)) / RATE_HZ
            whistle = 0.2 * np.hanning(len(t)) * np.sin(rng.uniform(0, 7) + 2 * np.pi * (start_hz + glide / 2 * t) * t)
            first = round(begin * RATE_HZ)
            part = out[first : first + len(t)]
            part += whistle[: len(part)].astype(np.float32)
            begin += length + rng.uniform(0.03, 0.1)
    return out


def held_note(seed, hz=440.0):
    """A tone with overtones that fades: little happens in it after its start."""
    rng, t = np.random.default_rng(seed), np.arange(6 * RATE_HZ) / RATE_HZ
    tones = [
        np.sin(2 * np.pi * k * hz * (1 + rng.normal(0, 1e-3)) * t + rng.uniform(0, 7)) * rng.uniform(0.2, 1) / k
        for k in range(1, 12)
    ]
    return (0.2 * sum(tones) * np.exp(-t / 2)).astype(np.float32) + noise(seed, level=3e-4)


def encoded(samples, form, subtype, rate=RATE_HZ):
    file = io.BytesIO()
    other_rate = samples if rate == RATE_HZ else soxr.resample(samples, RATE_HZ, rate)
    soundfile.write(file, other_rate, rate, format=form, subtype=subtype, compression_level=0.9)
    file.seek(0)
    read, _ = soundfile.read(file, dtype="float32")
    return read if rate == RATE_HZ else soxr.resample(read, rate, RATE_HZ)


def part(samples, begin, end):
    return samples[round(begin * len(samples)) : round(end * len(samples))]


def copies(*sounds):
    """The pairs that are found and confirmed."""
    found = candidates([landmarks(sound) for sound in sounds])
    return {
        (int(a), int(b))
        for a, b, offset in zip(found.first, found.second, found.offset, strict=True)
        if agreement(sounds[a], sounds[b], int(offset)) >= ALIKE
    }


CHANGES = {
    "ogg of low quality": lambda x: encoded(x, "OGG", "VORBIS"),
    "mp3 of low quality": lambda x: encoded(x, "MP3", "MPEG_LAYER_III"),
    "another sample rate": lambda x: encoded(x, "OGG", "VORBIS", 22_050),
    "start and end cut off": lambda x: part(x, 0.06, 0.96),
    "silence before it": lambda x: np.concatenate([np.zeros(7_777, np.float32), x]),
    "6 dB louder and clipped": lambda x: np.clip(2 * x / np.abs(x).max(), -1, 1),
    "6 dB softer and upside down": lambda x: -x / 2,
    "some noise": lambda x: x + noise(77, len(x) / RATE_HZ, 0.003),
    "its last half": lambda x: part(x, 0.5, 1.0),
    "another cut that shares half": lambda x: np.concatenate([part(x, 0.5, 1.0), song(8, 8, 3.0)]),
    "an equaliser": lambda x: np.convolve(x, [0.25, 0.5, 0.25], "same").astype(np.float32),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_among_other_takes(change):
    sounds = [song(1), song(2), song(3, species=1)]
    assert copies(*sounds, CHANGES[change](sounds[0])) == {(0, 3)}


@pytest.mark.parametrize(
    "change", ["ogg of low quality", "start and end cut off", "its last half", "silence before it"]
)
def test_a_held_note_is_told_from_another_take_of_it(change):
    sounds = [held_note(1), held_note(2), held_note(3, hz=880.0)]
    assert copies(*sounds, CHANGES[change](sounds[0])) == {(0, 3)}


def test_songs_of_one_species_are_no_copies():
    assert copies(*(song(take) for take in range(12))) == set()


def test_noise_silence_and_a_steady_hum_match_nothing():
    t = np.arange(6 * RATE_HZ) / RATE_HZ
    hum = np.sin(2 * np.pi * 50 * t).astype(np.float32)
    silence = np.zeros(6 * RATE_HZ, np.float32)
    assert copies(noise(1), noise(2), noise(3), silence, silence, hum, 0.5 * hum) == set()
    assert landmarks(silence).found == 0
    assert landmarks(silence[:10]).found == 0


def test_the_offset_is_where_the_shared_sound_lies():
    whole = song(4)
    found = candidates([landmarks(part(whole, 0.25, 1.0)), landmarks(whole)])
    assert found.offset.tolist() == pytest.approx([0.25 * len(whole) / HOP], abs=1)


def test_the_agreement_is_that_of_the_aligned_waveforms():
    one, other = song(5), song(6)
    assert agreement(one, -one, 0) == pytest.approx(1)
    assert agreement(one, one[100:], 0) == pytest.approx(1, abs=1e-3)
    assert abs(agreement(one, other, 0)) < 0.2
    short = one[: round(SHORTEST_S * RATE_HZ) - 1]
    assert agreement(short, short, 0) == 0


def test_what_a_long_recording_keeps_still_finds_a_cut_of_it():
    minutes = np.concatenate([song(take, species=take) for take in range(20)])
    whole, short = landmarks(minutes), landmarks(minutes[60 * RATE_HZ : 70 * RATE_HZ])
    assert whole.found > 3 * MOST
    assert len(whole.keys) == MOST
    found = candidates([whole, short])
    assert found.offset.tolist() == pytest.approx([-60 * RATE_HZ / HOP], abs=1)


def marks(keys, frames):
    return Landmarks(np.array(keys, np.uint32), np.array(frames, np.uint32), len(keys), 6.0)


def test_votes_are_the_common_landmarks_at_one_offset():
    """Against a loop over all landmarks of all pairs."""
    rng = np.random.default_rng(0)
    recordings = [marks(rng.integers(0, 50, 90), rng.integers(0, 40, 90)) for _ in range(6)]
    found = candidates(recordings)
    assert len(found.first) > 5
    for first, second, votes in zip(found.first, found.second, found.votes, strict=True):
        one, other = recordings[first], recordings[second]
        offsets = [
            int(b) - int(a)
            for key, a in zip(one.keys, one.frames, strict=True)
            for also, b in zip(other.keys, other.frames, strict=True)
            if key == also
        ]
        assert votes == max(offsets.count(offset) + offsets.count(offset + 1) for offset in offsets)
        assert votes >= FEWEST


def test_a_landmark_that_very_many_have_says_nothing():
    frames = np.arange(10)
    few = candidates([marks(frames, frames)] * 3)
    assert len(few.first) == 3
    many = candidates([marks(frames, frames)] * (STOP_WORD + 1))
    assert len(many.first) == 0
