"""Speech is where Silero VAD says, and a bird's song is none. The sentence is espeak-ng's, made for this test."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainers.data.decode import decode
from trainers.data.sources.chorus.focal import render_focal
from trainers.data.sources.chorus.spec import ChorusSpec
from trainers.data.voices.detect import find_speech, stretches_of
from trainers.data.voices.network import FRAME, SAMPLE_RATE, speech_network
from trainers.data.voices.settings import SpeechSettings
from trainers.errors import SpecError

SENTENCE = Path(__file__).with_name("espeak.ogg")


@pytest.fixture(scope="module")
def sentence() -> np.ndarray:
    return decode(SENTENCE, SAMPLE_RATE)


def test_probabilities_are_those_of_the_packages_own_model_frame_by_frame(sentence: np.ndarray) -> None:
    from silero_vad import load_silero_vad

    noise = np.random.default_rng(0).normal(0, 100, 300 * FRAME + 77).astype(np.int16)  # more than one block
    noise[: len(sentence)] += sentence[: len(noise)]
    model = load_silero_vad()
    frames = np.pad(noise, (0, -len(noise) % FRAME)).reshape(-1, FRAME)
    theirs = [model(frame, SAMPLE_RATE).item() for frame in torch.from_numpy(frames).float() / 32_768]
    ours = speech_network().probabilities(noise)
    assert max(theirs) > 0.9 > 0.1 > min(theirs)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_stretches_are_those_of_the_package(sentence: np.ndarray) -> None:
    from silero_vad import get_speech_timestamps, load_silero_vad

    settings = SpeechSettings(threshold=0.6, min_silence_duration_ms=30, speech_pad_ms=10)
    audio = torch.from_numpy(sentence / 32_768).float()
    theirs = get_speech_timestamps(audio, load_silero_vad(), **settings.as_dict())
    ours = find_speech(sentence, settings)
    assert len(theirs) > 1
    assert [row["start"] / SAMPLE_RATE for row in theirs] == list(ours.start_s)
    assert [row["end"] / SAMPLE_RATE for row in theirs] == list(ours.end_s)


def test_a_sentence_is_found_where_it_is_loud(sentence: np.ndarray) -> None:
    loud = np.flatnonzero(np.abs(sentence.astype(int)) > 1500) / SAMPLE_RATE
    found = find_speech(sentence, SpeechSettings())
    assert abs(found.start_s[0] - loud[0]) < 0.25
    assert abs(found.end_s[-1] - loud[-1]) < 0.25
    assert min(found.probability) > 0.5


def test_a_song_of_chorus_and_no_sound_at_all_are_no_speech() -> None:
    song = (32_767 * render_focal(ChorusSpec(), 0).audio).astype(np.int16)
    for samples in (song, song[:0], song[:3]):
        assert find_speech(samples, SpeechSettings()).stretches == []


def test_a_stretch_has_the_mean_of_its_frames() -> None:
    probabilities = np.zeros(100, np.float32)
    probabilities[20:40] = np.linspace(0.6, 1, 20)
    found = stretches_of(probabilities, 100 * FRAME, SpeechSettings(speech_pad_ms=0))
    assert found.stretches == [(20 * FRAME / SAMPLE_RATE, 40 * FRAME / SAMPLE_RATE)]
    assert found.probability == pytest.approx([0.8])


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": float("nan")}, {"speech_pad_ms": -1}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError, match=next(iter(wrong))):
        SpeechSettings(**wrong)  # type: ignore[arg-type]
