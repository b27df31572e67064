"""`platform data show --html`: the page as a file, and options that don't go together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from trainers.data.audio_facts import collect
from trainers.data.catalogue import save_catalogue
from trainers.data.prepare import with_content
from trainers.data.sandbox import Sandbox


@pytest.fixture
def noises(platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clips, measured in this process."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    monkeypatch.setattr(Sandbox, "call", lambda _, function, *args: function(*args))
    (tmp_path / "audio").mkdir()
    for name in ("a", "b"):
        soundfile.write(
            tmp_path / "audio" / f"{name}.wav", np.random.default_rng(ord(name)).normal(size=8000) / 9, 8000
        )
    names = {"clip_id": ["a", "b"], "recording_id": ["a", "b"], "path": ["a.wav", "b.wav"]}
    clips = pd.DataFrame(names | {"start_s": 0.0, "duration_s": 1.0, "labels": [["wren"], ["owl"]]})
    save_catalogue("noises", "csv", tmp_path / "audio", with_content(clips, tmp_path / "audio"))


def test_the_page_is_written_where_it_is_said(noises, platform, tmp_path):
    done = platform("data", "show", "noises", "--html", "--sample", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["Measured 1 of 2 recordings.", "Page: results/data/noises.html"]
    page = (tmp_path / "results/data/noises.html").read_text(encoding="utf-8")
    assert "a sample of 1 of 2 recordings" in page
    assert '<div class="examples">' in page


def test_with_a_sample_of_none_no_recording_is_opened(noises, platform, tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "measure", None)
    for path in (tmp_path / "audio").iterdir():
        path.unlink()
    done = platform("data", "show", "noises", "--html", "--sample", "0", "p.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "no recording was measured" in page
    assert '<div class="examples">' not in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--html", "--json"], ["--json and --html", "Try: one of them"]),
        (["p.html"], ["FILE and --sample go with --html", "Try: platform data show NAME --html"]),
        (["--sample", "3"], ["FILE and --sample go with --html"]),
        (["--html", "audio"], ["audio: a folder", "Try: audio/data.html"]),
        (["--html", "--sample", "-1"], ["--sample"]),
        (["--html", "audio/a.wav/p.html"], ["audio/a.wav/p.html: can't be written", "Try: another FILE"]),
    ],
)
def test_a_mistake_is_said_in_a_line_and_nothing_is_written(noises, platform, tmp_path, options, words):
    before = sorted(tmp_path.rglob("*.html"))
    done = platform("data", "show", "noises", *options)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert "measuring" not in done.stdout + done.stderr
    assert sorted(tmp_path.rglob("*.html")) == before == []
