"""Every recording is listened to once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainers.data.catalogue import Catalogue, load_catalogue
from trainers.data.voices import search
from trainers.data.voices.marks import marks_path, read_marks
from trainers.data.voices.search import search_voices
from trainers.data.voices.settings import SpeechSettings
from trainers.errors import DataError

SETTINGS = SpeechSettings()


def test_each_recording_is_heard_once_at_16_khz_and_remembered(birds: Catalogue, detector: list[int]) -> None:
    first = search_voices(birds, SETTINGS)
    assert detector == [8 * 16_000] * 3
    assert (first.looked_at, first.audio_s) == (3, 24.0)
    assert {one.stretches[0] for one in first.speech.values()} == {(0.0, 1.0)}
    again = search_voices(load_catalogue("birds"), SETTINGS)
    assert len(detector) == 3
    assert (again.looked_at, again.speech) == (0, first.speech)


def test_other_settings_or_another_detector_listen_again(
    birds: Catalogue, detector: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    search_voices(birds, SETTINGS)
    search_voices(birds, SpeechSettings(threshold=0.7))
    assert len(detector) == 6
    monkeypatch.setattr("trainers.data.voices.marks.model_version", lambda: "silero-vad 99")
    search_voices(birds, SpeechSettings(threshold=0.7))
    assert len(detector) == 9


def test_a_search_that_is_stopped_goes_on_where_it_was(
    birds: Catalogue, detector: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BATCH", 1)
    monkeypatch.setattr(search, "as_completed", iter)

    def stop_after_two(what: str, done: int, total: int) -> None:
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search_voices(birds, SETTINGS, stop_after_two)
    assert len(read_marks(marks_path("birds"), SETTINGS)) == 2
    assert search_voices(birds, SETTINGS).looked_at == 1


def test_a_recording_that_cant_be_decoded_is_named_and_the_others_are_kept(
    birds: Catalogue, detector: list[int], folder: Path
) -> None:
    good = (folder / "song.wav").read_bytes()
    (folder / "song.wav").write_bytes(b"no audio")
    with pytest.raises(DataError, match=r"song\.wav"):
        search_voices(birds, SETTINGS)
    assert len(read_marks(marks_path("birds"), SETTINGS)) == 2
    (folder / "song.wav").write_bytes(good)
    assert search_voices(birds, SETTINGS).looked_at == 1


def test_torn_marks_are_said(birds: Catalogue, detector: list[int]) -> None:
    search_voices(birds, SETTINGS)
    content = marks_path("birds").read_bytes()
    marks_path("birds").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"voices\.parquet: can't be read"):
        search_voices(birds, SETTINGS)


def test_the_real_detector_works_in_a_process_of_its_own(tmp_path: Path) -> None:
    """As a worker is called; the pool itself is the library's."""
    sentence = Path(__file__).with_name("espeak.ogg")
    soundfile.write(tmp_path / "quiet.flac", np.zeros(16_000), 16_000)
    files = [("a", sentence), ("b", tmp_path / "quiet.flac"), ("c", tmp_path / "none.wav")]
    tried, found, refused = search.search_batch(files, SETTINGS)
    assert (tried, len(refused)) == (3, 1)
    assert found["a"][0].stretches and not found["b"][0].stretches
    assert found["b"][1] == 1.0
