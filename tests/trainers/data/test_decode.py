"""Decoding: libsndfile's samples, soxr's resampling, and a reason for everything that is refused."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from trainers.data import decode as module
from trainers.data.decode import decode, decoded, probe
from trainers.errors import DataError

FORMATS = ["wav", "flac", "ogg", "mp3", "aiff"]
RARE_FORMATS = ["WAVEX", "RF64", "W64", "AU", "CAF"]  # WAVEX: what many recorders write as .wav


def expected(path: Path, rate: int) -> np.ndarray:
    audio, own = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    if own != rate:
        mono = soxr.resample(mono, own, rate, quality="HQ")
    return np.clip(np.rint(mono * 32768), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("rate", [8000, 5000, 16000])
def test_samples_are_soundfiles_through_soxr_bit_for_bit(audio, rate, channels):
    path = audio("a.flac", channels=channels)
    np.testing.assert_array_equal(decode(path, rate), expected(path, rate))


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_of_libsndfile_is_read(audio, extension):
    path = audio(f"a.{extension}", seconds=2, rate=16000)
    # soundfile.read seeks to 0 before it reads, which changes the last bit of libmpg123's floats
    np.testing.assert_allclose(decode(path, 16000), expected(path, 16000), rtol=0, atol=extension == "mp3")
    assert probe(path).sample_rate == 16000
    assert probe(path).duration_s == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("values", [1000, 4608])
def test_blocks_change_no_sample(audio, monkeypatch, extension, values):
    """In MP3 they would if each was sought, as soundfile does: by up to a quarter of full scale, 300 samples long."""
    path = audio(f"a.{extension}", seconds=8, rate=16000, channels=2)
    whole = {rate: decode(path, rate) for rate in (16000, 11025)}
    monkeypatch.setattr(module, "BLOCK_VALUES", values)
    for rate, samples in whole.items():
        np.testing.assert_array_equal(decode(path, rate), samples)


def test_a_block_at_a_time_is_in_memory(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 48000, 2) as file:
        for _ in range(8):
            file.write(np.zeros((480_000, 2), np.int16))
    tracemalloc.start()
    samples = sum(len(block) for block in decoded(tmp_path / "a.flac", 32000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples == 80 * 32000  # of 31 MB as float32
    assert peak < 10 * 2**20


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("seconds", [0.05, 3])
def test_an_ogg_file_cut_anywhere_is_refused(tmp_path, subtype, seconds):
    """libsndfile reads one cut within its last page as a shorter one."""
    whole, cut = tmp_path / "a.ogg", tmp_path / "cut.ogg"
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, round(seconds * 16000))
    soundfile.write(whole, samples, 16000, format="OGG", subtype=subtype)
    content = whole.read_bytes()
    probe(whole)
    last = content.rindex(b"OggS")
    places = {1, 4, 5, 26, 27, 28, 30, *range(32, len(content) - last, 997), len(content) - last - 1}
    for end in [*range(1000, last, 4999), last - 1, last, *(last + place for place in sorted(places))]:
        cut.write_bytes(content[:end])
        with pytest.raises(DataError, match=r"cut\.ogg: (cut short|not readable)"):
            probe(cut)


@pytest.mark.parametrize("rest", [b"TAG" + bytes(125), bytes(70_000), b"OggS"[:3]])
def test_bytes_after_the_last_page_of_an_ogg_file_do_no_harm(audio, rest):
    path = audio("a.ogg")
    path.write_bytes(path.read_bytes() + rest)
    assert probe(path).duration_s == pytest.approx(1)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_int16_samples_are_the_files_own(tmp_path, subtype):
    samples = np.random.default_rng(0).integers(-32768, 32768, 500, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", samples / 32768, 8000, subtype=subtype)
    np.testing.assert_array_equal(decode(tmp_path / "a.wav", 8000), samples)


def test_values_beyond_full_scale_are_clipped(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([3.0, -3.0, 0.5]), 8000, subtype="FLOAT")
    np.testing.assert_array_equal(decode(tmp_path / "a.wav", 8000), [32767, -32768, 16384])


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([[0.5, -0.25]] * 9), 8000, subtype="FLOAT")
    np.testing.assert_array_equal(decode(tmp_path / "a.wav", 8000), [4096] * 9)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("extension", FORMATS)
def test_a_file_cut_short_is_refused(audio, extension, share):
    path = audio(f"a.{extension}", seconds=4, rate=16000)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=rf"a\.{extension}: "):
        decode(path, 16000)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", RARE_FORMATS)
def test_the_formats_of_recorders_are_read_whole_and_refused_cut(audio, name, share):
    path = audio("a.bin", rate=16000, format=name)
    np.testing.assert_array_equal(decode(path, 16000), expected(path, 16000))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"a\.bin: "):
        decode(path, 16000)


def test_bytes_after_the_end_and_a_size_that_is_too_small_do_no_harm(audio):
    path = audio("a.wav")
    samples, content = decode(path, 8000), path.read_bytes()
    path.write_bytes(content + b"tagtag")
    np.testing.assert_array_equal(decode(path, 8000), samples)
    path.write_bytes(content[:4] + bytes(4) + content[8:])
    np.testing.assert_array_equal(decode(path, 8000), samples)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_finite_numbers_are_refused(tmp_path, value):
    samples = np.zeros((100, 2), np.float32)
    samples[50, 1] = value
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    with pytest.raises(DataError, match="not finite numbers"):
        decode(tmp_path / "a.wav", 8000)


def test_a_wrong_extension_does_not_matter(audio):
    path = audio("a.flac")
    wrong = path.rename(path.with_suffix(".wav"))
    np.testing.assert_array_equal(decode(wrong, 8000), expected(wrong, 8000))


def test_a_rate_that_no_recorder_has_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 2**31 - 1)
    with pytest.raises(DataError, match="implausible header: 1 channels at 2147483647 Hz"):
        probe(tmp_path / "a.wav")


def test_a_recording_of_seven_hours_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.flac", np.zeros(7 * 3600 * 100, np.int16), 100)
    monkeypatch.setattr(soundfile.SoundFile, "read", None)
    with pytest.raises(DataError, match="25200 s long, more than 21600 s"):
        decode(tmp_path / "a.flac", 8000)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.write_text("text " * 99)])
def test_what_is_no_audio_is_refused(tmp_path, make: Callable[[Path], None]):
    make(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"a\.wav: not"):
        decode(tmp_path / "a.wav", 8000)


def test_unicode_and_spaces_in_names_are_fine(audio):
    assert len(decode(audio("Zaunkönig – 鳥 (1).flac"), 8000)) == 8000
