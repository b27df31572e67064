"""A run that really trained: predicted from its checkpoint, judged, and exported to a machine without tuneful."""

import json
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.errors import UserError
from analysis.records.submissions import read_submissions
from analysis.records.sweep import sweep_folder
from trainers.data.catalogue import load_catalogue
from tuneful.cli.main import main
from tuneful.finished import finished_runs
from tuneful.leaderboard import submit

SMALL = (
    "data.name=half",
    "data.sample_rate=8000",
    "data.split.n_folds=2",
    "data.predict=[test]",
    "segments.duration_s=0.25",
    "front_end.n_fft=256",
    "front_end.hop_length=128",
    "front_end.n_mels=32",
    "training.batch_size=8",
    "training.epochs=1",
)
WITHOUT = """
import runpy, sys
for name in ("pandas", "pyarrow", "ray", "optuna", "transformers", "sklearn", "ruamel", "typer", "rich", "tuneful"):
    sys.modules[name] = None
folder, sys.argv = sys.argv[1], sys.argv[1:]
sys.argv[0] = folder + "/inference.py"
runpy.run_path(sys.argv[0], run_name="__main__")
own = [module for name, module in sys.modules.items() if name.split(".")[0] in ("trainers", "analysis")]
assert own and all(module.__file__.startswith(folder) for module in own)
"""
"""Runs a bundle with its own sources only, as if nothing else of ours were installed."""


@pytest.fixture(scope="module")
def trained(tones_csv, tmp_path_factory):
    """The folder of a trained run, `results` in it; the catalogue `half` has a judged test of every second tone."""
    folder = tmp_path_factory.mktemp("trained")
    tones = shutil.copytree(tones_csv.parent, folder / "tones")
    table = pd.read_csv(tones_csv, keep_default_na=False)
    table["subset"] = ["test" if (number // 4) % 2 else "train" for number in range(len(table))]
    table.to_csv(folder / "half.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEFUL_HOME", str(folder / "home"))
        run(patch, "data", "add", "csv", str(folder / "half.csv"), "--root", str(tones), "--name", "half")
        hide(tones)
        results = ("--results", str(folder / "results"))
        run(patch, "train", "chorus", *SMALL, "--name", "one", "--device", "cpu", *results)
    return folder


def run(patch, *args):
    patch.setattr(sys, "argv", ["platform", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def hide(tones):
    """Give the judge the labels of the first window of each test recording."""
    test = load_catalogue("half").subset("test")
    names = [[path.partition("-")[0]] for path in test["path"]]  # the catalogue has no labels of a test
    labels = {"clip_id": test["clip_id"], "start_s": 0.0, "labels": names}
    (tones / "judge").mkdir()
    parts = np.where(np.arange(len(test)) % 2, "public", "private")
    pd.DataFrame(labels).assign(part=parts).to_parquet(tones / "judge" / "labels.parquet")


@pytest.fixture
def at_home(platform, trained, monkeypatch):
    """`platform ARGS` with the trained run's results and home."""
    monkeypatch.setenv("TUNEFUL_HOME", str(trained / "home"))
    monkeypatch.setenv("TUNEFUL_RESULTS", str(trained / "results"))
    return platform


def stored(trained, subset):
    (one,) = finished_runs(sweep_folder(trained / "results", "one"))
    parts, classes = one.predictions()
    return next(part for part in parts if part.subset == subset), classes


def test_a_validation_recording_is_predicted_as_it_was_in_validation(at_home, trained, tmp_path):
    val, classes = stored(trained, "val")
    clip = val.clip_ids[0]
    path = dict(zip(*load_catalogue("half").clips[["clip_id", "path"]].to_numpy().T, strict=True))[clip]
    out = tmp_path / "out.csv"
    done = at_home("predict", "one", str(trained / "tones" / path), "--out", str(out), "--device", "cpu")
    assert done.returncode == 0, done.stderr
    found, own = pd.read_csv(out), np.array(val.clip_ids) == clip
    np.testing.assert_allclose(found["start_s"], val.start_s[own], atol=1e-6)
    np.testing.assert_allclose(found[list(classes)], expit(val.logits[own]), atol=2e-3)  # stored as float16


def test_a_bundle_predicts_the_same_without_anything_of_ours_installed(at_home, trained, tmp_path):
    audio, here, there = str(trained / "tones"), tmp_path / "here.csv", tmp_path / "there.csv"
    assert at_home("predict", "one", audio, "--out", str(here), "--device", "cpu").returncode == 0
    bundle = tmp_path / "bundle"
    done = at_home("export", "one", "--to", str(bundle))
    assert done.returncode == 0, done.stderr
    arguments = [str(bundle), audio, "--out", str(there), "--format", "csv", "--device", "cpu"]
    command, one_thread = [sys.executable, "-I", "-c", WITHOUT, *arguments], {"OMP_NUM_THREADS": "1"}
    process = subprocess.run(command, capture_output=True, text=True, env=one_thread)
    assert process.returncode == 0, process.stderr
    ours, theirs = pd.read_csv(here), pd.read_csv(there)
    assert list(ours["path"]) == list(theirs["path"]) and len(ours) > 64
    np.testing.assert_allclose(ours.iloc[:, 1:], theirs.iloc[:, 1:], atol=1e-5)
    key = finished_runs(sweep_folder(trained / "results", "one"))[0].key
    assert json.loads((bundle / "bundle.json").read_text())["description"] == f"tuneful {key}@1"
    assert f"tuneful {key}@1" in done.stdout
    refused = at_home("export", "one", "--to", str(bundle))
    assert refused.returncode == 2 and "is there already" in refused.stderr


def test_a_damaged_bundle_says_so(at_home, tmp_path, monkeypatch):
    at_home("export", "one", "--to", "bundle")
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = runpy.run_path("bundle/inference.py", run_name="bundle")
    script["check_sums"]()
    (weights,) = (tmp_path / "bundle").rglob("model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(UserError, match=r"model.safetensors: damaged or missing. Try: copy the bundle again"):
        script["check_sums"]()


def test_a_checkpoint_is_judged_as_the_stored_predictions_are(at_home, trained, monkeypatch):
    assert at_home("leaderboard", "submit", "one").returncode == 0
    monkeypatch.setattr(submit, "_stored", lambda _: None)
    done = at_home("leaderboard", "submit", "one", "--again", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    from_file, from_weights = read_submissions(trained / "results")
    assert from_weights.public == pytest.approx(from_file.public, abs=0.01)
    assert from_weights.private == pytest.approx(from_file.private, abs=0.01)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["one"], "want at least a run and a recording"),
        (["one", "gone.wav"], "gone.wav: no such recording"),
        (["one", "gone.wav", "--format", "kaggle"], "--format must be one of csv, birdclef"),
        (["one", "gone.wav", "--sample", "s.csv"], "--sample gives rows of --format birdclef"),
        (["one@1", "two", "gone.wav"], "no sweep is called 'two'"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(at_home, tmp_path, args, message):
    done = at_home("predict", *args, "--out", "out.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not list(tmp_path.iterdir())
