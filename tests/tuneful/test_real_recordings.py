"""A small part of what the README claims for real recordings: syllables by two speakers (Debian's gcin-voice)."""

import csv
import importlib.util
import os
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
SYLLABLES = 240
SWEEP = """
name: gcin
recipe: chorus
set:
  data: {name: gcin, split: {n_folds: 2}}
  segments.duration_s: 0.5
  front_end: {n_fft: 512, hop_length: 128}
  training: {epochs: 5, batch_size: 16}
search:
  loss.name: {choice: [bce, ce]}
scheduler: {name: fifo}
trials: 2
confirm: {top: 1, splits: [stratified, stratified_group], repeats: 1}
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """The package's folder; downloaded once a session, or found in $TUNEFUL_GCIN_VOICE."""
    spec = importlib.util.spec_from_file_location("gcin_voice", ROOT / "benchmarks" / "gcin_voice.py")
    gcin_voice = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gcin_voice)
    folder = Path(os.environ.get("TUNEFUL_GCIN_VOICE") or tmp_path_factory.mktemp("gcin-voice"))
    try:
        gcin_voice.fetch(folder)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"gcin-voice is not to be had here: {error}")
    return folder


def test_the_package_has_42_tags_and_two_speakers(recordings):
    table = pd.read_csv(recordings / "gcin.csv")
    assert len(table) == 2358
    assert table["labels"].str.split(";").explode().nunique() == 42
    assert table["author"].nunique() == 2


@pytest.mark.long
def test_a_sweep_over_losses_shows_both_kinds_of_folds(recordings, run_in, tmp_path):
    rows = list(csv.reader((recordings / "gcin.csv").open(encoding="utf-8")))
    table = recordings / "part.csv"  # whole syllables, so that both speakers say each
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([rows[0], *rows[-SYLLABLES:]])
    (tmp_path / "gcin.yaml").write_text(SWEEP)
    added = run_in(tmp_path, "data", "add", "csv", str(table), "--name", "gcin")
    assert added.returncode == 0, added.stderr
    done = run_in(tmp_path, "sweep", "gcin.yaml", "--no-dashboard")
    assert done.returncode == 0, done.stdout + done.stderr
    epochs = pd.read_parquet(tmp_path / "results" / "runs" / "gcin" / "epochs.parquet")
    last = epochs[(epochs["stage"] == "confirm") & (epochs["epoch"] == 5)].set_index("split")["val/macro_auc"]
    assert last["stratified"] > last["stratified_group"]
    page = (tmp_path / "results" / "reports" / "gcin.html").read_text()
    assert "stratified_group" in page
