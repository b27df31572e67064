"""A catalogue of four short recordings whose labels were predicted by a made-up run, and a sitting about them."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from analysis.records.predictions import Predictions, write_predictions
from analysis.records.sweep import SEARCH, TrialPlan, sweep_folder
from trainers.config.build import Layer, build_spec, load_recipe
from trainers.data.catalogue import Catalogue, catalogue_folder, save_catalogue
from tuneful.finished import FinishedRun
from tuneful.review.ranking import rank_clips
from tuneful.review.server import ReviewServer
from tuneful.review.session import ReviewSession

SCRIPT = "<script>document.title='owned'</script>"
CLASSES = tuple(sorted(["owl", "wren", SCRIPT]))
RATE = 8000


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "home"))


@pytest.fixture
def birds(own_home: None, tmp_path: Path) -> Catalogue:
    """Clips a to d, of a second each; the labels of b are wrong."""
    for number, name in enumerate("abcd"):
        tone = 0.1 * np.sin(2 * np.pi * 500 * (number + 1) * np.arange(2 * RATE) / RATE)
        soundfile.write(tmp_path / f"{name}.wav", tone, RATE)
    clips = pd.DataFrame(
        {
            "clip_id": list("abcd"),
            "path": [f"{name}.wav" for name in "abcd"],
            "recording_id": list("abcd"),
            "start_s": 0.5,
            "duration_s": 1.0,
            "labels": [["wren"], ["wren"], ["owl"], [SCRIPT]],
            "secondary_labels": [[]] * 4,
            "author": ["Kim", None, None, None],
            "content": [name * 64 for name in "abcd"],
        }
    )
    return save_catalogue("birds", "csv", tmp_path, clips)


MakeRun = Callable[..., FinishedRun]


@pytest.fixture
def make_run(birds: Catalogue, tmp_path: Path) -> MakeRun:
    """Makes finished runs that held out clips, one window for each id of `clip_ids`, with these logits."""

    def make(logits: Any, clip_ids: str = "abcd", digest: str = birds.digest, **settings: Any) -> FinishedRun:
        base = {"data.name": "birds", "data.sample_rate": RATE, "segments.duration_s": 0.5}
        spec = build_spec(load_recipe("chorus"), [Layer(base), Layer(settings)])
        key = spec.key(digest, 1, "fp32")
        checkpoint = tmp_path / key
        checkpoint.mkdir(exist_ok=True)
        starts = np.arange(len(clip_ids)) * 0.5
        part = Predictions("val", tuple(clip_ids), starts, np.array(logits, np.float32))
        write_predictions(checkpoint / "predictions.parquet", [part], CLASSES)
        trial = TrialPlan(SEARCH, 0, {}, {}, ())
        return FinishedRun(sweep_folder(tmp_path, "sweep"), trial, key, spec, checkpoint)

    return make


LOGITS = {"wren": (-4, -4, 4), "owl": (-4, 4, -4), SCRIPT: (4, -4, -4)}
"""Of classes in the order of `CLASSES`."""


@pytest.fixture
def run(make_run: MakeRun) -> FinishedRun:
    """A run that is right about every clip: b is an owl."""
    return make_run([LOGITS["wren"], LOGITS["owl"], LOGITS["owl"], LOGITS[SCRIPT]])


@pytest.fixture
def session(run: FinishedRun) -> ReviewSession:
    return ReviewSession(rank_clips("birds", [run], 200), catalogue_folder("birds") / "review.jsonl")


@pytest.fixture
def server(session: ReviewSession) -> Iterator[ReviewServer]:
    with ReviewServer(session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
