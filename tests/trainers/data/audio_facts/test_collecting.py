"""Measurements of a catalogue: kept by content, sampled, interrupted, gone on with; example pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.eda import DataView
from trainers.data.audio_facts import collect
from trainers.data.audio_facts.collect import audio_facts
from trainers.data.audio_facts.examples import clip_pictures, example_clips
from trainers.data.audio_facts.kept import keep, kept
from trainers.data.catalogue import Catalogue, load_catalogue, save_catalogue
from trainers.data.prepare import with_content

N = 5


@pytest.fixture
def catalogue(home, audio, decode_here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Catalogue:
    """Five recordings, measured in this process, one after the other."""
    monkeypatch.setattr(collect.os, "cpu_count", lambda: 1)
    names = [audio(f"{i}.wav", 0.1 * (i + 1), 22_050).name for i in range(N)]
    columns = {"clip_id": names, "recording_id": names, "path": names, "start_s": 0.0}
    told = {"duration_s": [0.1 * (i + 1) for i in range(N)], "labels": [["a"], ["a"], ["b"], None, None]}
    clips = with_content(pd.DataFrame({**columns, **told, "subset": [None] * 4 + ["test"]}), tmp_path / "root")
    save_catalogue("noises", "csv", tmp_path / "root", clips)
    return load_catalogue("noises")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are measured."""
    names: list[str] = []
    measure = collect.measure
    monkeypatch.setattr(collect, "measure", lambda path: names.append(path.name) or measure(path))
    return names


def test_what_was_measured_is_never_measured_again(catalogue, counted: list[str]) -> None:
    first, second = audio_facts(catalogue), audio_facts(catalogue)
    assert sorted(counted) == [f"{i}.wav" for i in range(N)]
    lengths = dict(zip(catalogue.clips["content"], catalogue.clips["duration_s"], strict=True))
    for table in (first, second):
        found = dict(zip(table["content"], table["length_s"], strict=True))
        assert found == pytest.approx(lengths, abs=1e-3)
        assert table["reason"].isna().all()
        assert table["floor_db"].between(-60, -40).all()  # noise of 0.29 full scale over 11 kHz: -51 dB per Hz


def test_what_cannot_be_read_has_a_reason_and_is_tried_again(catalogue, counted: list[str]) -> None:
    (catalogue.folder / "2.wav").write_bytes(b"no sound")
    for _ in range(2):
        table = audio_facts(catalogue).set_index("content")
        bad = table[table["reason"].notna()]
        assert len(table) == N
        assert ["2.wav" in reason for reason in bad["reason"]] == [True]
        assert np.isnan(bad["length_s"]).all()
    assert counted.count("2.wav") == 2


def test_a_larger_sample_holds_the_smaller(catalogue) -> None:
    samples = [set(audio_facts(catalogue, sample)["content"]) for sample in (0, 2, 4, 99)]
    assert [len(each) for each in samples] == [0, 2, 4, N]
    assert samples[1] < samples[2] < samples[3]


def test_after_ctrl_c_what_was_finished_is_kept_and_the_rest_measured(catalogue, counted: list[str]) -> None:
    def stop_at_the_third(what: str, done: int, in_all: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audio_facts(catalogue, report=stop_at_the_third)
    assert len(kept()) == 3
    before = set(kept()["content"])
    counted.clear()
    table = audio_facts(catalogue)
    measured_again = set(catalogue.clips.set_index("path").loc[counted, "content"])
    assert measured_again.isdisjoint(before)
    assert len(table) == N


def test_a_damaged_file_of_measurements_is_not_read(home) -> None:
    row = {"sample_rate": 8000, "channels": 1, "format": "WAV"}
    for content in "abb":
        keep([{"content": content, **row}])
    keep([])
    files = sorted((home / "audio_facts").rglob("*.parquet"))
    assert len(files) == 3
    assert sorted(kept()["content"]) == ["a", "b"]
    for path in files:
        path.write_bytes(path.read_bytes()[:-20])
    assert kept().empty


def test_pictures_stand_for_each_class_and_subset_and_what_cannot_be_read_is_left_out(catalogue) -> None:
    (catalogue.folder / "0.wav").write_bytes(b"no sound")
    view = DataView("noises", "csv", "0", catalogue.clips)
    pictures, max_hz = example_clips(catalogue, view)
    assert [(each.label, each.subset, each.clip_id) for each in pictures] == [
        ("a", "train", "1.wav"),
        ("b", "train", "2.wav"),
        ("", "test", "4.wav"),
        ("", "train", "3.wav"),
    ]
    assert max_hz == 11_025
    assert [each.seconds for each in pictures] == pytest.approx([0.2, 0.3, 0.5, 0.4], abs=1e-3)
    for path in catalogue.folder.iterdir():
        path.write_bytes(b"no sound")
    assert example_clips(catalogue, view)[0] == ()


def test_given_clips_are_drawn_in_their_order_from_where_they_start(catalogue) -> None:
    (catalogue.folder / "1.wav").write_bytes(b"no sound")
    clips = catalogue.clips.set_index("clip_id").loc[["3.wav", "1.wav", "2.wav"]].reset_index()
    whole, max_hz = clip_pictures(catalogue.folder, clips)
    assert [each.clip_id for each in whole] == ["3.wav", "2.wav"]
    assert max_hz == 11_025
    late, _ = clip_pictures(catalogue.folder, clips.assign(start_s=0.1, duration_s=0.1))
    assert [each.seconds for each in late] == pytest.approx([0.1, 0.1], abs=1e-3)
    assert whole[0].image != late[0].image
