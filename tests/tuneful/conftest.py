"""The command as a process, on a small catalogue of tones."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tuneful.cli.main import main

Platform = Callable[..., subprocess.CompletedProcess[str]]

Process = subprocess.Popen[str]

PLATFORM = str(Path(sys.executable).parent / "platform")
TINY = """
version: 1
name: tiny
recipe: chorus
set:
  data: {name: tones, sample_rate: 8000, split: {n_folds: 2}}
  segments.duration_s: 0.5
  front_end: {n_fft: 256, hop_length: 128, n_mels: 32, f_min: 50.0}
  training: {epochs: 3, batch_size: 8}
search:
  loss.name: {choice: [bce, ce, focal, focal_bce]}
  loss.gamma: {uniform: [0.5, 4.0], when: {loss.name: [focal, focal_bce]}}
  targets.mode: {choice: [soft, hard]}
  optimizer.lr: {loguniform: [1.0e-3, 2.0e-2]}
search_algorithm: {name: optuna, sampler: tpe, seed: 1}
scheduler: {name: asha, grace_period: 1, reduction_factor: 2}
trials: 6
"""
STARTED: list[tuple[Process, Path]] = []
"""Processes that a test has started, with their folders."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, tones_csv: Path) -> Path:
    """A TUNEFUL_HOME that knows the catalogue `tones`."""
    folder = tmp_path_factory.mktemp("home")
    done = run_platform(folder, folder, "data", "add", "csv", str(tones_csv), "--name", "tones")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def run_in(home: Path) -> Platform:
    """Runs `platform ARGS` in a folder, where its results go to `results`."""
    return lambda folder, *args: run_platform(home, folder, *args)


@pytest.fixture(scope="session")
def start_in(home: Path) -> Callable[..., Process]:
    """Starts `platform ARGS` in a folder, to be interrupted; it doesn't outlive the test."""

    def start(folder: Path, *args: str) -> Process:
        log = (folder / "log").open("w")
        process = subprocess.Popen(
            [PLATFORM, *args], cwd=folder, env=environment(home), stdout=log, stderr=log, text=True
        )
        STARTED.append((process, folder))
        return process

    return start


@pytest.fixture(autouse=True)
def nothing_goes_on() -> Iterator[None]:
    """Ends what a test left running: the next one would share the machine with it, and its Ray."""
    yield
    while STARTED:
        process, folder = STARTED.pop()
        process.kill()
        process.wait()
        for left in processes_in(folder):
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()


@pytest.fixture(scope="session")
def wait_for() -> Callable[[Callable[[], Any], Process], Any]:
    """`wait_for(condition, process)`: what the condition gives once it is met.

    Waits as long as the process lives: pytest's own limit ends a test that hangs, on a busy machine nothing else does.
    """

    def wait(condition: Callable[[], Any], process: Process) -> Any:
        while not (found := condition()):
            assert process.poll() is None, f"it ended too early, with {process.returncode}"
            time.sleep(0.05)
        return found

    return wait


@pytest.fixture(scope="session")
def running_in() -> Callable[[Path], set[str]]:
    """`running_in(folder)`: names of the processes that work in a folder, with all of a sweep's Ray."""
    return lambda folder: {process.info["name"] for process in processes_in(folder)}


@pytest.fixture(scope="session")
def sweep_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes the tiny sweep with lines added or replaced (`trials="4"`), as a file of its own."""

    def write(**changes: str) -> Path:
        blocks = re.split(r"\n(?=\S)", TINY.strip())
        kept = [block for block in blocks if block.split(":")[0] not in changes]
        path = tmp_path_factory.mktemp("sweep") / "tiny.yaml"
        path.write_text("\n".join([*kept, *(f"{key}: {value}" for key, value in changes.items())]) + "\n")
        return path

    return write


@pytest.fixture
def platform(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Platform:
    """Runs `platform ARGS` in this process, a hundred times quicker, in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNEFUL_HOME", str(home))

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["platform", *args])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(args, int(ended.value.code or 0), said.out, said.err)

    return run


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working folder is `folder`, with their names."""
    return [p for p in psutil.process_iter(["cwd", "name"]) if p.info["cwd"] == str(folder.resolve())]


def environment(home: Path) -> dict[str, str]:
    """Of a process that knows the catalogues in `home`."""
    own = {name: value for name, value in os.environ.items() if name != "TUNEFUL_RESULTS"}
    return {**own, "TUNEFUL_HOME": str(home), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


def run_platform(home: Path, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`platform ARGS` as a process in `folder`."""
    return subprocess.run(
        [PLATFORM, *args], cwd=folder, env=environment(home), capture_output=True, text=True, timeout=580, check=False
    )
