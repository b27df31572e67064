"""A mistake is one message with what is wrong and the fix, its exit code, no traceback, and nothing in the results."""

import csv
import os

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from tuneful.cli.main import app
from tuneful.devices import count_gpus

RATE_HZ = 8000
SMALL = (
    "data.sample_rate=8000",
    "data.split.n_folds=2",
    "segments.duration_s=0.5",
    "front_end.n_fft=256",
    "front_end.hop_length=128",
    "training.batch_size=4",
    "training.epochs=1",
)
no_gpu = pytest.mark.skipif(count_gpus() > 0, reason="this machine has a GPU")


def refused(done, folder, *parts, code=2):
    """One message on stderr with all of `parts`, and nothing written."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stdout + done.stderr
    for part in parts:
        assert part in done.stderr
    assert not (folder / "results").is_dir()


def recordings(folder, number=8):
    """A table of half-second tones, all of them good."""
    rng = np.random.default_rng(0)
    rows = [["path", "labels"]]
    for index in range(number):
        soundfile.write(folder / f"{index}.wav", rng.uniform(-0.5, 0.5, RATE_HZ // 2), RATE_HZ)
        rows.append([f"{index}.wav", "ab"[index % 2]])
    with (folder / "birds.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "birds.csv"


# ---- as a person meets them: processes


def test_an_unknown_field_of_a_sweep_file(run_in, sweep_file, tmp_path):
    file = sweep_file(search="{los.gamma: {uniform: [0, 1]}}")
    done = run_in(tmp_path, "sweep", str(file))
    refused(done, tmp_path, f"{file}:", "los.gamma", "Did you mean loss.gamma?")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_table_without_rows(run_in, tmp_path):
    (tmp_path / "empty.csv").write_text("path,labels\n")
    done = run_in(tmp_path, "data", "add", "csv", "empty.csv", "--name", "empty")
    refused(done, tmp_path, "empty.csv: no rows below the header. Try: one row per clip")
    assert "empty" not in run_in(tmp_path, "data", "list").stdout


def test_debug_shows_where(run_in, tmp_path):
    done = run_in(tmp_path, "--debug", "sweep", "nothing.yaml")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "nothing.yaml: no such sweep file" in done.stderr


# ---- sweep files

FILES = {
    "a condition on nothing": (
        {"search": "{optimizer.lr: {uniform: [0.1, 1], when: {los.name: bce}}}"},
        ["los.name is no field", "Did you mean loss.name?"],
    ),
    "a key twice": ({"trials": "4\ntrials: 5"}, ["tiny.yaml:17: found duplicate key", "Try: keep one"]),
    "an unknown recipe": ({"recipe": "chrous"}, ["recipe", "'chrous'", "Known: "]),
    "an unknown catalogue": ({"set": "{data.name: tunes}"}, ["'tunes'", "Did you mean tones?", "Try: "]),
    "a searched catalogue": ({"search": "{data.name: {choice: [tones, chorus]}}"}, ["data.name can't be searched"]),
    "a name that leaves the folder": ({"name": "../up"}, ["'../up' is no name of a sweep", "Try: name: up"]),
    "a secret": ({"set": "{wandb_api_key: hunter2}"}, ["looks like a secret"]),
    "more workers than CPUs": (
        {"resources": f"{{workers: {2 * (os.cpu_count() or 1)}}}"},
        ["CPUs, there are", f"Try: resources: {{workers: {os.cpu_count()}}}, or --workers {os.cpu_count()}"],
    ),
    "a worker of more CPUs than there are": (
        {"resources": "{cpus_per_worker: 4096}"},
        ["needs 4096 CPUs", f"Try: resources: {{workers: 1, cpus_per_worker: {os.cpu_count()}}}, or --workers 1 "],
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_a_sweep_file_that_cannot_run(platform, sweep_file, tmp_path, what):
    changes, parts = FILES[what]
    done = platform("sweep", str(sweep_file(**changes)), "--no-dashboard")
    refused(done, tmp_path, *parts)
    assert "hunter2" not in done.stderr


@no_gpu
def test_a_gpu_for_each_worker_where_there_is_none(platform, sweep_file, tmp_path):
    done = platform("sweep", str(sweep_file(resources="{gpus_per_worker: 1}")))
    refused(done, tmp_path, "needs 1 GPUs, there are 0. Try: resources: {gpus_per_worker: 0}, or --gpus-per-worker 0")


# ---- the command line

LINES = {
    "a missing file": (["sweep", "nothing.yaml"], ["nothing.yaml: no such sweep file", "Known: ", "loss", "Try: "]),
    "a sweep file that is a folder": (["sweep", "."], [".: no such sweep file"]),
    "a bad --set": (["sweep", "loss", "--set", "optimizer.lr"], ["'optimizer.lr' sets nothing", "path=value"]),
    "an unknown --set": (["sweep", "loss", "--set", "optimiser.lr=1"], ["Did you mean optimizer.lr?"]),
    "no trials": (["sweep", "loss", "--trials", "0"], ["command line", "trials must be >= 1", "Try: --trials 20"]),
    "a sweep's name that leaves the folder": (["sweep", "loss", "--name", "../up"], ["'../up'", "Try: --name up"]),
    "an unknown --data": (["sweep", "loss", "--data", "tunes"], ["'tunes'", "Did you mean tones?"]),
    "an unknown --data of a dry run": (["sweep", "loss", "--dry-run", "--data", "tunes"], ["'tunes'"]),
    "an unknown recipe": (["train", "chrous"], ["'chrous'", "Known: "]),
    "a recipe that is no file": (["train", "chrous.yaml"], ["chrous.yaml"]),
    "a bad override": (
        ["train", "chorus", "training.epochs=0"],
        ["training.epochs must be >= 1, got 0 (command line)"],
    ),
    "an unknown device": (["train", "chorus", "--device", "tpu"], ["auto, cpu, cuda", "'tpu'"]),
    "a run's name that leaves the folder": (["train", "chorus", "--name", "../up"], ["--name: '../up'"]),
    "half precision on a CPU": (
        ["train", "chorus", "data.name=tones", *SMALL, "training.precision=fp16", "--device", "cpu"],
        ["training.precision=fp16 needs a GPU. Try: "],
    ),
    "results of nothing": (["results", "lost"], ["no sweep is called 'lost'", "There are none in results"]),
    "a report of nothing": (["report", "lost"], ["no sweep is called 'lost'"]),
    "the status of nothing": (["status", "lost"], ["no sweep is called 'lost'"]),
    "the status of what is outside": (["status", "../.."], ["no sweep is called '../..'"]),
    "an unknown source": (["data", "add", "xeno", "--name", "x"], ["no source is called 'xeno'", "Known: "]),
    "a check of nothing": (["check", "lost"], ["lost: no such sweep file"]),
    "a check on an unknown catalogue": (["check", "chorus", "--data", "tunes"], ["'tunes'", "Did you mean tones?"]),
}


USAGE = {
    "--trials abc": "'--trials': must be a whole number, got 'abc'. Try: --trials 8",
    "--trials 9.5": "'--trials': must be a whole number, got '9.5'. Try: --trials 9",
    "--max-hours 1:30": "'--max-hours': must be a number, got '1:30'. Try: --max-hours 1.5",
    "--max-hours soon": "'--max-hours': must be a number, got 'soon'. Try: --max-hours 1.5",
    "--workers 0": "'--workers': must be >= 1, got '0'. Try: --workers 1",
}


@pytest.mark.parametrize("option", USAGE)
def test_a_value_that_is_no_number_is_refused_with_one_that_is(option):
    shown = CliRunner().invoke(app, ["sweep", "no-such-file", *option.split()])
    assert shown.exit_code == 2
    assert f"Invalid value for {USAGE[option]}" in shown.stderr
    assert "parse string" not in shown.stderr


@pytest.mark.parametrize("what", LINES)
def test_a_command_line_that_cannot_run(platform, tmp_path, what):
    args, parts = LINES[what]
    refused(platform(*args), tmp_path, *parts)


@no_gpu
def test_a_gpu_that_is_not_there_is_refused_before_anything_is_read(platform, tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    refused(platform("train", "chorus", "--device", "cuda"), tmp_path, "no GPU here. Try: --device cpu")


def test_the_near_name_of_a_sweep_is_named(platform, tmp_path):
    folder = tmp_path / "results" / "sweeps" / "losses"
    folder.mkdir(parents=True)
    (folder / "sweep.yaml").write_text("{objective: {metric: val/map, mode: max, epoch: last}}\n")
    done = platform("results", "loses")
    assert done.returncode == 2
    assert "Did you mean losses?" in done.stderr
    done = platform("results", "losses", "--sort", "val/mop")
    assert done.returncode == 2
    assert "--sort: 'val/mop' is no column" in done.stderr


# ---- recordings


@pytest.fixture
def birds(platform, tmp_path, monkeypatch):
    """A table of good recordings, not added yet, in a home of its own."""
    monkeypatch.setenv("TUNEFUL_HOME", str(tmp_path / "own-home"))
    return recordings(tmp_path)


def test_a_recording_that_is_cut_short_is_named_with_its_line(platform, birds, tmp_path):
    cut = tmp_path / "3.wav"
    cut.write_bytes(cut.read_bytes()[:2000])
    done = platform("data", "add", "csv", str(birds), "--name", "birds")
    refused(done, tmp_path, "birds.csv:5: ", "3.wav: cut short", "1 recording is refused", "--skip-refused")


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_recording_that_went_bad_after_it_was_added(platform, birds, sweep_file, tmp_path, command):
    """Found when the samples are prepared, before anything is written to the results."""
    assert platform("data", "add", "csv", str(birds), "--name", "birds").returncode == 0
    (tmp_path / "3.wav").write_bytes(b"RIFF of nothing")
    if command == "train":
        done = platform("train", "chorus", "data.name=birds", *SMALL)
    else:
        small = ("--set", "training.batch_size=2")
        done = platform("sweep", str(sweep_file()), "--data", "birds", *small, "--no-dashboard")
    refused(done, tmp_path, "1 recording is refused", "3.wav: ", "Try: ")


def test_too_few_recordings_for_the_folds(platform, birds, tmp_path):
    assert platform("data", "add", "csv", str(birds), "--name", "birds").returncode == 0
    settings = ("data.name=birds", *SMALL[:1], *SMALL[2:], "data.split.n_folds=9")
    refused(platform("train", "chorus", *settings), tmp_path, "data.split.n_folds is 9", "Try: fewer folds")


# ---- results that can't be written


@pytest.mark.parametrize("command", ["train", "sweep", "report"])
def test_a_file_in_the_results_place(platform, sweep_file, tmp_path, command):
    (tmp_path / "results").write_text("mine")
    if command == "report":
        refused(platform("report", "x"), tmp_path, "no sweep is called 'x'")
        return
    args = ["train", "chorus", "data.name=tones", *SMALL] if command == "train" else ["sweep", str(sweep_file())]
    done = platform(*args)
    refused(done, tmp_path, "results/sweeps/", "can't be written", "Try: another --results", code=3)
    assert (tmp_path / "results").read_text() == "mine"


def test_a_home_that_cannot_be_written(platform, birds, tmp_path):
    (tmp_path / "own-home").write_text("a file")
    done = platform("data", "add", "csv", str(birds), "--name", "birds")
    refused(done, tmp_path, "own-home", "--debug", code=3)
